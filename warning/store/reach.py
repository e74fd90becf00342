"""Reach: the plan of a draft from the ledgers, what really happened to an alert, and how much a place has been told lately."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import shapely
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from geo.zone import ZoneSet
from warning.capxml import read
from warning.dispatch.audience import Reach, concerned, reach
from warning.dispatch.breaker import Circuit
from warning.dispatch.compose import compose
from warning.dispatch.kind import Kinds, kind_of
from warning.dispatch.plan import MOMENTS_S, Draft, Load, ReachPlan, Way, plan
from warning.dispatch.routekeeper import RouteView
from warning.errors import Invalid, NotFound
from warning.issue.work import NewAlert
from warning.store.database import Database
from warning.store.dispatch import DispatchStore
from warning.store.rates import RateStore
from warning.store.residents import NoResidentIndex, ResidentIndex
from warning.store.routes import RouteStore

log = structlog.get_logger()

NOISE_HOURS = 12
_PATIENCE_S = 3.0
_LANGUAGES = ("zh-CN", "en-US")


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One channel of an alert as it came: ``reached[i]`` people within ``MOMENTS_S[i]`` of the signature, real time."""

    channel: str
    people: int
    reached: tuple[int, ...]
    delivered: int
    failed: int
    owed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What was planned at the signature (None: nothing was) beside what happened."""

    identifier: str
    planned: Mapping[str, object] | None
    happened: tuple[Happened, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How many alerts of one issuer have concerned the place in the last hours."""

    issuer: str
    alerts: int


class ReachStore:
    """Reads only; the plan is written by whoever stores the approval."""

    def __init__(
        self, database: Database, ledger: DispatchStore, *, residents: ResidentIndex, rates: RateStore, zones: ZoneSet, kinds: Kinds,
    ) -> None:
        self._db = database
        self._ledger = ledger
        self._residents = residents
        self._rates = rates
        self._zones = zones
        self._kinds = kinds

    async def plan(self, draft: Draft, *, now: datetime) -> ReachPlan:
        """Who would be reached by when if this were signed now."""
        where = reach(draft.zones, self._zones, None if draft.polygon is None else shapely.geometry.shape(dict(draft.polygon)))
        people = await self._people(draft, where, now)
        waiting = await self._waiting(draft)
        loads = [
            Load(channel=channel, kind=kind_of(channel, self._kinds), people=count, waiting=waiting.get(channel, 0),
                 parts=_parts(draft, kind_of(channel, self._kinds)))
            for channel, count in sorted(people.items())
        ]
        return plan(loads, await self._rates.rates(), ways=ways(await RouteStore(self._db).views()), deadline_s=max((draft.expires - now).total_seconds(), 0.0))

    async def planned(self, alert: NewAlert) -> str:
        """The plan (JSON) to be kept with a signature; empty when it cannot be made in time, for a signature never waits for it."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                found = await self.plan(draft_of(alert), now=alert.sent)
        except (TimeoutError, SQLAlchemyError, NoResidentIndex, OSError, ValueError) as error:
            log.warning("an alert is signed without a reach plan", alert=alert.identifier, error=type(error).__name__)
            return ""
        return json.dumps({"moments_s": list(MOMENTS_S), **asdict(found)}, ensure_ascii=False)

    async def _people(self, draft: Draft, where: Reach, now: datetime) -> dict[str, int]:
        """By channel, as the dispatch desk will find them."""
        if draft.ends is not None:
            async with self._db.begin() as connection:
                rows = (await connection.execute(text(_TOLD), {"event": draft.ends})).all()
            return {row.channel: int(row.people) for row in rows}
        _, asked = concerned(await self._ledger.offices(draft.lane), where, hazard=draft.hazard, level=draft.level, now=now)
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(_ASKED), {"ids": asked})).all()
        found = {row.channel: int(row.people) for row in rows}
        for channel, count in (await self._dwelling(draft, where)).items():
            found[channel] = found.get(channel, 0) + count
        return found

    async def _dwelling(self, draft: Draft, where: Reach) -> dict[str, int]:
        """Residents: by the index when somebody drew the area (who has two places in it counts twice), by their district otherwise."""
        cells = None
        if draft.polygon is not None:
            try:
                found = await self._residents.wishes(await self._residents.inside(where.ground))
            except NoResidentIndex:
                cells = await self._ledger.cells_inside(where.ground)
            else:
                counted: dict[str, int] = {}
                for wish, count in found:
                    if wish.lane == draft.lane and wish.min_level <= draft.level and (not wish.hazards or draft.hazard in wish.hazards):
                        counted[wish.channel] = counted.get(wish.channel, 0) + count
                return counted
        async with self._db.begin() as connection:
            rows = await connection.execute(text(_DWELLING), {
                "lane": draft.lane, "level": int(draft.level), "hazard": draft.hazard, "codes": sorted(where.codes), "cells": cells})
            return {row.channel: int(row.people) for row in rows}

    async def _waiting(self, draft: Draft) -> dict[str, int]:
        """Parts that are owed at this level or above, by channel; what waits is taken to be as long as this draft."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(_WAITING), {"level": int(draft.level)})).all()
        return {row.channel: int(row.waiting) * _parts(draft, kind_of(row.channel, self._kinds)) for row in rows}

    async def compared(self, identifier: str) -> Compared:
        """Raises NotFound."""
        async with self._db.begin() as connection:
            known = (await connection.execute(text(
                "SELECT a.identifier, r.plan FROM alert a LEFT JOIN reach_plan r ON r.identifier = a.identifier WHERE a.identifier = :i"),
                {"i": identifier})).one_or_none()
            if known is None:
                raise NotFound(f"no alert {identifier}; GET /api/alerts lists what there is")
            rows = (await connection.execute(text(_HAPPENED), {"i": identifier, "moments": list(MOMENTS_S)})).all()
        return Compared(identifier=identifier, planned=known.plan, happened=tuple(
            Happened(channel=row.channel, people=int(row.people), reached=tuple(int(n) for n in row.reached), delivered=int(row.delivered),
                     failed=int(row.failed), owed=int(row.owed))
            for row in rows))

    async def noise(self, zones: Sequence[str], *, lane: str, now: datetime) -> list[Noise]:
        """Who has told these zones how often in the last twelve hours; ends and updates count, for a telephone rings for them too."""
        codes = sorted(reach(zones, self._zones).codes | {self._zones[code].parent for code in zones if self._zones[code].parent})
        async with self._db.begin() as connection:
            rows = await connection.execute(text(_NOISE), {
                "codes": codes, "since": now - timedelta(hours=NOISE_HOURS), "now": now, "actual": lane == "actual"})
            return [Noise(issuer=row.issuer, alerts=row.alerts) for row in rows]


def ways(views: Sequence[RouteView]) -> dict[str, list[Way]]:
    """What living workers say of their routes, together: one worker that may use a route is enough."""
    found: dict[str, dict[str, list[RouteView]]] = {}
    for view in views:
        found.setdefault(view.channel, {}).setdefault(view.state.route, []).append(view)
    return {
        channel: [
            Way(route=route, usable=any(not one.state.skipped and one.state.circuit is not Circuit.OPEN for one in seen),
                standby=all(one.state.weight == 0 for one in seen),
                limit_per_s=None if any(one.state.rate_per_s is None for one in seen) else sum(one.state.rate_per_s or 0.0 for one in seen))
            for route, seen in routes.items()]
        for channel, routes in found.items()}


def draft_of(alert: NewAlert) -> Draft:
    """An alert, not yet signed, as far as its reach hangs on it."""
    return Draft(
        hazard=alert.hazard, level=alert.level, lane="actual" if alert.status == "Actual" else "exercise", zones=alert.zones,
        polygon=alert.polygon, expires=alert.expires, cap_xml=alert.cap_xml, ends=alert.event_id if alert.msg_type == "Cancel" else None)


def _parts(draft: Draft, kind: str) -> int:
    """Parts of one message of this draft: the longer of the two languages."""
    if kind != "sms":
        return 1
    alert = read(draft.cap_xml.encode()).alert
    try:
        return max(compose(alert, channel="sms", language=language).segments for language in _LANGUAGES)
    except Invalid:
        return 1


_TOLD = """
SELECT channel, sum(people)::bigint AS people FROM (
  SELECT channel, count(DISTINCT subscription_id) AS people FROM delivery
  WHERE event_id = :event AND role <> 'end' AND state IN ('accepted', 'delivered', 'unknown', 'claimed', 'queued') GROUP BY channel
  UNION ALL
  SELECT channel, sum(tally[1] + tally[2] + tally[3] + tally[4] + tally[9]) FROM (
    SELECT DISTINCT ON (root) channel, role, tally FROM crowd WHERE event_id = :event ORDER BY root, version DESC, id DESC) newest
  WHERE role <> 'end' GROUP BY channel) told
GROUP BY channel HAVING sum(people) > 0
"""
_ASKED = "SELECT channel, count(*) AS people FROM subscription WHERE id = ANY(CAST(:ids AS bigint[])) GROUP BY channel"
_DWELLING = """
SELECT channel, count(*) FILTER (WHERE person IS NULL) + count(DISTINCT person) AS people FROM subscription
WHERE kind = 'resident' AND active AND NOT standby AND lane = :lane AND min_level <= :level AND (hazards = '{}' OR :hazard = ANY(hazards))
  AND CASE WHEN CAST(:cells AS text[]) IS NULL THEN district = ANY(CAST(:codes AS text[])) ELSE cell = ANY(CAST(:cells AS text[])) END
GROUP BY channel
"""
_WAITING = """
SELECT channel, sum(waiting)::bigint AS waiting FROM (
  SELECT d.channel, count(*) AS waiting FROM delivery d JOIN alert a ON a.identifier = d.identifier
  WHERE d.state IN ('queued', 'claimed', 'unknown') AND a.level >= :level GROUP BY d.channel
  UNION ALL
  SELECT c.channel, sum(c.tally[1] + c.tally[2] + c.tally[9]) FROM crowd c JOIN alert a ON a.identifier = c.identifier
  WHERE c.open AND a.level >= :level GROUP BY c.channel) owed
GROUP BY channel
"""
# A batch of residents counts from its last acceptance on; the states are in the order of dispatch/mass/sheet.
_HAPPENED = """
WITH start AS (
  SELECT e.real_at FROM stage_event e JOIN alert a ON a.proposal_id::text = e.chain WHERE a.identifier = :i AND e.stage = 'approve'
), part AS (
  SELECT channel, accepted_at, count(*) AS people, count(*) FILTER (WHERE accepted_at IS NOT NULL) AS had,
    count(*) FILTER (WHERE state = 'delivered') AS delivered, count(*) FILTER (WHERE state IN ('failed', 'expired')) AS failed,
    count(*) FILTER (WHERE state IN ('queued', 'claimed', 'unknown')) AS owed
  FROM delivery WHERE identifier = :i AND state NOT IN ('muted', 'superseded') GROUP BY channel, accepted_at
  UNION ALL
  SELECT channel, accepted_at, size - tally[7] - tally[8], tally[3] + tally[4], tally[4], tally[5] + tally[6], tally[1] + tally[2] + tally[9]
  FROM crowd WHERE identifier = :i
)
SELECT p.channel, sum(p.people)::bigint AS people,
  (SELECT array_agg(coalesce((SELECT sum(x.had)::bigint FROM part x, start s WHERE x.channel = p.channel
     AND x.accepted_at <= s.real_at + make_interval(secs => m)), 0) ORDER BY m) FROM unnest(CAST(:moments AS int[])) AS m) AS reached,
  sum(p.delivered)::bigint AS delivered, sum(p.failed)::bigint AS failed, sum(p.owed)::bigint AS owed
FROM part p GROUP BY p.channel HAVING sum(p.people) > 0 ORDER BY p.channel
"""
_NOISE = """
SELECT issuer, count(*) AS alerts FROM alert
WHERE zones && CAST(:codes AS text[]) AND sent > :since AND sent <= :now AND (status = 'Actual') = :actual GROUP BY issuer ORDER BY 2 DESC, 1
"""
