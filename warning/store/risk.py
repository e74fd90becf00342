"""The ledger of risk notices: what is open at which site, what is to be told, who has signed a pack."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import Receipt
from warning.dispatch.delivery import Step
from warning.dispatch.risk.desk import Signature
from warning.dispatch.risk.notice import DueNotice, notice_id
from warning.errors import Conflict, NotAllowed
from warning.level import Level
from warning.store.audit import note
from warning.store.database import Database
from warning.store.dispatch_queries import UNSURE_REASONS
from warning.store.late import Shelf, late
from warning.watch.memory import Memory, memory_from_json, memory_to_json
from warning.watch.notice import evidence_to_json, notice_texts
from warning.watch.pack import NoticeKey, OpenNotice, Pack, RiskNotice


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """A notice as the faces show it; never its address."""

    id: int
    pack: str
    site: str
    act: str
    level: Level
    class_: str
    owner: str
    channel: str
    texts: Mapping[str, Mapping[str, str]]
    evidence: Mapping[str, object] | None
    at: datetime
    expires: datetime
    state: str
    reason: str
    outcome: str


class RiskStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database, *, cap_status: str) -> None:
        self._db = database
        self._cap_status = cap_status

    # The watch desk's side

    async def standing(self, packs: Sequence[str]) -> tuple[dict[NoticeKey, OpenNotice], dict[str, Memory]]:
        """What is open, and what is remembered of each pack."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text("SELECT * FROM risk_state WHERE pack = ANY(:p)"), {"p": list(packs)})
            open_ = {
                (r.pack, r.site): OpenNotice(event=str(r.event_id), version=r.version, level=Level(r.level), expires=r.expires)
                for r in rows
            }
            found = await connection.execute(
                text("SELECT issuer, memory FROM watch_memory WHERE issuer = ANY(:p)"), {"p": [_memory_key(pack) for pack in packs]})
            memories = {row.issuer.removeprefix(_memory_key("")): memory_from_json(row.memory) for row in found}
        return open_, memories

    async def tell(self, notices: Sequence[RiskNotice], memories: Mapping[str, Memory], *, now: datetime) -> int:
        """A cycle's outcome: what is remembered, what is open, and what is to be sent. Returns how many notices are new.

        What may not be sent is kept and says why: a pack without two signatures, a contact of the wrong lane, no contact.
        """
        told = 0
        async with self._db.begin() as connection:
            for pack, memory in memories.items():
                await connection.execute(text(
                    "INSERT INTO watch_memory (issuer, memory, at) VALUES (:i, CAST(:m AS jsonb), :now) "
                    "ON CONFLICT (issuer) DO UPDATE SET memory = excluded.memory, at = excluded.at"),
                    {"i": _memory_key(pack), "m": json.dumps(memory_to_json(memory)), "now": now})
            for one in notices:
                told += await self._tell(connection, one)
            await connection.execute(
                text("UPDATE notice SET cleared_at = :now WHERE key = 'packs' AND cleared_at IS NULL"), {"now": now})
        return told

    async def failed(self, why: str, *, now: datetime) -> None:
        """The operators see that no site was judged; the next cycle that works clears it."""
        async with self._db.begin() as connection:
            await connection.execute(text(
                "INSERT INTO notice (key, text, next_step, at) VALUES ('packs', :t, :n, :at) ON CONFLICT (key) DO UPDATE "
                "SET text = excluded.text, next_step = excluded.next_step, at = excluded.at, cleared_at = NULL"),
                {"t": f"risk notices to sites could not be judged: {why}", "at": now,
                 "n": "warnings go on; take the newest pack or site file out, or report the error"})

    async def _tell(self, connection: AsyncConnection, one: RiskNotice) -> int:
        event = uuid4() if one.event is None else UUID(one.event)
        key = {"pack": one.pack.id, "site": one.site.code}
        if one.act == "ended":
            await connection.execute(text("DELETE FROM risk_state WHERE pack = :pack AND site = :site"), key)
        else:
            await connection.execute(text(
                "INSERT INTO risk_state (pack, site, event_id, version, level, expires) VALUES (:pack, :site, :e, :v, :l, :x) "
                "ON CONFLICT (pack, site) DO UPDATE SET event_id = excluded.event_id, version = excluded.version, "
                "level = excluded.level, expires = excluded.expires"),
                {**key, "e": event, "v": one.version - one.silent, "l": int(one.level), "x": one.expires})
        if one.silent:
            await connection.execute(text(
                "UPDATE risk_notice SET expires = greatest(expires, :x) WHERE event_id = :e AND version = :v"),
                {"x": one.expires, "e": event, "v": one.version - 1})
            return 0
        about = one.site.about
        why = await self._against(connection, one)
        await connection.execute(text(
            "INSERT INTO risk_notice (pack, digest, site, event_id, version, act, level, class, owner, channel, address, language, status, "
            "texts, evidence, at, expires, state, reason) VALUES (:pack, :digest, :site, :e, :v, :act, :l, :class, :owner, :channel, "
            ":address, :language, :status, CAST(:texts AS jsonb), CAST(:evidence AS jsonb), :at, :x, :state, :why)"),
            {**key, "digest": one.pack.digest, "e": event, "v": one.version, "act": one.act, "l": int(one.level),
             "class": one.pack.at(one.level).key, "owner": about.owner, "channel": about.channel, "address": about.address,
             "language": about.language, "status": self._cap_status, "at": one.at, "x": one.expires,
             "texts": json.dumps(notice_texts(one, self._cap_status), ensure_ascii=False),
             "evidence": None if one.evidence is None else json.dumps(evidence_to_json(one.evidence), ensure_ascii=False),
             "state": "muted" if why else "queued", "why": why})
        return 1

    async def _against(self, connection: AsyncConnection, one: RiskNotice) -> str:
        """Why it may not be sent; empty = it may. Asked once more when it is about to be sent."""
        about = one.site.about
        if not about.channel:
            return "no_contact"
        if about.lane != ("actual" if self._cap_status == "Actual" else "exercise"):
            return "wrong_lane"
        return "" if await _signed(connection, one.pack.id, one.pack.digest) else "unsigned"

    # The dispatch desk's side

    async def due(self, *, now: datetime, lease: timedelta, limit: int = 5) -> list[DueNotice]:
        """Claim what is to be sent now. Of one event only the newest goes; an end only where a start was reached; never past its time."""
        async with self._db.begin() as connection:
            await connection.execute(text(_SUPERSEDE))
            await connection.execute(text(_NO_START))
            await connection.execute(text(_EXPIRE), {"now": now})
            rows = await connection.execute(text(_CLAIM), {"lease": lease.total_seconds(), "limit": limit})
            return [
                DueNotice(
                    id=r.id, event=str(r.event_id), version=r.version, act=r.act, level=Level(r.level), channel=r.channel,
                    address=r.address, language=r.language, status=r.status, texts=r.texts, at=r.at, expires=r.expires, attempts=r.attempts)
                for r in rows
            ]

    async def settle(self, steps: Mapping[int, Step]) -> None:
        """Write down what the channels said."""
        async with self._db.begin() as connection:
            for notice_id, step in steps.items():
                await connection.execute(text(
                    "UPDATE risk_notice SET state = :s, reason = :r, outcome = left(:o, 300), external_id = :external, lease_until = NULL, "
                    "next_try_at = CASE WHEN CAST(:wait AS float) IS NULL THEN NULL ELSE clock_timestamp() + make_interval(secs => :wait) END "
                    "WHERE id = :id AND state = 'claimed' AND attempts = :attempts"),
                    {"s": str(step.state), "r": step.reason, "o": step.evidence, "id": notice_id, "attempts": step.attempts, "external": step.external_id,
                     "wait": None if step.wait is None else step.wait.total_seconds()})

    async def late(self, receipts: Sequence[Receipt]) -> list[Receipt]:
        """What handsets reported later; those that fit no notice."""
        return await late(self._db, _SHELF, receipts)

    # Signatures

    async def sign(self, pack: str, digest: str, *, who: str, may_approve: bool, at: datetime) -> Signature:
        """The first signature submits, the second, of another person who may approve, lets the pack send. Both are on the audit trail."""
        async with self._db.begin() as connection:
            row = (await connection.execute(
                text("SELECT * FROM pack_signature WHERE pack = :p AND digest = :d FOR UPDATE"), {"p": pack, "d": digest})).one_or_none()
            if row is None:
                await connection.execute(text(
                    "INSERT INTO pack_signature (pack, digest, submitted_by, submitted_at) VALUES (:p, :d, :who, :at)"),
                    {"p": pack, "d": digest, "who": who, "at": at})
                await note(connection, who=who, act="submit pack", what=f"pack {pack}", at=at, detail={"digest": digest})
                return Signature(submitted_by=who, approved_by=None)
            if row.approved_by is not None:
                raise Conflict(f"pack {pack} has two signatures already: {row.submitted_by} and {row.approved_by}")
            if row.submitted_by == who:
                raise NotAllowed(f"{who} has signed pack {pack} already: a second person approves it")
            if not may_approve:
                raise NotAllowed(f"{who} may not approve: ask an approver for the second signature")
            await connection.execute(text(
                "UPDATE pack_signature SET approved_by = :who, approved_at = :at WHERE pack = :p AND digest = :d"),
                {"p": pack, "d": digest, "who": who, "at": at})
            # What is open and was held back for want of this signature is told now.
            await connection.execute(text(
                "UPDATE risk_notice n SET state = 'queued', reason = '' FROM risk_state s WHERE n.event_id = s.event_id "
                "AND n.version = s.version AND n.pack = :p AND n.digest = :d AND n.state = 'muted' AND n.reason = 'unsigned'"),
                {"p": pack, "d": digest})
            await note(connection, who=who, act="approve pack", what=f"pack {pack}", at=at,
                       detail={"digest": digest, "submitted_by": row.submitted_by})
            return Signature(submitted_by=row.submitted_by, approved_by=who)

    async def withdraw(self, pack: str, *, who: str, reason: str, at: datetime) -> None:
        """Both signatures are void from now on; what waits to be sent is held back."""
        async with self._db.begin() as connection:
            await connection.execute(text("DELETE FROM pack_signature WHERE pack = :p"), {"p": pack})
            await connection.execute(text(
                "UPDATE risk_notice SET state = 'muted', reason = 'unsigned' WHERE pack = :p AND state = 'queued'"), {"p": pack})
            await note(connection, who=who, act="withdraw pack", what=f"pack {pack}", at=at, detail={"reason": reason})

    async def signatures(self, packs: Sequence[Pack]) -> dict[str, Signature]:
        async with self._db.begin() as connection:
            rows = (await connection.execute(text("SELECT * FROM pack_signature"))).all()
        found = {(row.pack, row.digest): Signature(submitted_by=row.submitted_by, approved_by=row.approved_by) for row in rows}
        return {pack.id: found.get((pack.id, pack.digest), Signature(submitted_by=None, approved_by=None)) for pack in packs}

    async def notices(self, *, limit: int = 200) -> list[NoticeRow]:
        """Newest first."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text("SELECT * FROM risk_notice ORDER BY id DESC LIMIT :n"), {"n": limit})
            return [
                NoticeRow(
                    id=f["id"], pack=f["pack"], site=f["site"], act=f["act"], level=Level(f["level"]), class_=f["class"], owner=f["owner"],
                    channel=f["channel"], texts=f["texts"], evidence=f["evidence"], at=f["at"], expires=f["expires"], state=f["state"],
                    reason=f["reason"], outcome=f["outcome"])
                for f in (row._mapping for row in rows)
            ]


def _memory_key(pack: str) -> str:
    """Beside the issuers' memories; no issuer's code has a colon."""
    return f"pack:{pack}"


async def _signed(connection: AsyncConnection, pack: str, digest: str) -> bool:
    found = await connection.execute(
        text("SELECT 1 FROM pack_signature WHERE pack = :p AND digest = :d AND approved_by IS NOT NULL"), {"p": pack, "d": digest})
    return found.first() is not None


_SHELF = Shelf(
    table="risk_notice", ids="bigint", number_of=notice_id,
    waits="real_at > clock_timestamp() - interval '48 hours' AND (state IN ('claimed', 'accepted', 'unknown') OR state = 'failed' AND reason = 'timeout')",
    told="state = CASE WHEN :delivered THEN 'delivered' ELSE 'failed' END, reason = :reason, outcome = left(:evidence, 300), next_try_at = NULL")

_REACHED = "('accepted', 'delivered', 'unknown')"
_SUPERSEDE = f"""
UPDATE risk_notice n SET state = 'superseded',
  reason = CASE WHEN n.state = 'unknown' OR n.reason IN {UNSURE_REASONS} THEN 'newer_version_unsure' ELSE 'newer_version' END WHERE n.state IN ('queued', 'unknown')
AND EXISTS (SELECT 1 FROM risk_notice x WHERE x.event_id = n.event_id AND x.version > n.version)
"""
_NO_START = f"""
UPDATE risk_notice n SET state = 'muted', reason = 'no_start' WHERE n.state = 'queued' AND n.act = 'ended'
AND NOT EXISTS (SELECT 1 FROM risk_notice x WHERE x.event_id = n.event_id AND x.version < n.version
  AND (x.state IN {_REACHED} OR x.state = 'claimed' OR x.reason IN {UNSURE_REASONS}))
"""
_EXPIRE = """
UPDATE risk_notice SET state = 'expired', reason = 'expired' WHERE state IN ('queued', 'unknown') AND act <> 'ended' AND expires <= :now
"""
# One whose earlier version is on the wire this moment waits; a claim whose worker died is taken over when its lease has run out.
_CLAIM = """
WITH mine AS (
  SELECT n.id FROM risk_notice n WHERE (n.state IN ('queued', 'unknown') AND (n.next_try_at IS NULL OR n.next_try_at <= clock_timestamp())
    OR n.state = 'claimed' AND n.lease_until <= clock_timestamp())
  AND EXISTS (SELECT 1 FROM pack_signature s WHERE s.pack = n.pack AND s.digest = n.digest AND s.approved_by IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM risk_notice x WHERE x.event_id = n.event_id AND x.id <> n.id AND x.state = 'claimed'
    AND x.lease_until > clock_timestamp())
  ORDER BY n.level DESC, n.id LIMIT :limit FOR UPDATE SKIP LOCKED
)
UPDATE risk_notice n SET state = 'claimed', attempts = attempts + 1, lease_until = clock_timestamp() + make_interval(secs => :lease)
FROM mine WHERE n.id = mine.id RETURNING n.*
"""
