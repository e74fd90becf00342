"""The answer desk's ledger."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text

from warning.answer.callout import Acknowledged, Callout
from warning.answer.desk import Opening
from warning.errors import Conflict, NotFound
from warning.store.audit import note
from warning.store.database import Database
from warning.store.stages import mark


class AnswerStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

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
            # One answer of a post settles every open call of the same event, also of earlier versions.
            await connection.execute(text(
                "UPDATE callout SET state = 'answered', answered_at = :at, answered_by = :by "
                "WHERE event_id = :e AND subscription_id = :s AND state IN ('waiting', 'overdue')"),
                {"at": at, "by": by, "e": row.event_id, "s": row.subscription_id})
            await connection.execute(text(
                "UPDATE notice SET cleared_at = :at WHERE cleared_at IS NULL AND key IN (SELECT 'callout ' || id FROM callout "
                "WHERE event_id = :e AND subscription_id = :s)"), {"at": at, "e": row.event_id, "s": row.subscription_id})
            await mark(connection, chain=str(row.proposal_id), stage="acknowledge", at=at, channel=row.post)
            await note(connection, who=by, act="acknowledge", what=f"alert {row.identifier}", at=at, detail={"post": row.post})
        return Acknowledged(identifier=row.identifier, post=row.post, at=at, late=at >= row.deadline)

    async def overdue(self, *, at: datetime) -> list[Callout]:
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(
                "UPDATE callout c SET state = 'overdue', step = c.step + 1, escalated_to = coalesce("
                "(SELECT n.name FROM subscription s JOIN subscription n ON n.id = s.escalates_to WHERE s.id = c.subscription_id), "
                "'duty room') WHERE c.state = 'waiting' AND c.deadline <= :at RETURNING c.*"), {"at": at})).all()
            for row in rows:
                await connection.execute(text(
                    "INSERT INTO notice (key, text, next_step, at) VALUES (:k, :t, :n, :at) ON CONFLICT (key) DO NOTHING"),
                    {"k": f"callout {row.id}", "t": f"{row.post} has not answered {row.identifier}",
                     "n": f"call {row.escalated_to} by telephone and enter the answer", "at": at})
            return [_callout(row) for row in rows]

    async def board(self, identifier: str | None) -> list[Callout]:
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT * FROM callout WHERE CAST(:i AS text) IS NULL OR identifier = :i ORDER BY opened_at DESC, post LIMIT 500"),
                {"i": identifier})
            return [_callout(row) for row in rows]


def _callout(row: Row[tuple[object, ...]]) -> Callout:
    f = row._mapping
    return Callout(
        id=f["id"], identifier=f["identifier"], post=f["post"], state=f["state"], step=f["step"], opened_at=f["opened_at"],
        deadline=f["deadline"], answered_at=f["answered_at"], answered_by=f["answered_by"], escalated_to=f["escalated_to"],
    )
