"""The answer desk's ledger."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.answer.callout import Acknowledged, Callout
from warning.answer.desk import Opening
from warning.errors import Conflict, NotFound
from warning.store.audit import note
from warning.store.database import Database
from warning.store.jobs import Jobs
from warning.store.stages import mark

DUTY_ROOM = "duty room"
"""Who is named when a post has nobody after it."""


class AnswerStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database, jobs: Jobs) -> None:
        self._db = database
        self._jobs = jobs

    async def open(self, identifier: str, openings: Sequence[Opening], *, at: datetime) -> dict[int, UUID]:
        """Ids by subscription; an earlier callout of the same alert and post is found again, not opened twice."""
        async with self._db.begin() as connection:
            for opening in openings:
                await connection.execute(text(
                    "INSERT INTO callout (id, identifier, event_id, subscription_id, post, token_hash, state, opened_at, deadline) "
                    "SELECT :id, identifier, event_id, :sub, :post, :hash, 'waiting', :at, :deadline FROM alert "
                    "WHERE identifier = :i ON CONFLICT (event_id, subscription_id, identifier) DO NOTHING"),
                    {"id": opening.id, "sub": opening.subscription_id, "post": opening.post, "hash": opening.token_hash,
                     "at": at, "deadline": opening.deadline, "i": identifier})
            rows = await connection.execute(
                text("SELECT id, subscription_id FROM callout WHERE identifier = :i"), {"i": identifier})
            return {row.subscription_id: row.id for row in rows}

    async def answer(self, token_hash: str, *, by: str, at: datetime) -> Acknowledged:
        async with self._db.begin() as connection:
            row = (await connection.execute(
                text("SELECT c.*, a.proposal_id FROM callout c JOIN alert a USING (identifier) WHERE token_hash = :t FOR UPDATE OF c"),
                {"t": token_hash})).one_or_none()
            if row is None:
                raise NotFound("this answer link is not known; use the one in the newest message")
            if row.state not in ("waiting", "overdue"):
                raise Conflict(f"{row.post}: already {row.state}")
            # One answer settles every open call of the same event, also of earlier versions: of the post itself, of those whose stand-in it is (the
            # next one has answered for them), and it ends those that were called in its stead.
            values = {"at": at, "by": by, "e": row.event_id, "s": row.subscription_id}
            await connection.execute(text(_SETTLE), values)
            await connection.execute(text(
                "UPDATE notice SET cleared_at = :at WHERE cleared_at IS NULL AND key IN (SELECT 'callout ' || id FROM callout "
                "WHERE event_id = :e AND state IN ('answered', 'ended'))"), {"at": at, "e": row.event_id})
            await mark(connection, chain=str(row.proposal_id), stage="acknowledge", at=at, channel=row.post)
            await note(connection, who=by, act="acknowledge", what=f"alert {row.identifier}", at=at, detail={"post": row.post})
        return Acknowledged(identifier=row.identifier, post=row.post, at=at, late=at >= row.deadline)

    async def overdue(self, *, at: datetime) -> list[Callout]:
        """Calls whose deadline has passed: the next post is sent the same warning with a link of its own, or the duty room is named."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(
                "UPDATE callout c SET state = 'overdue', step = c.step + 1, escalated_to = coalesce("
                "(SELECT n.name FROM subscription s JOIN subscription n ON n.id = s.escalates_to WHERE s.id = c.subscription_id), "
                f"'{DUTY_ROOM}') WHERE c.state = 'waiting' AND c.deadline <= :at RETURNING c.*"), {"at": at})).all()
            for row in rows:
                await connection.execute(text(
                    "INSERT INTO notice (key, text, next_step, at) VALUES (:k, :t, :n, :at) ON CONFLICT (key) DO NOTHING"),
                    {"k": f"callout {row.id}", "t": f"{row.post} has not answered {row.identifier}",
                     "n": (f"{row.escalated_to} is being called; " if row.escalated_to != DUTY_ROOM else "")
                          + f"call {row.escalated_to} by telephone and enter the answer", "at": at})
                await self._call_next(connection, row.identifier, row.subscription_id)
            return [_callout(row) for row in rows]

    async def board(self, identifier: str | None) -> list[Callout]:
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT * FROM callout WHERE CAST(:i AS text) IS NULL OR identifier = :i ORDER BY opened_at DESC, post LIMIT 500"),
                {"i": identifier})
            return [_callout(row) for row in rows]


    async def _call_next(self, connection: AsyncConnection, identifier: str, subscription_id: int) -> None:
        """A delivery for the next post, as every other: with evidence, retries, and an end-notice later. None when it has the warning already."""
        made = (await connection.execute(text(_CALL_NEXT), {"i": identifier, "s": subscription_id})).one_or_none()
        if made is not None:
            await self._jobs.defer_send(connection, made.id, priority=made.priority)


def _callout(row: Row[tuple[object, ...]]) -> Callout:
    f = row._mapping
    return Callout(
        id=f["id"], identifier=f["identifier"], post=f["post"], state=f["state"], step=f["step"], opened_at=f["opened_at"],
        deadline=f["deadline"], answered_at=f["answered_at"], answered_by=f["answered_by"], escalated_to=f["escalated_to"],
    )


_SETTLE = """
WITH RECURSIVE instead AS (
  SELECT escalates_to AS id FROM subscription WHERE id = :s AND escalates_to IS NOT NULL
  UNION SELECT n.escalates_to FROM subscription n JOIN instead i ON n.id = i.id WHERE n.escalates_to IS NOT NULL
), answered_for AS (
  SELECT CAST(:s AS bigint) AS id UNION SELECT p.id FROM subscription p JOIN answered_for f ON p.escalates_to = f.id
)
UPDATE callout SET
  state = CASE WHEN subscription_id IN (SELECT id FROM answered_for) THEN 'answered' ELSE 'ended' END,
  answered_at = CASE WHEN subscription_id IN (SELECT id FROM answered_for) THEN CAST(:at AS timestamptz) END,
  answered_by = CASE WHEN subscription_id IN (SELECT id FROM answered_for) THEN :by ELSE '' END
WHERE event_id = :e AND state IN ('waiting', 'overdue')
  AND (subscription_id IN (SELECT id FROM answered_for) OR subscription_id IN (SELECT id FROM instead))
"""
_CALL_NEXT = """
WITH next AS (
  SELECT n.id, n.channel, d.identifier, d.event_id, d.version, b.priority
  FROM subscription s JOIN subscription n ON n.id = s.escalates_to AND n.active
  JOIN delivery d ON d.subscription_id = s.id AND d.identifier = :i JOIN batch b ON b.id = d.batch_id
  WHERE s.id = :s AND NOT EXISTS (SELECT 1 FROM delivery x WHERE x.event_id = d.event_id AND x.version = d.version
    AND x.channel = n.channel AND x.subscription_id = n.id) LIMIT 1
), made AS (
  INSERT INTO batch (identifier, channel, slot, priority, size)
  SELECT identifier, channel, (SELECT coalesce(max(slot), 0) + 1 FROM batch b WHERE b.identifier = next.identifier), priority, 1 FROM next
  RETURNING id, priority
), put AS (
  INSERT INTO delivery (batch_id, identifier, event_id, version, channel, subscription_id, role, state)
  SELECT made.id, next.identifier, next.event_id, next.version, next.channel, next.id, 'start', 'queued' FROM next, made RETURNING id
)
SELECT made.id, made.priority FROM made WHERE (SELECT count(*) FROM put) > 0
"""
