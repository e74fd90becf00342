"""The dispatch desk's ledger: audiences become deliveries, workers claim batches, receipts end them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import shapely
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import Outcome, Receipt
from warning.dispatch.audience import Interest
from warning.dispatch.delivery import RetryPolicy, Step
from warning.dispatch.order import Standing, Turn, turn
from warning.dispatch.work import StoredAlert, Work
from warning.errors import NotFound
from warning.level import Level
from warning.store.database import Database
from warning.store.jobs import Jobs
from warning.store.stages import mark

PERSONAL = frozenset({"sms", "webpush", "email"})
"""Channels with one message per person; all others tell many at once and go first."""


class DispatchStore:
    """Reads and writes of the dispatch desk; each verb is one transaction."""

    def __init__(self, database: Database, jobs: Jobs) -> None:
        self._db = database
        self._jobs = jobs

    async def alert(self, identifier: str) -> StoredAlert:
        async with self._db.begin() as connection:
            row = (await connection.execute(text("SELECT * FROM alert WHERE identifier = :i"), {"i": identifier})).one_or_none()
        if row is None:
            raise NotFound(f"no alert {identifier}")
        return StoredAlert(
            identifier=row.identifier, event_id=row.event_id, version=row.version, msg_type=row.msg_type,
            status=row.status, issuer=row.issuer, hazard=row.hazard, level=Level(row.level), zones=tuple(row.zones),
            polygon=row.polygon, expires=row.expires, sent=row.sent, cap_xml=row.cap_xml, chain=str(row.proposal_id),
        )

    async def interests(self, lane: str) -> list[Interest]:
        """What offices and broadcasts of this lane asked for."""
        async with self._db.begin() as connection:
            rows = await connection.execute(
                text("SELECT id, hazards, min_level, zones, polygon FROM subscription "
                     "WHERE active AND lane = :lane AND kind <> 'resident'"), {"lane": lane})
            return [
                Interest(
                    subscription_id=row.id, hazards=tuple(row.hazards), min_level=Level(row.min_level),
                    zones=tuple(row.zones),
                    polygon=None if row.polygon is None else shapely.geometry.shape(row.polygon),
                )
                for row in rows
            ]

    async def expand(
        self, alert: StoredAlert, *, in_area: Sequence[int], matching: Sequence[int], codes: Sequence[str],
        cells: Sequence[str] | None, batch_sizes: Mapping[str, int], now: datetime,
    ) -> bool:
        """Store one delivery per recipient and channel, and the batches that send them; False if done before.

        ``in_area``/``matching`` are offices and broadcasts whose place (and hazard and level) fit; residents are matched
        here by district code, or by coarse cell when the alert has its own polygon (``cells``).
        """
        async with self._db.begin() as connection:
            fresh = await connection.execute(
                text("UPDATE alert SET expanded_at = :now WHERE identifier = :i AND expanded_at IS NULL"),
                {"now": now, "i": alert.identifier})
            if fresh.rowcount == 0:
                return False
            await connection.execute(text(_EXPAND), {
                "identifier": alert.identifier, "event": alert.event_id, "version": alert.version,
                "cancel": alert.msg_type == "Cancel", "lane": alert.lane, "level": int(alert.level), "hazard": alert.hazard,
                "codes": list(codes), "cells": None if cells is None else list(cells), "in_area": list(in_area),
                "matching": list(matching), "now": now,
            })
            made = await connection.execute(text(_BATCH), {
                "identifier": alert.identifier, "priority": int(alert.level),
                "channels": list(batch_sizes), "sizes": list(batch_sizes.values()),
            })
            for batch_id, channel in [(row.id, row.channel) for row in made]:
                await self._jobs.defer_send(
                    connection, batch_id, priority=int(alert.level), to_many=channel not in PERSONAL)
            await mark(connection, chain=alert.chain, stage="expand", at=now)
        return True

    async def batch_of(self, batch_id: int) -> tuple[str, str, int]:
        """(identifier, channel, priority) of a batch."""
        async with self._db.begin() as connection:
            row = (await connection.execute(
                text("SELECT identifier, channel, priority FROM batch WHERE id = :b"), {"b": batch_id})).one()
        return row.identifier, row.channel, row.priority

    async def claim(
        self, batch_id: int, alert: StoredAlert, channel: str, *, now: datetime, policy: RetryPolicy
    ) -> list[Work]:
        """Take what is due of a batch; who may go is decided here, by version, never by the order of jobs.

        Claims of one event and channel come one at a time (an advisory lock), so an Alert and its Cancel see each other.
        """
        async with self._db.begin() as connection:
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:k, 0))"), {"k": f"{alert.event_id}/{channel}"})
            rows = (await connection.execute(text(_DUE), {"batch": batch_id})).all()
            turns: dict[Turn, list[int]] = {}
            works: list[Work] = []
            for row in rows:
                standing = Standing(
                    role=row.role, newer=row.newer, reached=row.reached, in_flight=row.in_flight,
                    expired=now >= alert.expires,
                )
                what = turn(standing)
                turns.setdefault(what, []).append(row.id)
                if what is Turn.SEND:
                    works.append(Work(
                        delivery_id=row.id, subscription_id=row.subscription_id, kind=row.kind, name=row.name,
                        address=row.address, secret=row.secret, language=row.language, role=row.role,
                        attempts=row.attempts + 1,
                    ))
            await self._settle(connection, turns, policy)
        return works

    async def _settle(
        self, connection: AsyncConnection, turns: Mapping[Turn, Sequence[int]], policy: RetryPolicy
    ) -> None:
        for what, ids in turns.items():
            await connection.execute(text(_SETTLE[what]), {"ids": list(ids), "lease": policy.lease.total_seconds()})

    async def record(
        self, alert: StoredAlert, channel: str, batch_id: int, steps: Mapping[int, Step], *, priority: int, now: datetime
    ) -> None:
        """Write what the channel said, note first and last acceptance, and ask for the next try where one is due."""
        async with self._db.begin() as connection:
            if steps:
                await connection.execute(text(_LOCK), {"ids": sorted(steps)})
                await connection.execute(text(_RECORD), _columns(steps))
            if any(step.state in ("accepted", "delivered") for step in steps.values()):
                await mark(connection, chain=alert.chain, stage="first_accepted", at=now, channel=channel)
                await mark(connection, chain=alert.chain, stage="last_accepted", at=now, channel=channel, newest=True)
            wait = (await connection.execute(text(_NEXT_TRY), {"batch": batch_id})).scalar_one_or_none()
            if wait is not None:
                await self._jobs.defer_send(connection, batch_id, priority=priority, after_s=max(float(wait), 0.05))

    async def late(self, receipts: Sequence[Receipt]) -> int:
        """Receipts that came after the answer: by our key, or after a restart by the gateway's id. Returns how many fitted."""
        final = [r for r in receipts if r.outcome in (Outcome.DELIVERED, Outcome.REJECTED)]
        async with self._db.begin() as connection:
            known = {int(r.key.rsplit(".", 1)[-1]): r for r in final if r.key}
            stray = {r.external_id: r for r in final if not r.key and r.external_id}
            found = [row.id for row in await connection.execute(text(_STRAY), {"externals": list(stray)})] if stray else []
            await connection.execute(text(_LOCK), {"ids": sorted({*known, *found})})
            if found:
                known |= await self._joined(connection, found, stray)
            result = await connection.execute(text(_LATE), {
                "ids": list(known),
                "states": ["delivered" if r.outcome is Outcome.DELIVERED else "failed" for r in known.values()],
                "evidence": [r.evidence for r in known.values()],
                "reasons": [r.reason.value if r.reason else "" for r in known.values()],
            })
            return result.rowcount

    async def _joined(
        self, connection: AsyncConnection, found: Sequence[int], stray: Mapping[str, Receipt]
    ) -> dict[int, Receipt]:
        """What receipts of single parts, known by the gateway's id alone, say of whole messages, by delivery.

        Delivered with the last part (``external_id`` keeps those still owed), failed with the first. An id that fits two fits none.
        """
        rows = (await connection.execute(text(
            "SELECT id, external_id FROM delivery WHERE id = ANY(CAST(:ids AS bigint[]))"), {"ids": list(found)})).all()
        owners = Counter(part for row in rows for part in set(row.external_id.split(",")) & stray.keys())
        said: dict[int, Receipt] = {}
        for row in rows:
            told = [part for part in row.external_id.split(",") if owners[part] == 1]
            owed = [part for part in row.external_id.split(",") if part not in told]
            failed = [part for part in told if stray[part].outcome is not Outcome.DELIVERED]
            if failed or (told and not owed):
                said[row.id] = stray[(failed or told)[0]]
            elif told:
                await connection.execute(text(_PART), {
                    "id": row.id, "owed": ",".join(owed), "evidence": "; ".join(stray[part].evidence for part in told)})
        return said

    async def sweep(self) -> int:
        """Ask again for batches whose work is due but has no job (a worker died): returns how many."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(_ORPHANS))).all()
            for row in rows:
                await self._jobs.defer_send(connection, row.id, priority=row.priority)
            lost = (await connection.execute(text(_UNEXPANDED))).all()
            for row in lost:
                await self._jobs.defer_expand(connection, row.identifier, priority=row.level)
        return len(rows) + len(lost)

    async def counts(self, identifier: str | None = None) -> dict[str, dict[str, int]]:
        """Deliveries by channel and state, of one alert or of all."""
        async with self._db.begin() as connection:
            rows = await connection.execute(
                text("SELECT channel, state, count(*) AS n FROM delivery "
                     "WHERE CAST(:i AS text) IS NULL OR identifier = :i GROUP BY 1, 2 ORDER BY 1, 2"), {"i": identifier})
            found: dict[str, dict[str, int]] = {}
            for row in rows:
                found.setdefault(row.channel, {})[row.state] = row.n
        return found

    async def cells_of(self, codes: Sequence[str] | None) -> list[str]:
        """The coarse cells in which somebody lives, in these districts or everywhere."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT DISTINCT cell FROM subscription WHERE active AND cell IS NOT NULL "
                "AND (CAST(:codes AS text[]) IS NULL OR district = ANY(CAST(:codes AS text[])))"),
                {"codes": None if codes is None else list(codes)})
            return [row.cell for row in rows]

    async def unfinished(self) -> int:
        """Deliveries and alerts that still owe something; 0 = everything has an end state."""
        async with self._db.begin() as connection:
            return int((await connection.execute(text(
                "SELECT (SELECT count(*) FROM delivery WHERE state IN ('queued', 'claimed', 'unknown'))"
                " + (SELECT count(*) FROM alert WHERE expanded_at IS NULL)"))).scalar_one())

    async def retry(self, delivery_ids: Sequence[int]) -> int:
        """An operator's retry of failed deliveries: back to the queue with fresh tries."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(
                "UPDATE delivery d SET state = 'queued', attempts = 0, next_try_at = NULL, ended_at = NULL, maybe_twice = true "
                "FROM batch b WHERE b.id = d.batch_id AND d.state = 'failed' AND d.id = ANY(:ids) "
                "RETURNING b.id AS batch_id, b.priority"), {"ids": list(delivery_ids)})).all()
            for batch_id, priority in {(row.batch_id, row.priority) for row in rows}:
                await self._jobs.defer_send(connection, batch_id, priority=priority)
            return len(rows)


def _columns(steps: Mapping[int, Step]) -> dict[str, object]:
    return {
        "ids": list(steps),
        "states": [step.state.value for step in steps.values()],
        "reasons": [step.reason for step in steps.values()],
        "evidence": [step.evidence[:500] for step in steps.values()],
        "externals": [step.external_id or None for step in steps.values()],
        "waits": [step.wait.total_seconds() if step.wait else None for step in steps.values()],
    }


# A person who stands inside a stronger warning of the same hazard has been told the stronger thing: muted, with the reason kept.
_EXPAND = """
WITH told AS (
  SELECT DISTINCT ON (channel, subscription_id) channel, subscription_id, role, state FROM delivery
  WHERE event_id = :event AND version < :version AND state <> 'muted' ORDER BY channel, subscription_id, version DESC
), prior AS (
  SELECT channel, subscription_id FROM told WHERE role <> 'end' OR state IN ('failed', 'expired')
), place AS (
  SELECT s.id, s.channel, s.kind,
    s.min_level <= :level AND (s.hazards = '{}' OR :hazard = ANY(s.hazards))
      AND (s.kind = 'resident' OR s.id = ANY(CAST(:matching AS bigint[]))) AS fits
  FROM subscription s
  WHERE s.active AND s.lane = :lane AND (
    (s.kind = 'resident' AND CASE WHEN CAST(:cells AS text[]) IS NULL THEN s.district = ANY(CAST(:codes AS text[]))
                                  ELSE s.cell = ANY(CAST(:cells AS text[])) END)
    OR (s.kind <> 'resident' AND s.id = ANY(CAST(:in_area AS bigint[]))))
), chosen AS (
  SELECT coalesce(p.id, o.subscription_id) AS subscription_id, coalesce(p.channel, o.channel) AS channel, p.kind,
    CASE WHEN :cancel OR p.id IS NULL THEN 'end' WHEN o.subscription_id IS NOT NULL THEN 'change' ELSE 'start' END AS role
  FROM place p FULL JOIN prior o ON o.subscription_id = p.id AND o.channel = p.channel
  WHERE o.subscription_id IS NOT NULL OR (NOT :cancel AND p.fits)
)
INSERT INTO delivery (identifier, event_id, version, channel, subscription_id, role, state, reason, ended_at)
SELECT :identifier, :event, :version, c.channel, c.subscription_id, c.role,
  CASE WHEN m.stronger THEN 'muted' ELSE 'queued' END, CASE WHEN m.stronger THEN 'stronger_in_force' ELSE '' END,
  CASE WHEN m.stronger THEN CAST(:now AS timestamptz) END
FROM chosen c CROSS JOIN LATERAL (
  SELECT c.kind = 'resident' AND c.role = 'start' AND EXISTS (
    SELECT 1 FROM delivery d JOIN alert a ON a.identifier = d.identifier
    WHERE d.subscription_id = c.subscription_id AND d.channel = c.channel AND a.event_id <> :event
      AND a.hazard = :hazard AND a.level >= :level AND a.expires > :now AND a.msg_type <> 'Cancel'
      AND d.role <> 'end' AND d.state IN ('queued', 'claimed', 'unknown', 'accepted', 'delivered')
      AND NOT EXISTS (SELECT 1 FROM alert n WHERE n.event_id = a.event_id AND n.version > a.version)) AS stronger
) m
ON CONFLICT (event_id, version, channel, subscription_id) DO NOTHING
"""

_BATCH = """
WITH size AS (
  SELECT * FROM unnest(CAST(:channels AS text[]), CAST(:sizes AS int[])) AS u(channel, size)
), numbered AS (
  SELECT d.id, d.channel,
    (row_number() OVER (PARTITION BY d.channel ORDER BY d.id) - 1) / coalesce(z.size, 500) AS slot
  FROM delivery d LEFT JOIN size z ON z.channel = d.channel WHERE d.identifier = :identifier AND d.state = 'queued'
), made AS (
  INSERT INTO batch (identifier, channel, slot, priority, size)
  SELECT :identifier, channel, slot, :priority, count(*) FROM numbered GROUP BY channel, slot
  RETURNING id, channel, slot
), put AS (
  UPDATE delivery d SET batch_id = made.id
  FROM numbered n JOIN made ON made.channel = n.channel AND made.slot = n.slot WHERE n.id = d.id RETURNING d.id
)
SELECT id, channel FROM made WHERE (SELECT count(*) FROM put) >= 0 ORDER BY id
"""

# An older version with a dead lease may have left before its worker died: it counts as reached, so that its end is not withheld.
_DUE = """
WITH mine AS (
  SELECT d.* FROM delivery d WHERE d.batch_id = :batch AND (
    (d.state = 'queued' AND (d.next_try_at IS NULL OR d.next_try_at <= clock_timestamp()))
    OR (d.state = 'unknown' AND d.next_try_at <= clock_timestamp())
    OR (d.state = 'claimed' AND d.lease_until <= clock_timestamp()))
  ORDER BY d.id FOR UPDATE
)
SELECT m.id, m.subscription_id, m.role, m.attempts, s.kind, s.name, s.address, s.secret, s.language,
  o.newer, o.reached, o.in_flight
FROM mine m JOIN subscription s ON s.id = m.subscription_id CROSS JOIN LATERAL (
  SELECT coalesce(bool_or(x.version > m.version AND (x.state <> 'muted' OR x.reason = 'no_start')), false) AS newer,
    coalesce(bool_or(x.version < m.version AND (x.state IN ('accepted', 'delivered', 'unknown') OR x.maybe_twice
      OR (x.state = 'claimed' AND x.lease_until <= clock_timestamp()))), false) AS reached,
    coalesce(bool_or(x.version < m.version AND x.state = 'claimed' AND x.lease_until > clock_timestamp()), false) AS in_flight
  FROM delivery x WHERE x.event_id = m.event_id AND x.channel = m.channel AND x.subscription_id = m.subscription_id
    AND x.id <> m.id
) o ORDER BY m.id
"""

_SETTLE = {
    Turn.SEND: "UPDATE delivery SET maybe_twice = maybe_twice OR state IN ('claimed', 'unknown'), state = 'claimed', "
               "attempts = attempts + 1, next_try_at = NULL, "
               "lease_until = clock_timestamp() + make_interval(secs => :lease) WHERE id = ANY(:ids)",
    Turn.WAIT: "UPDATE delivery SET next_try_at = clock_timestamp() + interval '1 second' "
               "WHERE id = ANY(:ids) AND CAST(:lease AS float) > 0",
    Turn.SUPERSEDED: "UPDATE delivery SET state = 'superseded', reason = 'newer_version', ended_at = clock_timestamp() "
                     "WHERE id = ANY(:ids) AND CAST(:lease AS float) > 0",
    Turn.NO_START: "WITH muted AS (UPDATE delivery SET state = 'muted', reason = 'no_start', ended_at = clock_timestamp() "
                   "WHERE id = ANY(:ids) AND CAST(:lease AS float) > 0 RETURNING event_id, channel, subscription_id, version) "
                   "UPDATE delivery d SET state = 'superseded', reason = 'newer_version', ended_at = clock_timestamp() "
                   "FROM muted m WHERE d.event_id = m.event_id AND d.channel = m.channel "
                   "AND d.subscription_id = m.subscription_id AND d.version < m.version AND d.state = 'queued'",
    Turn.EXPIRED: "UPDATE delivery SET state = 'expired', reason = 'expired', ended_at = clock_timestamp(), "
                  "evidence = 'expired before it could be sent' WHERE id = ANY(:ids) AND CAST(:lease AS float) > 0",
}

_RECORD = """
UPDATE delivery d SET state = u.state, reason = u.reason, evidence = u.evidence, lease_until = NULL,
  external_id = coalesce(u.external, d.external_id),
  next_try_at = clock_timestamp() + make_interval(secs => u.wait),
  accepted_at = CASE WHEN u.state IN ('accepted', 'delivered') THEN clock_timestamp() ELSE d.accepted_at END,
  ended_at = CASE WHEN u.state IN ('queued', 'unknown') THEN NULL ELSE clock_timestamp() END
FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:evidence AS text[]),
            CAST(:externals AS text[]), CAST(:waits AS float[])) AS u(id, state, reason, evidence, external, wait)
WHERE d.id = u.id AND d.state = 'claimed'
"""

_NEXT_TRY = """
SELECT extract(epoch FROM min(coalesce(next_try_at, lease_until)) - clock_timestamp())
FROM delivery WHERE batch_id = :batch AND state IN ('queued', 'unknown')
"""

# Answers and receipts of one delivery may be written by two transactions at once. Both first lock their rows in order of id, in a statement of
# its own: no deadlock, and the update then sees what the other one has left.
_LOCK = "SELECT id FROM delivery WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE"

# Rare (only after a restart), so it is looked for among what young alerts still wait for, without an index of its own.
_STRAY = """
SELECT d.id FROM delivery d JOIN alert a ON a.identifier = d.identifier
WHERE a.real_at > clock_timestamp() - interval '3 days' AND d.state IN ('claimed', 'unknown', 'accepted')
  AND string_to_array(d.external_id, ',') && CAST(:externals AS text[])
"""

_PART = ("UPDATE delivery SET external_id = :owed, "
         "evidence = left(concat_ws('; ', nullif(evidence, ''), CAST(:evidence AS text)), 500) WHERE id = :id")

_LATE = """
UPDATE delivery d SET state = u.state, evidence = left(concat_ws('; ', nullif(d.evidence, ''), u.evidence), 500), reason = u.reason,
  accepted_at = coalesce(d.accepted_at, clock_timestamp()), ended_at = clock_timestamp()
FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[]), CAST(:evidence AS text[]), CAST(:reasons AS text[]))
  AS u(id, state, evidence, reason)
WHERE d.id = u.id AND d.state IN ('claimed', 'unknown', 'accepted')
"""

_ORPHANS = """
SELECT b.id, b.priority FROM batch b WHERE EXISTS (
  SELECT 1 FROM delivery d WHERE d.batch_id = b.id AND (
    (d.state IN ('queued', 'unknown') AND (d.next_try_at IS NULL OR d.next_try_at <= clock_timestamp()))
    OR (d.state = 'claimed' AND d.lease_until <= clock_timestamp())))
AND NOT EXISTS (
  SELECT 1 FROM procrastinate_jobs j JOIN procrastinate_workers w ON w.id = j.worker_id
  WHERE j.task_name = 'xiaoxishu.send' AND (j.args->>'batch_id')::bigint = b.id AND j.status = 'doing'
    AND w.last_heartbeat > now() - interval '30 seconds')
AND NOT EXISTS (
  SELECT 1 FROM procrastinate_jobs j WHERE j.task_name = 'xiaoxishu.send'
    AND (j.args->>'batch_id')::bigint = b.id AND j.status = 'todo'
    AND (j.scheduled_at IS NULL OR j.scheduled_at <= now() + interval '90 seconds'))
LIMIT 200
"""

_UNEXPANDED = """
SELECT a.identifier, a.level FROM alert a WHERE a.expanded_at IS NULL AND a.real_at < clock_timestamp() - interval '10 seconds'
AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs j WHERE j.task_name = 'xiaoxishu.expand'
  AND j.args->>'identifier' = a.identifier AND j.status = 'todo')
"""
