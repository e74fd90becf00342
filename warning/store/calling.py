"""Calling: attempts whose moment has come become deliveries, as every other message: with evidence, retries, and an end-notice later."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.answer.call import OPEN
from warning.answer.timetable import DUTY_ROOM
from warning.cap import drill_mark
from warning.dispatch.rank import Errand, deadline_of, rank
from warning.level import Level
from warning.store.jobs import Jobs
from warning.store.notice import tell
from warning.store.stages import mark

_MOST = 1000
_BATCH = 50


async def advance(connection: AsyncConnection, jobs: Jobs, *, at: datetime) -> tuple[list[UUID], bool]:
    """Take up to a thousand attempts that are due, for which no other worker has the call; (calls in which somebody else is called now, whether more are due).

    The calls are locked: an answer that comes this moment waits, and then withdraws what was put in the queue here.
    """
    rows = (await connection.execute(text(_DUE), {"at": at, "open": list(OPEN), "most": _MOST})).all()
    if not rows:
        return [], False
    sendable = [row for row in rows if row.deliverable]
    made = await _deliveries(connection, jobs, sendable)
    await connection.execute(text(
        "UPDATE call_attempt a SET state = u.state, called_at = :at, delivery_id = u.delivery "
        "FROM unnest(CAST(:ids AS uuid[]), CAST(:states AS text[]), CAST(:deliveries AS bigint[])) AS u(id, state, delivery) WHERE a.id = u.id"), {
            "at": at, "ids": [row.id for row in rows], "states": ["called" if row.deliverable else "no_way" for row in rows],
            "deliveries": [made[_key(row)][0] if row.deliverable else None for row in rows]})
    return await _escalated(connection, rows, made, at=at), len(rows) == _MOST


async def _deliveries(connection: AsyncConnection, jobs: Jobs, rows: Sequence[Any]) -> dict[tuple[str, int], tuple[int, bool]]:
    """By (alert, subscription): the delivery, and whether it was there before (told already for another post, or as a change)."""
    if not rows:
        return {}
    wanted = {_key(row): row for row in rows}
    columns = {"alerts": [row.newest for row in wanted.values()], "subs": [row.subscription_id for row in wanted.values()]}
    new = {row.id for row in await connection.execute(text(_PUT), columns)}
    found = (await connection.execute(text(_FOUND), columns)).all()
    again: dict[tuple[str, str], list[int]] = {}
    for row in found:
        if row.id in new:
            again.setdefault((row.identifier, row.channel), []).append(row.id)
    for (identifier, channel), ids in sorted(again.items()):
        alert = next(row for row in rows if row.newest == identifier)
        priority = rank(Level(alert.level), Errand.DUTY, deadline_of(sent=alert.sent, expires=alert.expires))
        for first in range(0, len(ids), _BATCH):
            part = ids[first:first + _BATCH]
            batch = (await connection.execute(text(_BATCHED), {"i": identifier, "c": channel, "p": priority, "n": len(part), "ids": part})).scalar_one()
            await jobs.defer_send(connection, batch, priority=priority)
    asked = (await connection.execute(text(_REVIVE), {"ids": [row.id for row in found if row.id not in new], "open": list(OPEN)})).all()
    for batch, priority in sorted({(row.batch_id, row.priority) for row in asked}):
        await jobs.defer_send(connection, batch, priority=priority)
    again_now = new | {row.delivery_id for row in asked}
    return {(row.identifier, row.subscription_id): (row.id, row.id not in again_now) for row in found}


async def _escalated(
    connection: AsyncConnection, rows: Sequence[Any], made: dict[tuple[str, int], tuple[int, bool]], *, at: datetime
) -> list[UUID]:
    """The first post or person has not answered: the call is overdue, and the operators read who is called instead and what they can do."""
    late: dict[UUID, Any] = {}
    for row in rows:
        if row.due_at >= row.deadline and (row.rank > 0 or row.name == DUTY_ROOM):
            late[row.call_id] = row
    for call, row in late.items():
        told_before = row.deliverable and made[_key(row)][1]
        await connection.execute(text("UPDATE duty_call SET state = 'overdue', escalated_to = :to WHERE id = :id"), {"to": row.name, "id": call})
        if row.name == DUTY_ROOM:
            step = f"call {DUTY_ROOM} by telephone and enter the answer" if row.rank == 1 else "nobody has answered: call by telephone, send somebody, and enter the answer"
        elif told_before:
            step = f"{row.name} has this warning already and is not told again: call by telephone and enter the answer"
        elif row.deliverable:
            step = f"{row.name} is being called; call by telephone and enter the answer"
        else:
            step = f"{row.name} has no telephone or app: call by another way and enter the answer, then mend the roster"
        words = f"{row.post} has not answered {row.identifier}" if row.reachable else f"{row.post} has not been reached with {row.identifier}: every way so far has failed"
        await tell(connection, f"callout {call}", words=f"{drill_mark(row.status, 'zh-CN')}{words}", next_step=step, at=at)
    return list(late)


async def tried(connection: AsyncConnection, delivery_ids: Sequence[int], *, chain: str, at: datetime) -> None:
    """A channel has had these messages: the first attempt for each post is written into the stage ledger."""
    rows = (await connection.execute(text(_TRIED), {"at": at, "ids": list(delivery_ids)})).all()
    for post in sorted({row.post for row in rows}):
        await mark(connection, chain=chain, stage="call", at=at, channel=post)


def _key(row: Any) -> tuple[str, int]:
    return row.newest, row.subscription_id


_DUE: Final = """
SELECT a.id, a.call_id, a.subscription_id, a.name, a.rank, a.due_at, c.post, c.identifier, c.deadline,
  n.identifier AS newest, n.status, n.level, n.sent, n.expires, coalesce(s.active, false) AS deliverable,
  EXISTS (SELECT 1 FROM call_attempt x WHERE x.call_id = c.id AND x.state = 'called' AND x.failed_at IS NULL) AS reachable
FROM call_attempt a JOIN duty_call c ON c.id = a.call_id LEFT JOIN subscription s ON s.id = a.subscription_id
JOIN LATERAL (SELECT v.* FROM alert v WHERE v.event_id = c.event_id ORDER BY v.version DESC LIMIT 1) n ON true
WHERE a.state = 'planned' AND a.due_at <= :at AND c.state = ANY(:open) ORDER BY a.due_at, a.rank LIMIT :most FOR UPDATE OF a, c SKIP LOCKED
"""

# Whoever has an earlier version of the event on this channel is told the change, the others the start.
_PUT: Final = """
INSERT INTO delivery (identifier, event_id, version, channel, subscription_id, role, state)
SELECT v.identifier, v.event_id, v.version, s.channel, s.id, CASE WHEN EXISTS (
    SELECT 1 FROM delivery x WHERE x.event_id = v.event_id AND x.version < v.version AND x.channel = s.channel AND x.subscription_id = s.id
    AND x.state <> 'muted') THEN 'change' ELSE 'start' END, 'queued'
FROM unnest(CAST(:alerts AS text[]), CAST(:subs AS bigint[])) AS u(identifier, sub) JOIN alert v ON v.identifier = u.identifier JOIN subscription s ON s.id = u.sub
ORDER BY s.id ON CONFLICT (event_id, version, channel, subscription_id) DO NOTHING RETURNING id
"""

_FOUND: Final = """
SELECT d.id, d.identifier, d.channel, d.subscription_id FROM unnest(CAST(:alerts AS text[]), CAST(:subs AS bigint[])) AS u(identifier, sub)
JOIN subscription s ON s.id = u.sub JOIN delivery d ON d.identifier = u.identifier AND d.subscription_id = u.sub AND d.channel = s.channel ORDER BY d.id
"""

_BATCHED: Final = """
WITH made AS (
  INSERT INTO batch (identifier, channel, slot, priority, size)
  SELECT :i, :c, coalesce(max(slot), 0) + 1, :p, :n FROM batch WHERE identifier = :i RETURNING id
), put AS (
  UPDATE delivery d SET batch_id = made.id FROM made WHERE d.id = ANY(CAST(:ids AS bigint[])) RETURNING d.id
)
SELECT id FROM made WHERE (SELECT count(*) FROM put) > 0
"""

# Withdrawn when another call was answered, and needed again for this one; or told as news of the event (an update to who had its start), without being
# asked for an answer: who is called must read that he is (role "call", by a key of its own, which no receiver takes for a repetition). Who has an open
# call's message for this version is not told twice.
_REVIVE: Final = """
WITH back AS (
  UPDATE delivery d SET role = CASE WHEN d.state = 'muted' THEN d.role ELSE 'call' END, state = 'queued', reason = '', ended_at = NULL, next_try_at = NULL, attempts = 0,
    evidence = CASE WHEN d.state = 'muted' THEN d.evidence ELSE left(concat_ws('; ', nullif(d.evidence, ''), 'told before, now asked to answer'), 500) END
  WHERE id = ANY(CAST(:ids AS bigint[])) AND ((state = 'muted' AND reason = 'answered') OR (state IN ('accepted', 'delivered') AND NOT EXISTS (
    SELECT 1 FROM call_attempt a JOIN duty_call c ON c.id = a.call_id WHERE a.delivery_id = d.id AND a.state = 'called' AND c.state = ANY(:open))))
  RETURNING d.id AS delivery_id, d.batch_id
)
SELECT back.delivery_id, b.id AS batch_id, b.priority FROM back JOIN batch b ON b.id = back.batch_id
"""

_TRIED: Final = """
UPDATE call_attempt a SET tried_at = :at FROM duty_call c WHERE c.id = a.call_id AND a.delivery_id = ANY(CAST(:ids AS bigint[])) AND a.tried_at IS NULL
RETURNING c.post
"""
