"""The dispatch desk's ledger: audiences become deliveries, workers claim batches, receipts end them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import shapely
import structlog
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import Outcome, Reason, Receipt, Stamp
from warning.dispatch.audience import Interest, Offices, offices
from warning.dispatch.delivery import RetryPolicy, Step
from warning.dispatch.mass.sheet import storable
from warning.dispatch.order import Standing, Turn, turn
from warning.dispatch.parts import joined
from warning.dispatch.pause import Pause
from warning.dispatch.rank import Errand, deadline_of, rank
from warning.dispatch.work import Hand, StoredAlert, Work
from warning.errors import NotFound
from warning.level import Level
from warning.store import attempts, progress
from warning.store.calling import tried
from warning.store.database import Database
from warning.store.dispatch_queries import (
    BATCH,
    CELLS,
    DUE,
    EXPAND,
    LATE,
    LOCK,
    NEXT_TRY,
    ORPHANS,
    PART,
    RECORD,
    SETTLE,
    SHUT,
    STRAY,
    UNEXPANDED,
    UNSURE_REASONS,
)
from warning.store.jobs import Jobs
from warning.store.mass_queries import ORPHANS as CROWD_ORPHANS
from warning.store.residents import NoResidentIndex, ResidentIndex, middles
from warning.store.retired import retire_gone
from warning.store.skip import skip
from warning.store.stages import mark
from warning.trust.address import Addresses, WebhookSecrets

log = structlog.get_logger()


class DispatchStore:
    """Reads and writes of the dispatch desk; each verb is one transaction."""

    def __init__(self, database: Database, jobs: Jobs, residents: ResidentIndex | None = None, *,
                 ends_apart: Collection[str] = ("webhook", "page", "spool"), addresses: Addresses | None = None, secrets: WebhookSecrets | None = None) -> None:
        """``ends_apart``: names of channels on which every event stands by itself, see dispatch/kind. ``addresses`` opens those of people on duty, ``secrets`` what offices' webhooks are signed with."""
        self._db = database
        self._addresses = addresses
        self._secrets = secrets
        self._ends_apart = sorted(ends_apart)
        self._jobs = jobs
        self._residents = residents
        self._offices: dict[str, tuple[Sequence[Row[tuple[object, ...]]], Offices]] = {}

    async def alert(self, identifier: str) -> StoredAlert:
        async with self._db.begin() as connection:
            row = (await connection.execute(text(
                "SELECT a.*, (SELECT f.identifier FROM alert f WHERE f.event_id = a.event_id ORDER BY f.version LIMIT 1) AS first, s.document AS signed_xml, coalesce(s.fault, '') AS signing_fault FROM alert a "
                "LEFT JOIN alert_signature s ON s.identifier = a.identifier WHERE a.identifier = :i"), {"i": identifier})).one_or_none()
        if row is None:
            raise NotFound(f"no alert {identifier}")
        return StoredAlert(
            identifier=row.identifier, event_id=row.event_id, version=row.version, msg_type=row.msg_type,
            status=row.status, issuer=row.issuer, hazard=row.hazard, level=Level(row.level), zones=tuple(row.zones),
            polygon=row.polygon, expires=row.expires, sent=row.sent, cap_xml=row.cap_xml, chain=str(row.proposal_id),
            signed_xml=row.signed_xml, signing_fault=row.signing_fault, first=row.first,
        )

    async def offices(self, lane: str) -> Offices:
        """What offices and broadcasts of this lane asked for, and who pauses; parsed anew only when one of them has changed."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(
                text("SELECT id, hazards, min_level, zones, standby, CAST(polygon AS text) AS polygon FROM subscription "
                     "WHERE active AND lane = :lane AND kind <> 'resident' ORDER BY id"), {"lane": lane})).all()
            # Pauses that are over count for as long as an event may last that a stand-in was told of.
            paused = (await connection.execute(text(
                "SELECT subscription_id, cover_id, starts_at, ends_at FROM office_pause "
                "WHERE ends_at > (SELECT coalesce(max(ends_at), 'epoch') FROM office_pause) - interval '1 year' ORDER BY id"))).all()
        kept = self._offices.get(lane)
        if kept is None or kept[0] != rows:
            kept = rows, offices([
                Interest(subscription_id=row.id, hazards=tuple(row.hazards), min_level=Level(row.min_level), zones=tuple(row.zones),
                         stand_in=row.standby, polygon=None if row.polygon is None else shapely.from_geojson(row.polygon))
                for row in rows
            ])
            self._offices[lane] = kept
        return replace(kept[1], pauses=tuple(
            Pause(subscription_id=row.subscription_id, cover_id=row.cover_id, starts_at=row.starts_at, ends_at=row.ends_at) for row in paused))

    async def expand(
        self, alert: StoredAlert, *, in_area: Sequence[int], matching: Sequence[int], batch_sizes: Mapping[str, int], now: datetime
    ) -> bool:
        """Store one delivery per office or broadcast, and the batches that send them; False if the alert is worked out in full.

        ``in_area``/``matching`` are those whose place (and hazard and level) fit. Asked again, it adds only what is missing.
        """
        async with self._db.begin() as connection:
            done = (await connection.execute(text(
                "SELECT expanded_at FROM alert WHERE identifier = :i FOR NO KEY UPDATE"), {"i": alert.identifier})).scalar_one()
            if done is not None:
                return False
            await connection.execute(text(EXPAND), {
                "identifier": alert.identifier, "event": alert.event_id, "version": alert.version,
                "cancel": alert.msg_type == "Cancel", "lane": alert.lane, "hazard": alert.hazard,
                "issuer": alert.issuer, "in_area": list(in_area), "matching": list(matching), "now": now,
                "apart": self._ends_apart,
            })
            deadline = deadline_of(sent=alert.sent, expires=alert.expires)
            ranks = {kind: rank(alert.level, Errand.TO_MANY if kind == "broadcast" else Errand.DUTY, deadline)
                     for kind in ("broadcast", "office")}
            made = (await connection.execute(text(BATCH), {
                "identifier": alert.identifier, "to_many": ranks["broadcast"], "duty": ranks["office"],
                "channels": list(batch_sizes), "sizes": list(batch_sizes.values()),
            })).all()
            for row in made:
                await self._jobs.defer_send(connection, row.id, priority=row.priority)
        return True

    async def batch_of(self, batch_id: int) -> tuple[str, str, int]:
        """(identifier, channel, priority) of a batch."""
        async with self._db.begin() as connection:
            row = (await connection.execute(
                text("SELECT identifier, channel, priority FROM batch WHERE id = :b"), {"b": batch_id})).one()
        return row.identifier, row.channel, row.priority

    async def postpone(self, batch_id: int, *, priority: int, after_s: float) -> None:
        """Nothing of a batch is tried; it is looked at again after so many seconds. What waits says why: whoever is called by it is called by another way."""
        async with self._db.begin() as connection:
            await connection.execute(text(SHUT), {"batch": batch_id})
            await self._jobs.defer_send(connection, batch_id, priority=priority, after_s=after_s)

    async def claim(
        self, batch_id: int, alert: StoredAlert, channel: str, *, after: int, most: int, now: datetime, policy: RetryPolicy
    ) -> Hand:
        """Take what is due of a batch, ``most`` at once, behind the delivery ``after``; who may go is decided here, by version, never by
        the order of jobs.

        Claims of one event and channel come one at a time (an advisory lock), so an Alert and its Cancel see each other.
        """
        async with self._db.begin() as connection:
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:k, 0))"), {"k": f"{alert.event_id}/{channel}"})
            rows = (await connection.execute(text(DUE), {"batch": batch_id, "after": after, "most": most})).all()
            turns: dict[Turn, list[int]] = {}
            works: list[Work] = []
            for row in rows:
                standing = Standing(
                    role=row.role, newer=row.newer, reached=row.reached, in_flight=row.in_flight,
                    expired=now >= alert.expires, used_up=row.attempts >= policy.most_claims,
                )
                what = turn(standing)
                turns.setdefault(what, []).append(row.id)
                if what is Turn.SEND:
                    works.append(Work(
                        delivery_id=row.id, subscription_id=row.subscription_id, kind=row.kind, name=row.name,
                        address=row.address if self._addresses is None else self._addresses.open(row.address), secret=self._opened(row.secret),
                        language=row.language, role=row.role, attempts=row.attempts + 1, former_secret=self._opened(row.former_secret), form=row.form,
                    ))
            await self._settle(connection, turns, policy)
            await attempts.begun(connection, [work.delivery_id for work in works if work.kind == "office"])
        return Hand(works=tuple(works), after=rows[-1].id if len(rows) == most else None)

    def _opened(self, kept: str) -> str:
        return kept if self._secrets is None else self._secrets.open(kept)

    async def _settle(
        self, connection: AsyncConnection, turns: Mapping[Turn, Sequence[int]], policy: RetryPolicy
    ) -> None:
        for what, ids in turns.items():
            await connection.execute(text(SETTLE[what]), {"ids": list(ids), "lease": policy.lease.total_seconds()})

    async def renew(self, batch_id: int, policy: RetryPolicy) -> None:
        """The worker that holds a batch still lives: its lease begins anew, so that no other takes it over."""
        async with self._db.begin() as connection:
            await connection.execute(text(
                "UPDATE delivery SET lease_until = clock_timestamp() + make_interval(secs => :lease) "
                "WHERE batch_id = :b AND state = 'claimed'"), {"b": batch_id, "lease": policy.lease.total_seconds()})

    async def waiting_before(self, alert: StoredAlert) -> list[str]:
        """What was signed before, of the same event or of its issuer and hazard, and has no audience yet: it comes first.

        So nobody who goes over to another event is told the end of the old one before the start of the new.
        """
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT e.identifier FROM alert a JOIN alert e ON e.expanded_at IS NULL AND (e.event_id = a.event_id "
                "AND e.version < a.version OR e.event_id <> a.event_id AND e.issuer = a.issuer AND e.hazard = a.hazard "
                "AND e.status = a.status AND e.real_at < a.real_at) WHERE a.identifier = :i ORDER BY e.real_at"),
                {"i": alert.identifier})
            return [row.identifier for row in rows]

    async def record(
        self, alert: StoredAlert, channel: str, batch_id: int, steps: Mapping[int, Step], *, priority: int | None, now: datetime
    ) -> None:
        """Write what the channel said, note first and last acceptance, and ask for the next try where one is due (``priority`` None: the
        worker is not at the end of the batch, and what it leaves when it dies the sweep finds)."""
        async with self._db.begin() as connection:
            if steps:
                await connection.execute(text(LOCK), {"ids": sorted(steps)})
                await connection.execute(text(RECORD), _columns(steps))
                await attempts.answered(connection, steps)
                await tried(connection, list(steps), chain=alert.chain, at=now)
            gone = [delivery for delivery, step in steps.items() if step.reason == Reason.GONE]
            if gone:
                await retire_gone(connection, gone)
            if any(step.state in ("accepted", "delivered") for step in steps.values()):
                await mark(connection, chain=alert.chain, stage="first_accepted", at=now, channel=channel)
                await mark(connection, chain=alert.chain, stage="last_accepted", at=now, channel=channel, newest=True)
            if priority is None:
                return
            wait = (await connection.execute(text(NEXT_TRY), {"batch": batch_id})).scalar_one_or_none()
            if wait is not None:
                await self._jobs.defer_send(connection, batch_id, priority=priority, after_s=max(float(wait), 0.05))

    async def late(self, receipts: Sequence[Receipt]) -> list[Receipt]:
        """Receipts that came after the answer: by our key, or by the channel and the gateway's id alone. Those that fitted nothing."""
        final = [r for r in receipts if r.outcome in (Outcome.DELIVERED, Outcome.REJECTED)]
        if not final:
            return []
        async with self._db.begin() as connection:
            known = {int(r.key.rsplit(".", 1)[-1]): r for r in final if r.key}
            stray = {r.stamp: r for r in final if not r.key}
            found = [row.id for row in await connection.execute(text(STRAY), {
                "channels": sorted({channel for channel, _ in stray}), "externals": [external for _, external in stray]})] if stray else []
            await connection.execute(text(LOCK), {"ids": sorted({*known, *found})})
            # Read again under the lock: ``external_id`` keeps the parts of which a report is still owed.
            parts = joined({} if not found else {row.id: (row.channel, row.external_id) for row in await connection.execute(text(
                "SELECT id, channel, external_id FROM delivery WHERE id = ANY(CAST(:ids AS bigint[]))"), {"ids": found})}, stray)
            for delivery_id, (owed, evidence) in parts.owed.items():
                await connection.execute(text(PART), {"id": delivery_id, "owed": owed, "evidence": evidence})
            said = known | parts.said
            fitted = {row.id for row in await connection.execute(text(LATE), {
                "ids": list(said),
                "states": ["delivered" if r.outcome is Outcome.DELIVERED else "failed" for r in said.values()],
                "evidence": [storable(r.evidence) for r in said.values()],
                "reasons": [r.reason.value if r.reason else "" for r in said.values()],
            })}
        return [r for r in final if (int(r.key.rsplit(".", 1)[-1]) not in fitted if r.key else r.stamp not in parts.fits)]

    async def ended(self, stamps: Collection[Stamp]) -> set[str]:
        """The gateway's ids of those whose message has come to its end."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT d.channel, d.external_id FROM delivery d WHERE d.external_id = ANY(CAST(:ids AS text[])) "
                "AND d.state NOT IN ('queued', 'claimed', 'unknown', 'accepted')"), {"ids": [external for _, external in stamps]})
            return {row.external_id for row in rows if (row.channel, row.external_id) in stamps}

    async def sweep(self) -> int:
        """Ask again for work that is due but has no job (a worker died): returns how many."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(ORPHANS))).all()
            for row in rows:
                await self._jobs.defer_send(connection, row.id, priority=row.priority)
            crowds = (await connection.execute(text(CROWD_ORPHANS))).all()
            for priority in sorted({row.priority for row in crowds}, reverse=True):
                await self._jobs.defer_crowds(connection, [row.id for row in crowds if row.priority == priority], priority=priority)
            lost = (await connection.execute(text(UNEXPANDED))).all()
            for row in lost:
                deadline = deadline_of(sent=row.sent, expires=row.expires)
                await self._jobs.defer_expand(connection, row.identifier, priority=rank(Level(row.level), Errand.EXPAND, deadline))
        return len(rows) + len(crowds) + len(lost)

    async def counts(self, identifier: str | None = None) -> dict[str, dict[str, int]]:
        """Recipients by channel and state, of one alert or of all."""
        return await progress.counts(self._db, identifier)

    async def cells_inside(self, ground: BaseGeometry) -> list[str]:
        """The inhabited cells whose middle is inside or on the border: from the resident index, and when that fails from the database."""
        if self._residents is not None:
            try:
                return await self._residents.cells_inside(ground)
            except NoResidentIndex as error:
                log.warning("the resident index fails, the database is asked", why=str(error))
        async with self._db.begin() as connection:
            cells = [row.cell for row in await connection.execute(text(CELLS))]
        return [cell for cell, inside in zip(cells, shapely.intersects_xy(ground, *middles(cells)), strict=True) if inside]

    async def unfinished(self) -> int:
        """Recipients and alerts that still are owed something; 0 = everything has an end state."""
        return await progress.unfinished(self._db)

    async def districts_of(self, cells: Sequence[str]) -> list[str]:
        """The districts in which somebody of these cells lives."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT DISTINCT district FROM subscription WHERE active AND kind = 'resident' AND cell = ANY(CAST(:cells AS text[])) "
                "AND district IS NOT NULL ORDER BY 1"), {"cells": list(cells)})
            return [row.district for row in rows]

    async def concerning(self, delivery_ids: Sequence[int]) -> list[tuple[str, tuple[str, ...]]]:
        """Hazard and zones of each alert that these deliveries belong to."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT DISTINCT a.hazard, a.zones FROM delivery d JOIN alert a ON a.identifier = d.identifier WHERE d.id = ANY(:ids)"),
                {"ids": list(delivery_ids)})
            return [(row.hazard, tuple(row.zones)) for row in rows]

    async def retry(self, delivery_ids: Sequence[int]) -> int:
        """An operator's retry of failed deliveries: back to the queue with fresh tries."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(
                "UPDATE delivery d SET state = 'queued', attempts = 0, next_try_at = NULL, ended_at = NULL, "
                f"maybe_twice = d.maybe_twice OR d.reason IN {UNSURE_REASONS} "
                "FROM batch b WHERE b.id = d.batch_id AND d.state = 'failed' AND d.id = ANY(:ids) "
                "RETURNING b.id AS batch_id, b.priority"), {"ids": list(delivery_ids)})).all()
            for batch_id, priority in {(row.batch_id, row.priority) for row in rows}:
                await self._jobs.defer_send(connection, batch_id, priority=priority)
            return len(rows)

    async def skip(
        self, delivery_ids: Sequence[int], crowd_ids: Sequence[int], *, only: str, who: str, reason: str, at: datetime
    ) -> int:
        """An operator settles failures without another try."""
        return await skip(self._db, delivery_ids, crowd_ids, only=only, who=who, reason=reason, at=at)


def _columns(steps: Mapping[int, Step]) -> dict[str, object]:
    return {
        "ids": list(steps),
        "states": [step.state.value for step in steps.values()],
        "reasons": [step.reason for step in steps.values()],
        "evidence": [storable(step.evidence)[:500] for step in steps.values()],
        "externals": [storable(step.external_id) or None for step in steps.values()],
        "attempts": [step.attempts for step in steps.values()],
        "counts": [step.counts for step in steps.values()],
        "waits": [step.wait.total_seconds() if step.wait else None for step in steps.values()],
    }
