"""Muster: an alert's residents become batches, page by page; each page is one transaction, so that sending begins with the first."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.dispatch.mass.muster import Told, had, heirs, sheets
from warning.dispatch.mass.sheet import Ids, owed, parted, places_of
from warning.dispatch.mass.work import Place
from warning.dispatch.quiet import wakes
from warning.dispatch.rank import Errand, deadline_of, higher, rank
from warning.dispatch.work import StoredAlert
from warning.level import Level
from warning.store.crowd import NewCrowd, add, array, sheet_of
from warning.store.database import Database
from warning.store.jobs import Jobs
from warning.store.mass_queries import INSIDE, KIN, KNOWN, OTHERS, OUTRANKED, QUIET, ROOTS, SHARED, SOLE
from warning.store.release import Other, release, told_by
from warning.store.stages import mark

PAGE = 20_000
"""People worked out in one transaction."""
ROOTS_PAGE = 20
VANGUARD = 100
"""So many people of each alert and channel are told before the rest."""
_MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """The hazard's other warnings in force, and which of them mute a role."""

    all: Sequence[Other]
    level: int

    def muting(self, role: str) -> list[str]:
        return [other.identifier for other in self.all
                if (role == "start" and other.level >= self.level) or (role == "end" and other.same_issuer)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far an alert is: the versions before it (by root), then each district's people, then those with several places.

    ``led``: the channels that have their vanguard.
    """

    phase: str = "kin"
    district: int = 0
    channel: str = ""
    language: str = ""
    after: int = 0
    led: Sequence[str] = ()


class Muster:
    """Restartable at every page: how far it is stands in the ledger, beside what it made."""

    def __init__(self, database: Database, jobs: Jobs) -> None:
        self._db = database
        self._jobs = jobs

    async def page(self, alert: StoredAlert, place: Place, *, sizes: Mapping[str, int], now: datetime, may_wait: bool = False) -> bool:
        """Work out one page; True when everybody is worked out, or (``may_wait``) when a higher level wants the worker and the rest has a job of
        its own. Two workers at it take turns."""
        async with self._db.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:e, 2))"), {"e": str(alert.event_id)})
            # Not FOR UPDATE: the rows that refer to the alert must not wait for it.
            done = (await connection.execute(text(
                "SELECT expanded_at FROM alert WHERE identifier = :i FOR NO KEY UPDATE"), {"i": alert.identifier})).scalar_one()
            if done is not None:
                return True
            kept = (await connection.execute(
                text("SELECT cursor FROM expansion WHERE identifier = :i"), {"i": alert.identifier})).scalar_one_or_none()
            cursor = Cursor(**kept) if kept else Cursor(phase="kin" if alert.version > 1 else "sole")
            rows = (await connection.execute(text(OTHERS), {
                "event": alert.event_id, "hazard": alert.hazard, "issuer": alert.issuer, "now": now})).all()
            others = Others(level=int(alert.level), all=[
                Other(identifier=row.identifier, level=row.level, same_issuer=row.same_issuer) for row in rows])
            phases = {"kin": self._kin, "sole": self._sole, "shared": self._shared}
            made: list[NewCrowd] = []
            led = list(cursor.led)
            while cursor.phase != "done" and sum(len(one.sheet) for one in made) < PAGE:
                cursor, more = await phases[cursor.phase](connection, alert, place, cursor, sizes, others, now)
                made += more
            made = _led(alert, made, led)
            ids = await add(connection, made)
            for priority in sorted({one.priority for one in made}, reverse=True):
                await self._jobs.defer_crowds(connection, [
                    i for i, one in zip(ids, made, strict=True)
                    if one.priority == priority and owed(one.sheet) and one.asleep_until is None], priority=priority)
            if cursor.phase == "done":
                await connection.execute(text("DELETE FROM expansion WHERE identifier = :i"), {"i": alert.identifier})
                await connection.execute(
                    text("UPDATE alert SET expanded_at = :now WHERE identifier = :i"), {"now": now, "i": alert.identifier})
                await mark(connection, chain=alert.chain, stage="expand", at=now)
                return True
            await connection.execute(text(
                "INSERT INTO expansion (identifier, cursor) VALUES (:i, CAST(:c AS jsonb)) "
                "ON CONFLICT (identifier) DO UPDATE SET cursor = excluded.cursor"),
                {"i": alert.identifier, "c": json.dumps(asdict(replace(cursor, led=led)))})
            if not may_wait:
                return False
            # What ends or weakens a warning is as urgent as the warning: it never makes room for the thousands that must not hear the old word any more.
            level = Level((await connection.execute(text("SELECT max(level) FROM alert WHERE event_id = :e AND version <= :v"), {
                "e": alert.event_id, "v": alert.version})).scalar_one())
            long, brief = higher(level)
            outranked = bool((await connection.execute(text(OUTRANKED), {
                "long": long.start, "brief": long.stop, "above": brief.start})).scalar_one())
            if outranked:
                await self._jobs.defer_expand(connection, alert.identifier, priority=rank(
                    level, Errand.EXPAND_ON, deadline_of(sent=alert.sent, expires=alert.expires)))
            return outranked

    async def _kin(
        self, connection: AsyncConnection, alert: StoredAlert, place: Place, cursor: Cursor, sizes: Mapping[str, int],
        others: Others, now: datetime,
    ) -> tuple[Cursor, list[NewCrowd]]:
        """The next families: everybody whom an earlier version concerned hears a change, an end, or a new start."""
        at = {"event": alert.event_id, "version": alert.version}
        roots = [r.root for r in await connection.execute(text(ROOTS), at | {"after": cursor.after, "limit": ROOTS_PAGE})]
        if not roots:
            return Cursor(phase="sole" if alert.msg_type != "Cancel" else "done"), []
        families: dict[int, list[Told]] = {}
        about = {}
        for row in await connection.execute(text(KIN), {"roots": array(roots), "version": alert.version}):
            families.setdefault(row.root, []).append(Told(role=row.role, sheet=sheet_of(row)))
            about[row.root] = row
        made: list[NewCrowd] = []
        for root, family in families.items():
            everybody, stands = had(family)
            inside = fits = everybody[:0]
            if alert.msg_type != "Cancel":
                rows = (await connection.execute(text(INSIDE), _place(place, alert) | {"ids": array(everybody.tolist())})).all()
                inside = np.array([r.person for r in rows], dtype=np.int64)
                fits = np.array([r.person for r in rows if r.fits], dtype=np.int64)
            by_role = heirs(everybody, stands, cancel=alert.msg_type == "Cancel", inside=inside, fits=fits)
            channel = about[root].channel
            for role, members in (("start", by_role.start), ("change", by_role.change), ("end", by_role.end)):
                if role != "start":
                    await release(connection, self._jobs, members, channel, others.all, level=int(alert.level) if role == "change" else 0, now=now)
                under = await told_by(connection, members, channel, others.muting(role))
                made += await _crowds(
                    connection, alert, channel, about[root].language, about[root].district, role, members, sizes, under, now, root=root)
        return (Cursor(phase="kin", after=roots[-1]), made)

    async def _sole(
        self, connection: AsyncConnection, alert: StoredAlert, place: Place, cursor: Cursor, sizes: Mapping[str, int],
        others: Others, now: datetime,
    ) -> tuple[Cursor, list[NewCrowd]]:
        """The next page of people with one place, district by district."""
        if cursor.district >= len(place.districts):
            return Cursor(phase="shared"), []
        district = place.districts[cursor.district]
        pages = (await connection.execute(text(SOLE), _place(place, alert) | {
            "lane": alert.lane, "district": district, "channel": cursor.channel, "language": cursor.language, "after": cursor.after,
            "limit": PAGE})).all()
        made: list[NewCrowd] = []
        for row in pages:
            members = np.array(row.ids, dtype=np.int64)
            members = await _strangers(connection, alert, row.channel, members)
            under = await told_by(connection, members, row.channel, others.muting("start"))
            made += await _crowds(connection, alert, row.channel, row.language, district, "start", members, sizes, under, now)
        if sum(len(row.ids) for row in pages) < PAGE:
            return Cursor(phase="sole", district=cursor.district + 1), made
        last = pages[-1]
        return Cursor(phase="sole", district=cursor.district, channel=last.channel, language=last.language, after=max(last.ids)), made

    async def _shared(
        self, connection: AsyncConnection, alert: StoredAlert, place: Place, cursor: Cursor, sizes: Mapping[str, int],
        others: Others, now: datetime,
    ) -> tuple[Cursor, list[NewCrowd]]:
        """The next page of people with several places."""
        rows = (await connection.execute(text(SHARED), _place(place, alert) | {
            "lane": alert.lane, "after": cursor.after, "limit": PAGE})).all()
        made: list[NewCrowd] = []
        for row in rows:
            members = await _strangers(connection, alert, row.channel, np.array(row.ids, dtype=np.int64))
            under = await told_by(connection, members, row.channel, others.muting("start"))
            made += await _crowds(connection, alert, row.channel, row.language, row.district, "start", members, sizes, under, now)
        if sum(len(row.ids) for row in rows) < PAGE:
            return Cursor(phase="done"), made
        return Cursor(phase="shared", after=max(max(row.ids) for row in rows)), made


def _place(place: Place, alert: StoredAlert) -> dict[str, object]:
    return {"districts": list(place.districts), "cells": None if place.cells is None else list(place.cells),
            "level": int(alert.level), "hazard": alert.hazard}


def _rank(alert: StoredAlert, errand: Errand = Errand.CROWD) -> int:
    return rank(alert.level, errand, deadline_of(sent=alert.sent, expires=alert.expires))


def _led(alert: StoredAlert, made: Sequence[NewCrowd], led: list[str]) -> list[NewCrowd]:
    """With a vanguard cut from the first batch of each channel that has none yet and somebody to tell now; ``led`` grows."""
    found: list[NewCrowd] = []
    for one in made:
        if one.channel in led or one.asleep_until is not None or not owed(one.sheet):
            found.append(one)
            continue
        led.append(one.channel)
        first, rest = parted(one.sheet, VANGUARD)
        found.append(replace(one, sheet=first, priority=_rank(alert, Errand.VANGUARD)))
        if len(rest):
            found.append(replace(one, sheet=rest))
    return found


async def _crowds(
    connection: AsyncConnection, alert: StoredAlert, channel: str, language: str, district: str, role: str, members: Ids,
    sizes: Mapping[str, int], under: Ids, now: datetime, *, root: int | None = None,
) -> list[NewCrowd]:
    return [
        NewCrowd(root=root, identifier=alert.identifier, event_id=alert.event_id, version=alert.version, channel=channel,
                 language=language, district=district, role=role, priority=_rank(alert), sheet=sheet, asleep_until=until)
        for until, some in await _by_waking(connection, alert, members, now)
        for sheet in sheets(some, role=role, size=min(sizes.get(channel, _MOST), _MOST), others=under)
    ]


async def _by_waking(
    connection: AsyncConnection, alert: StoredAlert, members: Ids, now: datetime
) -> list[tuple[datetime | None, Ids]]:
    """The members by when they may be told: at once (None), or at the end of their quiet hours. Red does not ask."""
    if alert.level >= Level.RED or not len(members):
        return [(None, members)]
    sleeping: dict[datetime, list[int]] = {}
    for row in await connection.execute(text(QUIET), {"ids": array(members.tolist())}):
        until = wakes((row.quiet_from, row.quiet_until), level=alert.level, now=now)
        if until is not None:
            sleeping.setdefault(until, []).append(row.person)
    parts = [(until, np.intersect1d(members, np.array(some, dtype=np.int64))) for until, some in sorted(sleeping.items())]
    awake = members if not parts else np.setdiff1d(members, np.concatenate([some for _, some in parts]))
    return [(until, some) for until, some in ((None, awake), *parts) if len(some)]


async def _strangers(connection: AsyncConnection, alert: StoredAlert, channel: str, members: Ids) -> Ids:
    """Without those whom an earlier version knows: they are worked out with their family."""
    if alert.version == 1 or not len(members):
        return members
    rows = await connection.execute(text(KNOWN), {
        "event": alert.event_id, "version": alert.version, "channel": channel, "first": int(members[0]), "last": int(members[-1])})
    known = [np.array(row.members, dtype=np.int64) for row in rows]
    if not known:
        return members
    inside, _ = places_of(np.unique(np.concatenate(known)), members)
    return members[~inside]
