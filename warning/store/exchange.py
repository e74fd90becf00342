"""The intake desk's ledger."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, text

from warning.clock import Clock
from warning.exchange.poll import Mark, Round
from warning.exchange.work import Arrival, Fate, Taken
from warning.signature import Standing
from warning.store.audit import note
from warning.store.database import Database


class IntakeStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    async def known(self, sender: str, identifier: str, sent: str) -> Taken | None:
        async with self._db.begin() as connection:
            row = (await connection.execute(text(f"{_TAKEN} WHERE i.sender = :s AND i.identifier = :i AND i.sent = :t"), {
                "s": sender, "i": identifier, "t": datetime.fromisoformat(sent)})).one_or_none()
        return None if row is None else _taken(row)

    async def record(self, arrival: Arrival) -> bool:
        """False when the same document was recorded meanwhile."""
        taken = arrival.taken
        async with self._db.begin() as connection:
            made = await connection.execute(text(
                "INSERT INTO intake (partner, how, sender, identifier, sent, msg_type, document, standing, repairs, refers_to, fate, why, proposal_id) "
                "VALUES (:partner, :how, :sender, :identifier, :sent, :type, :document, :standing, :repairs, :refers, :fate, :why, :proposal) "
                "ON CONFLICT (sender, identifier, sent) DO NOTHING"), {
                "partner": arrival.partner, "how": arrival.how, "sender": arrival.sender, "identifier": arrival.identifier, "sent": arrival.sent,
                "type": arrival.msg_type, "document": arrival.document.replace("\0", ""), "standing": taken.standing or "",
                "repairs": list(taken.repairs), "refers": list(arrival.references), "fate": taken.fate.value, "why": taken.why,
                "proposal": taken.proposal})
            if made.rowcount:
                await note(connection, who=f"partner {arrival.partner}", act="intake", what=f"alert {arrival.identifier}", at=self._clock.now(),
                           detail={"fate": taken.fate.value, "why": taken.why, "signature": taken.standing or ""})
            return bool(made.rowcount)

    async def follows(self, sender: str, references: Sequence[str]) -> str:
        """Our own alert that went out for what these references name, directly or by an earlier version; empty when none did."""
        async with self._db.begin() as connection:
            found = (await connection.execute(text(_FOLLOWS), {"s": sender, "r": list(references)})).scalar_one_or_none()
        return "" if found is None else str(found)

    async def newest(self, *, limit: int) -> list[tuple[str, datetime, Taken]]:
        """(partner, when it came, what became of it), newest first."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text(f"{_TAKEN} ORDER BY i.at DESC LIMIT :n"), {"n": limit})
            return [(row.partner, row.at, _taken(row)) for row in rows]

    async def mark(self, partner: str) -> Mark:
        async with self._db.begin() as connection:
            row = (await connection.execute(text("SELECT etag, modified FROM partner_feed WHERE partner = :p"), {"p": partner})).one_or_none()
        return Mark() if row is None else Mark(etag=row.etag, modified=row.modified)

    async def looked(self, partner: str, found: Round) -> None:
        """Keep how far the feed was read; a feed that fails is an operator notice until it answers again."""
        async with self._db.begin() as connection:
            await connection.execute(text(
                "INSERT INTO partner_feed (partner, etag, modified, fault) VALUES (:p, :e, :m, :f) ON CONFLICT (partner) DO UPDATE SET "
                "etag = excluded.etag, modified = excluded.modified, fault = excluded.fault, at = clock_timestamp()"),
                {"p": partner, "e": found.mark.etag, "m": found.mark.modified, "f": found.fault})
            if found.fault:
                await connection.execute(text(
                    "INSERT INTO notice (key, text, next_step, at) VALUES (:k, :t, :s, :at) ON CONFLICT (key) DO UPDATE "
                    "SET text = excluded.text, cleared_at = NULL"), {
                    "k": f"partner {partner}", "t": f"the feed of {partner} cannot be read: {found.fault}",
                    "s": "call the partner; it is looked at again by itself", "at": self._clock.now()})
            else:
                await connection.execute(text("UPDATE notice SET cleared_at = :at WHERE key = :k AND cleared_at IS NULL"),
                                         {"k": f"partner {partner}", "at": self._clock.now()})


def _taken(row: Row[tuple[object, ...]]) -> Taken:
    f = row._mapping
    return Taken(
        identifier=f["identifier"], fate=Fate(f["fate"]), why=f["why"], standing=Standing(f["standing"]) if f["standing"] else None,
        repairs=tuple(f["repairs"]), proposal=f["proposal_id"], alert=f["alert"] or "")


_TAKEN = """
SELECT i.identifier, i.partner, i.at, i.fate, i.why, i.standing, i.repairs, i.proposal_id, a.identifier AS alert
FROM intake i LEFT JOIN alert a ON a.proposal_id = i.proposal_id
"""
# A partner's Update may refer to its newest message or (as the national platform does) to its first: both lead to our event, whose newest version is meant.
_FOLLOWS = """
SELECT n.identifier FROM intake i JOIN alert a ON a.proposal_id = i.proposal_id
CROSS JOIN LATERAL (SELECT x.identifier FROM alert x WHERE x.event_id = a.event_id ORDER BY x.version DESC LIMIT 1) n
WHERE i.sender = :s AND i.identifier = ANY(:r) ORDER BY i.sent DESC LIMIT 1
"""
