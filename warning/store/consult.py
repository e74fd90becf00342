"""The consultation's ledger: notes that are only added to, and the reviews that the fast lane owes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.errors import NotFound
from warning.issue.consult.work import Note, Review, Verdict
from warning.store.audit import note as audited
from warning.store.database import Database


class ConsultStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def about(self, proposal_id: UUID) -> tuple[str, tuple[str, ...]]:
        """Hazard and zones. Raises NotFound."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text("SELECT hazard, zones FROM proposal WHERE id = :id"), {"id": proposal_id})).one_or_none()
        if row is None:
            raise NotFound(f"no proposal {proposal_id}")
        return row.hazard, tuple(row.zones)

    async def say(self, proposal_id: UUID, *, who: str, text: str, at: datetime) -> Note:
        return await _say(self._db, proposal_id, who=who, said=text, at=at)

    async def notes(self, proposals: Sequence[UUID]) -> dict[UUID, tuple[Note, ...]]:
        """Of each proposal, oldest first."""
        if not proposals:
            return {}
        async with self._db.begin() as connection:
            rows = await connection.execute(
                text("SELECT id, proposal_id, who, text, at FROM proposal_note WHERE proposal_id = ANY(:ids) ORDER BY id"), {"ids": list(proposals)})
            found: dict[UUID, tuple[Note, ...]] = {}
            for row in rows:
                made = Note(id=row.id, proposal_id=row.proposal_id, who=row.who, text=row.text, at=row.at)
                found[made.proposal_id] = (*found.get(made.proposal_id, ()), made)
            return found

    async def owed(self, *, limit: int = 50) -> list[Review]:
        """What is to be reviewed, the most overdue first."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text(f"{_REVIEW} WHERE r.reviewed_at IS NULL ORDER BY r.due_at LIMIT :n"), {"n": limit})
            return [_review(row) for row in rows]

    async def review(self, identifier: str) -> Review:
        """Raises NotFound for an alert that owes none."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text(f"{_REVIEW} WHERE r.identifier = :i"), {"i": identifier})).one_or_none()
        if row is None:
            raise NotFound(f"{identifier} owes no review; GET /api/reviews lists what does")
        return _review(row)

    async def settle(self, identifier: str, *, who: str, verdict: Verdict, remark: str, at: datetime) -> bool:
        """False when somebody has reviewed it already."""
        async with self._db.begin() as connection:
            done = await connection.execute(text(
                "UPDATE fast_review SET reviewed_by = :who, reviewed_at = :at, verdict = :v, remark = :r "
                "WHERE identifier = :i AND reviewed_at IS NULL"),
                {"who": who, "at": at, "v": verdict.value, "r": remark, "i": identifier})
            if done.rowcount == 1:
                await audited(connection, who=who, act="review", what=f"alert {identifier}", at=at,
                              detail={"verdict": verdict.value, "remark": remark})
            return done.rowcount == 1


async def owe_review(connection: AsyncConnection, identifier: str, *, issued_by: str, issued_at: datetime, due_at: datetime) -> None:
    """Inside the transaction of the signature: a review that is not written down is not owed."""
    await connection.execute(
        text("INSERT INTO fast_review (identifier, issued_by, issued_at, due_at) VALUES (:i, :by, :at, :due)"),
        {"i": identifier, "by": issued_by, "at": issued_at, "due": due_at})


async def _say(database: Database, proposal_id: UUID, *, who: str, said: str, at: datetime) -> Note:
    async with database.begin() as connection:
        number = (await connection.execute(
            text("INSERT INTO proposal_note (proposal_id, who, text, at) VALUES (:p, :who, :said, :at) RETURNING id"),
            {"p": proposal_id, "who": who, "said": said, "at": at})).scalar_one()
        await audited(connection, who=who, act="note", what=f"proposal {proposal_id}", at=at, detail={"note": number})
    return Note(id=number, proposal_id=proposal_id, who=who, text=said, at=at)


_REVIEW = "SELECT r.*, a.hazard, a.zones, a.status FROM fast_review r JOIN alert a ON a.identifier = r.identifier"


def _review(row: Row[tuple[object, ...]]) -> Review:
    f = row._mapping
    return Review(
        identifier=f["identifier"], hazard=f["hazard"], zones=tuple(f["zones"]), status=f["status"], issued_by=f["issued_by"],
        issued_at=f["issued_at"], due_at=f["due_at"], reviewed_by=f["reviewed_by"], reviewed_at=f["reviewed_at"], verdict=f["verdict"],
        remark=f["remark"])
