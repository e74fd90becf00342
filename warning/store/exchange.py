"""The intake desk's ledger: a message is claimed by one row, whoever brings it and however often."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.cap import drill_mark
from warning.clock import Clock
from warning.exchange.work import Arrival, Begun, Claimed, Fate, Followed, InForce, Taken
from warning.level import Level
from warning.signature import Standing
from warning.store.audit import note
from warning.store.database import Database
from warning.store.exchange_tables import CLAIMS

LEASE_S = 60.0
"""After so long a claim that is not settled is thought to be of a process that died. Taken up twice it would do nothing twice."""
_KEPT_OF_REFUSED = 65_536
"""Bytes of a refused document that stay on record: enough to see what it was."""


class IntakeStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    async def claim(self, arrival: Arrival) -> UUID | Claimed:
        """The id of the claim when it is ours now, else what is claimed already."""
        values = _values(arrival)
        async with self._db.begin() as connection:
            # A row that is let go between the two statements leaves neither: then once more, and the first comes through.
            while True:
                made = (await connection.execute(text(
                    f"{_INSERT} 'taking', '', '{{}}') ON CONFLICT (sender, identifier, sent) WHERE {CLAIMS} DO NOTHING RETURNING id"), values)).scalar_one_or_none()
                if made is not None:
                    return UUID(str(made))
                row = (await connection.execute(text(
                    f"{_CLAIMED} WHERE i.sender = :sender AND i.identifier = :identifier AND i.sent = :sent AND {CLAIMS}"), values)).one_or_none()
                if row is not None:
                    return _claimed(row)

    async def began(self, claim: UUID, proposal: UUID) -> None:
        """Written before the proposal is made, so that whoever takes up the claim finds it."""
        async with self._db.begin() as connection:
            await connection.execute(text(
                "UPDATE intake SET proposals = array_append(proposals, :p) WHERE id = :id AND NOT :p = ANY(proposals)"), {"id": claim, "p": proposal})

    async def settle(self, claim: UUID, taken: Taken, *, arrival: Arrival) -> None:
        """The claim's end. The same document kept before stays one row, which counts how often it came."""
        async with self._db.begin() as connection:
            if taken.fate is Fate.KEPT and await self._repeated(connection, arrival, taken):
                await connection.execute(text("DELETE FROM intake WHERE id = :id"), {"id": claim})
                return
            await connection.execute(text(
                "UPDATE intake SET fate = :fate, why = :why, repairs = :repairs, proposals = :proposals, last_at = clock_timestamp() WHERE id = :id"), {
                "id": claim, "fate": taken.fate.value, "why": taken.why, "repairs": list(taken.repairs), "proposals": list(taken.proposals)})
            await self._noted(connection, arrival, taken)

    async def refuse(self, arrival: Arrival, taken: Taken, *, issued: Sequence[str] = ()) -> None:
        """On record, without a claim. ``issued``: ours that went out in other words than these signed ones: the operators are told, once."""
        async with self._db.begin() as connection:
            if await self._repeated(connection, arrival, taken):
                return
            await connection.execute(text(f"{_INSERT} 'refused', :why, :repairs) ON CONFLICT DO NOTHING"), {
                **_values(arrival), "document": arrival.document[:_KEPT_OF_REFUSED], "why": taken.why, "repairs": list(taken.repairs)})
            await self._noted(connection, arrival, taken)
            if issued:
                mark = drill_mark(arrival.status, "zh-CN")
                await connection.execute(text(_DIFFERS), [{
                    "key": f"{_DIFFER}{one}", "at": self._clock.now(),
                    "words": f"{mark}{arrival.partner}: the signed copy of {arrival.identifier} says something else than the one without a signature for which {one} went out",
                    "step": "call the partner at once and ask what it means, then update or lift what went out"} for one in issued])

    async def answered(self) -> None:
        """What went out in other words than the signed ones has been updated, lifted, or has run out: its notice goes."""
        async with self._db.begin() as connection:
            await connection.execute(text(_ANSWERED), {"differ": _DIFFER, "now": self._clock.now()})

    async def orphan(self) -> Claimed | None:
        """One claim that nobody carries on any more; whoever gets it has it for a lease."""
        async with self._db.begin() as connection:
            found = (await connection.execute(text(
                "UPDATE intake SET claimed_at = clock_timestamp() WHERE id = (SELECT id FROM intake WHERE fate = 'taking' "
                "AND claimed_at < clock_timestamp() - make_interval(secs => :lease) ORDER BY claimed_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"),
                {"lease": LEASE_S})).scalar_one_or_none()
            return None if found is None else _claimed((await connection.execute(text(f"{_CLAIMED} WHERE i.id = :id"), {"id": found})).one())

    async def begun(self, proposal: UUID) -> Begun | None:
        """How far a proposal has come; None when it was never made."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text(
                "SELECT p.status, p.revision, a.identifier FROM proposal p LEFT JOIN alert a ON a.proposal_id = p.id WHERE p.id = :id"),
                {"id": proposal})).one_or_none()
        return None if row is None else Begun(status=row.status, revision=row.revision, alert=row.identifier or "")

    async def follows(self, arrival: Arrival) -> Followed:
        """What the references lead to, directly, by an earlier version, or by a later one of the same first message."""
        values = {"s": arrival.sender, "i": arrival.identifier, "r": list(arrival.references), "status": arrival.status, "now": self._clock.now()}
        async with self._db.begin() as connection:
            events = (await connection.execute(text(f"{_CHAIN} {_EVENTS}"), values)).all()
            waiting = (await connection.execute(text(f"{_CHAIN} {_WAITING}"), values)).all()
        return Followed(events=tuple(map(_in_force, events)), waiting={row.id: Standing(row.standing or "unsigned") for row in waiting})

    async def overtaken(self, arrival: Arrival) -> str:
        """The later message of the same sender and status that already names this one and counts; empty when there is none."""
        async with self._db.begin() as connection:
            found = (await connection.execute(text(_OVERTAKEN), {
                "s": arrival.sender, "i": arrival.identifier, "r": list(arrival.references), "t": arrival.sent, "status": arrival.status,
                "signed": arrival.standing is Standing.VALID})).scalar_one_or_none()
        return "" if found is None else str(found)

    async def newest(self, *, limit: int) -> list[tuple[str, datetime, Taken]]:
        """(partner, when it came, what became of it), newest first."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(f"{_TAKEN} ORDER BY i.at DESC LIMIT :n"), {"n": limit})).all()
        return [(row.partner, row.at, _taken(row)) for row in rows]

    async def _repeated(self, connection: AsyncConnection, arrival: Arrival, taken: Taken) -> bool:
        """Whether this very document has come to this end before; then it counts once more."""
        done = await connection.execute(text(
            "UPDATE intake SET times = times + 1, last_at = clock_timestamp(), why = :why, repairs = :repairs WHERE partner = :partner AND sender = :sender "
            "AND identifier = :identifier AND sent = :sent AND digest = :digest AND fate = :fate"), {
            **_values(arrival), "fate": taken.fate.value, "why": taken.why, "repairs": list(taken.repairs)})
        return bool(done.rowcount)

    async def _noted(self, connection: AsyncConnection, arrival: Arrival, taken: Taken) -> None:
        await note(connection, who=f"partner {arrival.partner}", act="intake", what=f"alert {arrival.identifier}", at=self._clock.now(),
                   detail={"fate": taken.fate.value, "why": taken.why, "signature": taken.standing or ""})


def _values(arrival: Arrival) -> dict[str, object]:
    return {
        "partner": arrival.partner, "how": arrival.how, "form": arrival.form, "sender": arrival.sender, "identifier": arrival.identifier,
        "sent": arrival.sent, "type": arrival.msg_type, "status": arrival.status, "document": arrival.document,
        "digest": sha256(arrival.document).digest(), "standing": arrival.standing.value, "refers": list(arrival.references)}


def _claimed(row: Row[tuple[object, ...]]) -> Claimed:
    f = row._mapping
    return Claimed(
        id=f["id"], fate=Fate(f["fate"]), why=f["why"], proposals=tuple(f["proposals"]), alerts=tuple(f["alerts"]), arrival=Arrival(
            partner=f["partner"], how=f["how"], form=f["form"], sender=f["sender"], identifier=f["identifier"], sent=f["sent"], msg_type=f["msg_type"],
            status=f["cap_status"], document=bytes(f["document"]), standing=Standing(f["standing"] or "unsigned"), references=tuple(f["refers_to"])))


def _taken(row: Row[tuple[object, ...]]) -> Taken:
    f = row._mapping
    return Taken(identifier=f["identifier"], fate=Fate(f["fate"]), why=f["why"], standing=Standing(f["standing"]) if f["standing"] else None,
                 repairs=tuple(f["repairs"]), proposals=tuple(f["proposals"]), alerts=tuple(f["alerts"]))


def _in_force(row: Row[tuple[object, ...]]) -> InForce:
    f = row._mapping
    return InForce(event_id=f["event_id"], identifier=f["identifier"], event_code=f["event_code"], level=Level(f["level"]), zones=tuple(f["zones"]),
                   expires=f["expires"], ended=f["ended"])


_INSERT = """
INSERT INTO intake (partner, how, form, sender, identifier, sent, msg_type, cap_status, document, digest, standing, refers_to, fate, why, repairs)
VALUES (:partner, :how, :form, :sender, :identifier, :sent, :type, :status, :document, :digest, :standing, :refers,
"""
_DIFFER = "intake differs "
# Once for each alert of ours: the partner's copy comes again with every look at its feed.
_DIFFERS = "INSERT INTO notice (key, text, next_step, at) VALUES (:key, :words, :step, :at) ON CONFLICT (key) DO NOTHING"
_ANSWERED = """
UPDATE notice n SET cleared_at = :now FROM alert a WHERE n.cleared_at IS NULL AND n.key = :differ || a.identifier
AND (a.expires <= :now OR EXISTS (SELECT 1 FROM alert v WHERE v.event_id = a.event_id AND v.version > a.version))
"""
_ALERTS = "ARRAY(SELECT a.identifier FROM alert a WHERE a.proposal_id = ANY(i.proposals) ORDER BY a.identifier) AS alerts"
_CLAIMED = f"SELECT i.*, {_ALERTS} FROM intake i"
_TAKEN = f"SELECT i.identifier, i.partner, i.at, i.fate, i.why, i.standing, i.repairs, i.proposals, {_ALERTS} FROM intake i"
# A partner's Update may refer to its newest message or (as the national platform does) to its first: upwards to what it names and what that
# named, and downwards to whatever named these. Never this message itself, and nothing that was refused.
_CHAIN = """
WITH RECURSIVE up AS (
  SELECT i.id, i.identifier, i.refers_to, i.proposals, i.standing FROM intake i
  WHERE i.sender = :s AND i.identifier = ANY(:r) AND i.identifier <> :i AND i.fate <> 'refused'
  UNION
  SELECT e.id, e.identifier, e.refers_to, e.proposals, e.standing FROM up c JOIN intake e ON e.sender = :s AND e.identifier = ANY(c.refers_to)
  WHERE e.identifier <> :i AND e.fate <> 'refused'
), down AS (
  SELECT i.id, i.identifier, i.refers_to, i.proposals, i.standing FROM intake i
  WHERE i.sender = :s AND i.refers_to && CAST(:r AS text[]) AND i.identifier <> :i AND i.fate <> 'refused'
  UNION
  SELECT e.id, e.identifier, e.refers_to, e.proposals, e.standing FROM down c JOIN intake e ON e.sender = :s AND e.refers_to @> ARRAY[c.identifier]
  WHERE e.identifier <> :i AND e.fate <> 'refused'
), chain AS (SELECT * FROM up UNION SELECT * FROM down)
"""
_EVENTS = """
SELECT n.event_id, n.identifier, n.event_code, n.level, n.zones, n.expires, n.msg_type = 'Cancel' OR n.expires <= :now AS ended
FROM (SELECT DISTINCT a.event_id FROM chain c JOIN alert a ON a.proposal_id = ANY(c.proposals) WHERE a.status = :status) e
CROSS JOIN LATERAL (SELECT x.* FROM alert x WHERE x.event_id = e.event_id ORDER BY x.version DESC LIMIT 1) n ORDER BY n.identifier
"""
_WAITING = """
SELECT DISTINCT p.id, c.standing FROM chain c JOIN proposal p ON p.id = ANY(c.proposals)
WHERE p.status IN ('open', 'submitted') AND p.cap_status = :status
"""
# What has no signature overtakes nothing that has one. A Cancel counts also when there was nothing here for it to end. Where every version names
# the first message (as the national platform's do), a later one overtakes an earlier one without naming it.
_OVERTAKEN = """
SELECT i.identifier FROM intake i WHERE i.sender = :s AND i.cap_status = :status AND i.identifier <> :i
  AND (i.refers_to @> ARRAY[:i] AND i.sent >= :t OR i.refers_to && CAST(:r AS text[]) AND i.sent > :t)
  AND (i.fate IN ('held', 'redistributed') OR i.fate = 'kept' AND i.msg_type = 'Cancel')
  AND (NOT :signed OR i.standing = 'valid') ORDER BY i.sent DESC LIMIT 1
"""
