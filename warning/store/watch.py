"""The watch desk's ledger: what came in, what is remembered, what is in force, what is proposed."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text

from feeds.payload import Payload
from warning.issue.state import LIVE, move
from warning.issue.work import StoredProposal
from warning.level import Level
from warning.store import basis
from warning.store.database import Database
from warning.store.issue import insert_proposal
from warning.store.stages import mark
from warning.watch.desk import Found, StageTimes
from warning.watch.memory import Memory, memory_from_json, memory_to_json
from warning.watch.proposal import Action, InForce, Proposal, to_json


class WatchStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database, *, cap_status: str) -> None:
        self._db = database
        self._cap_status = cap_status

    async def arrive(self, payload_id: UUID, payload: Payload, *, now: datetime) -> bool:
        """Write down that a payload came; False when this very file came before."""
        async with self._db.begin() as connection:
            result = await connection.execute(text(
                "INSERT INTO payload (id, source, path, checksum, run_time, fetched_at, state) VALUES "
                "(:id, :source, :path, :sum, :run, :at, 'received') ON CONFLICT (source, checksum) DO UPDATE SET id = excluded.id "
                "WHERE payload.state = 'received'"),
                {"id": payload_id, "source": payload.source, "path": str(payload.path), "sum": payload.checksum,
                 "run": payload.run_time, "at": now})
            return result.rowcount == 1

    async def refuse(self, payload_id: UUID, *, why: str, next_step: str, now: datetime) -> None:
        """A payload that cannot be used stays on record, and the operators see it."""
        async with self._db.begin() as connection:
            source = (await connection.execute(text(
                "UPDATE payload SET state = 'refused', detail = :why WHERE id = :id RETURNING source"),
                {"why": why, "id": payload_id})).scalar_one()
            await connection.execute(text(
                "INSERT INTO notice (key, text, next_step, at) VALUES (:k, :t, :n, :at) ON CONFLICT (key) DO UPDATE "
                "SET text = excluded.text, next_step = excluded.next_step, at = excluded.at, cleared_at = NULL"),
                {"k": f"feed {source}", "t": why, "n": next_step, "at": now})

    async def partly(self, source: str, faults: Sequence[str], *, now: datetime) -> None:
        """A notice of what of a feed's file could not be read; none of it takes an earlier one back."""
        key = {"k": f"partly {source}", "at": now}
        async with self._db.begin() as connection:
            if not faults:
                await connection.execute(text("UPDATE notice SET cleared_at = :at WHERE key = :k AND cleared_at IS NULL"), key)
                return
            more = f" (+{len(faults) - 3})" if len(faults) > 3 else ""
            await connection.execute(text(
                "INSERT INTO notice (key, text, next_step, at) VALUES (:k, :t, :n, :at) ON CONFLICT (key) DO UPDATE "
                "SET text = excluded.text, next_step = excluded.next_step, at = excluded.at, cleared_at = NULL"),
                key | {"t": f"资料源 {source} 的文件只读出一部分 / a file of feed {source} was read in part: {' | '.join(faults[:3])}{more}",
                       "n": "未读出的部分按未知处理；请提供方补发 / what was not read is unknown; ask the provider for the whole file"})

    async def watched(self, since: datetime) -> list[tuple[str, str]]:
        """(path, source) of payloads read since then, oldest first: a restarted desk reads them again for its sliding windows."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT path, source FROM payload WHERE state = 'watched' AND run_time >= :since ORDER BY run_time"), {"since": since})
            return [(row.path, row.source) for row in rows]

    async def memory(self, issuer: str) -> Memory:
        async with self._db.begin() as connection:
            found = (await connection.execute(
                text("SELECT memory FROM watch_memory WHERE issuer = :i"), {"i": issuer})).scalar_one_or_none()
        return Memory() if found is None else memory_from_json(found)

    async def in_force(self, *, now: datetime) -> list[InForce]:
        """The newest version of every event that is neither cancelled nor over; a drill beside real warnings is none of them.

        What a person set stays a person's through extensions and changes of area, until data raise or lower its level.
        """
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT a.*, EXISTS (SELECT 1 FROM alert h JOIN proposal p ON p.id = h.proposal_id WHERE h.event_id = a.event_id "
                "AND h.level = a.level AND p.reason = 'by_hand') AS by_hand FROM alert a WHERE a.msg_type <> 'Cancel' "
                "AND a.status = :status AND a.expires > :now AND NOT EXISTS (SELECT 1 FROM alert n WHERE n.event_id = a.event_id AND n.version > a.version)"),
                {"now": now, "status": self._cap_status})
            return [
                InForce(event_id=str(r.event_id), issuer=r.issuer, hazard=r.hazard, level=Level(r.level), zones=tuple(r.zones),
                        expires=r.expires, identifier=r.identifier, version=r.version, by_hand=r.by_hand)
                for r in rows
            ]

    async def conclude(
        self, payload_id: UUID, *, found: Sequence[Found], memories: Mapping[str, Memory], data_time: datetime,
        times: StageTimes, now: datetime,
    ) -> list[UUID]:
        """Store a cycle's outcome in one transaction: memories, new proposals (older ones replaced), stage marks.

        A proposal that asks for the same as a live one is not stored again. A live one that the data no longer
        ask for is replaced by nothing, unless it waits for a signature. Returns the ids of the new ones.
        """
        stored: list[UUID] = []
        async with self._db.begin() as connection:
            for issuer, memory in memories.items():
                await connection.execute(text(
                    "INSERT INTO watch_memory (issuer, memory, at) VALUES (:i, CAST(:m AS jsonb), :now) "
                    "ON CONFLICT (issuer) DO UPDATE SET memory = excluded.memory, at = excluded.at"),
                    {"i": issuer, "m": json.dumps(memory_to_json(memory)), "now": now})
            live = (await connection.execute(text(
                "SELECT id, issuer, hazard, event_id, level, action, zones, status, reason FROM proposal "
                "WHERE status = ANY(:live) AND issuer = ANY(:issuers) AND reason <> 'by_hand' FOR UPDATE"),
                {"live": list(LIVE), "issuers": list(memories)})).all()
            wanted = list(found)
            for row in live:
                about = [item for item in wanted if _same_matter(item.proposal, row)]
                same = [item for item in about if (
                    item.proposal.action.value == row.action and set(item.proposal.zones) == set(row.zones)
                    and item.proposal.level == Level(row.level))]
                if same:
                    wanted.remove(same[0])
                elif row.status == "open" or any(_outranks(item.proposal, Level(row.level)) for item in about):
                    await connection.execute(
                        text("UPDATE proposal SET status = :s WHERE id = :id"),
                        {"s": move(row.status, "replace"), "id": row.id})
                else:
                    wanted = [item for item in wanted if item not in about]
            for item in wanted:
                await insert_proposal(connection, _stored(item, self._cap_status, now), payload_id=payload_id, data_time=data_time)
                if item.basis is not None:
                    await basis.keep(connection, item.id, item.basis)
                chain = str(item.id)
                await mark(connection, chain=chain, stage="arrival", at=now, real_at=times.arrived)
                await mark(connection, chain=chain, stage="decode", at=now, seconds=times.decode_s, real_at=times.decoded)
                await mark(connection, chain=chain, stage="derive", at=now, seconds=times.derive_s, real_at=times.derived)
                await mark(connection, chain=chain, stage="propose", at=now)
                stored.append(item.id)
            await connection.execute(
                text("UPDATE payload SET state = 'watched', run_time = coalesce(run_time, :data_time) WHERE id = :id"),
                {"id": payload_id, "data_time": data_time})
            await connection.execute(text(
                "UPDATE notice SET cleared_at = :now WHERE key = 'feed ' || (SELECT source FROM payload WHERE id = :id) "
                "AND cleared_at IS NULL"), {"now": now, "id": payload_id})
        return stored

    async def real_now(self) -> datetime:
        """The database's own clock, which every machine shares."""
        async with self._db.begin() as connection:
            moment: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
            return moment


def _same_matter(proposal: Proposal, row: Row[tuple[object, ...]]) -> bool:
    """Whether both are about one event; two new ones are when they share a zone: an issuer may ask for several at once."""
    fields = row._mapping
    event = None if fields["event_id"] is None else str(fields["event_id"])
    if (proposal.issuer, proposal.hazard, proposal.event_id) != (fields["issuer"], fields["hazard"], event):
        return False
    return event is not None or not set(proposal.zones).isdisjoint(fields["zones"])


def _outranks(newer: Proposal, level: Level) -> bool:
    """What waits for a signature gives way only to something stronger, or to the end of it all."""
    return newer.action is Action.CANCEL or (newer.level is not None and newer.level > level)


def _stored(item: Found, cap_status: str, now: datetime) -> StoredProposal:
    proposal = item.proposal
    level = proposal.level or proposal.previous_level or Level.BLUE
    return StoredProposal(
        id=item.id, issuer=proposal.issuer, hazard=proposal.hazard, event_code=proposal.event_code, level=level,
        action=proposal.action.value, reason=proposal.reason.value, status="open",
        event_id=None if proposal.event_id is None else UUID(proposal.event_id), cap_status=cap_status, zones=proposal.zones,
        body=to_json(proposal) | {"affected": dict(item.affected)}, texts=item.texts, polygon=item.polygon,
        onset=proposal.onset or now, expires=item.expires, created_at=now, submitted_by=None, changes={}, revision=1,
    )
