"""The mass lane's ledger: workers claim batches, hand them over piece by piece, and receipts end them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.crowd import CrowdReceipt
from channels.message import Outcome, Reason, Receipt
from warning.dispatch.delivery import UNSURE, RetryPolicy, State
from warning.dispatch.mass.outcome import answered, came_late
from warning.dispatch.mass.pace import FIRST
from warning.dispatch.mass.sheet import FELL, TWICE, Places, Sheet, among, blank, flag, flagged, put, reasoned
from warning.dispatch.mass.strays import KeptIds
from warning.dispatch.mass.turns import Relative, settle, standings, supersede, turns
from warning.dispatch.mass.work import Claim, Next
from warning.dispatch.order import Turn
from warning.store.crowd import NewCrowd, add, array, sheet_of, write
from warning.store.database import Database
from warning.store.jobs import Jobs
from warning.store.mass_queries import (
    ADDRESSES,
    AFTER,
    FAMILY,
    HELD,
    KEEP_IDS,
    NEXT_CHANNEL,
    OVERDUE,
    PLAIN,
    PUT_DOWN,
    RENEW,
    SOME,
    TAKE,
    WAIT,
    WAKE,
    YOUNG_IDS,
)
from warning.store.retired import retire
from warning.store.stages import mark
from warning.trust.address import Addresses

_WAIT_S = 1.0
"""How soon a batch is looked at again whose earlier version is on the wire."""


class MassStore:
    """Each verb is one transaction. What is due, and for whom, is decided while the family's rows are locked."""

    def __init__(self, database: Database, jobs: Jobs, addresses: Addresses) -> None:
        self._db = database
        self._jobs = jobs
        self._addresses = addresses

    async def claim(self, crowd_id: int, *, firsts: Mapping[str, int], now: datetime, policy: RetryPolicy) -> Claim | None:
        """Take up a batch: everybody whose turn it is, the first of them (as many as ``firsts`` says of the channel) claimed; None when another worker has it or nobody is due."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(FAMILY), {"id": crowd_id})).all()
            mine = next((row for row in rows if row.id == crowd_id), None)
            if mine is None or mine.held or mine.asleep_until is not None:
                return None
            sheet = sheet_of(mine)
            others = {row.id: sheet_of(row) for row in rows if row.id != crowd_id}
            due = (among(sheet, State.QUEUED) & mine.queued_due) | among(sheet, State.CLAIMED)
            due |= among(sheet, State.UNKNOWN) & mine.unknown_due
            seen = standings(
                sheet, mine.version, coming=mine.coming, most_tries=policy.most_claims,
                others=[Relative(version=row.version, sheet=others[row.id], held=row.held) for row in rows if row.id != crowd_id])
            found = turns(seen, due, role=mine.role, expired=now >= mine.expires)
            settle(sheet, found)
            changed = {row.id: others[row.id] for row in rows if row.version < mine.version
                       and found[Turn.NO_START].any() and supersede(sheet, found[Turn.NO_START], others[row.id])}
            numbers = np.flatnonzero(found[Turn.SEND])
            if mine.falls_from is not None and len(numbers):
                numbers = await _still_without(connection, sheet, numbers, mine.falls_from, mine.places)
            addresses: list[str] = []
            if len(numbers):
                numbers, addresses = await _reachable(connection, sheet, numbers)
            going = numbers[: firsts.get(mine.channel, FIRST)]
            _claim(sheet, going)
            await write(connection, [(crowd_id, sheet), *changed.items()])
            if not len(numbers):
                if found[Turn.WAIT].any():
                    await connection.execute(text(WAIT), {"id": crowd_id, "retry": _WAIT_S})
                await self._again(connection, crowd_id, mine.attempt, mine.priority)
                return None
            await connection.execute(text(TAKE), {"id": crowd_id, "lease": policy.lease.total_seconds()})
            if found[Turn.WAIT].any():
                await connection.execute(text(AFTER), _after(crowd_id, retry=_WAIT_S))
        return Claim(
            crowd_id=crowd_id, root=mine.root, identifier=mine.identifier, version=mine.version, channel=mine.channel,
            language=mine.language, role=mine.role, priority=mine.priority, attempt=mine.attempt + 1, expires=mine.expires,
            numbers=numbers, addresses=self._addresses.open_all(addresses), going=len(going))

    async def advance(
        self, claim: Claim, went: Sequence[int], said: CrowdReceipt, upcoming: Sequence[int], *, chain: str, first: bool,
        now: datetime, policy: RetryPolicy, fall_back_s: float | None,
    ) -> Next:
        """Write down what the channel said of the places ``went`` of the claim, and claim ``upcoming``; with none, or when it must
        give way, put the batch down and ask for its next turn. ``first``: nothing of this alert and channel was accepted before."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text(HELD), {"id": claim.crowd_id})).one()
            sheet, mine = sheet_of(row), row.attempt == claim.attempt
            numbers = claim.numbers[np.array(went, dtype=np.intp)]
            waits = answered(sheet, numbers, said, mine=mine, now=now, expires=claim.expires, policy=policy)
            go: list[int] = []
            if mine and not row.newer and not row.urgent:
                at = np.array(upcoming, dtype=np.intp)
                queued = among(sheet, State.QUEUED)[claim.numbers[at]] if len(at) else np.zeros(0, np.bool_)
                go = [int(place) for place in at[queued]]
                _claim(sheet, claim.numbers[at[queued]] if len(at) else at)
            await write(connection, [(claim.crowd_id, sheet)])
            if Reason.GONE in said.reasons.values():
                gone = numbers[among(sheet, State.FAILED)[numbers] & reasoned(sheet, Reason.GONE.value)[numbers]]
                await retire(connection, sheet.members[gone].tolist())
            if any(said.external_ids):
                await connection.execute(text(KEEP_IDS), {
                    "id": claim.crowd_id, "channel": claim.channel, "numbers": array(numbers.tolist()),
                    "ids": "\n".join(one.replace("\0", "").replace("\n", " ") for one in said.external_ids)})
            await connection.execute(text(AFTER), _after(
                claim.crowd_id, accepted=waits.accepted, retry=None if waits.retry is None else waits.retry.total_seconds(),
                unknown=None if waits.unknown is None else waits.unknown.total_seconds(), fall_back=fall_back_s))
            if mine and not go:
                await self._again(connection, claim.crowd_id, claim.attempt, claim.priority)
            # Last, because all workers of a channel write these two rows.
            measured = waits.accepted and not row.told_later
            if measured and first:
                await mark(connection, chain=chain, stage="first_accepted", at=now, channel=claim.channel)
            if measured and (first or not go):
                await mark(connection, chain=chain, stage="last_accepted", at=now, channel=claim.channel, newest=True)
        return Next(go=go)

    async def _again(self, connection: AsyncConnection, crowd_id: int, attempt: int, priority: int) -> None:
        row = (await connection.execute(text(PUT_DOWN), {"id": crowd_id, "attempt": attempt})).one_or_none()
        if row is None or not row.open:
            return
        waits = [max(float(wait or 0.0), 0.0) for owed, wait in ((row.queued, row.retry), (row.unknown, row.grace)) if owed]
        if waits:
            await self._jobs.defer_crowds(connection, [crowd_id], priority=priority, after_s=min(waits))

    async def going(self, crowd_id: int) -> tuple[str, datetime] | None:
        """Over which channel a batch goes, and when its warning ends."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text(
                "SELECT c.channel, a.expires FROM crowd c JOIN alert a USING (identifier) WHERE c.id = :id"), {"id": crowd_id})).one_or_none()
        return None if row is None else (row.channel, row.expires)

    async def postpone(self, crowd_id: int, *, after_s: float) -> None:
        """Nothing of a batch is touched; it is looked at again after so many seconds."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text("SELECT priority FROM crowd WHERE id = :id"), {"id": crowd_id})).one()
            await self._jobs.defer_crowds(connection, [crowd_id], priority=row.priority, after_s=after_s)

    async def renew(self, claim: Claim, policy: RetryPolicy) -> None:
        """The worker that holds a batch still lives: its lease begins anew."""
        async with self._db.begin() as connection:
            await connection.execute(
                text(RENEW), {"id": claim.crowd_id, "attempt": claim.attempt, "lease": policy.lease.total_seconds()})

    async def late(self, receipts: Mapping[int, Mapping[int, Receipt]]) -> list[Receipt]:
        """Receipts by batch and place, as many as came in: one read and one write for all of them. Those that fitted nothing."""
        if not receipts:
            return []
        missed: dict[int, list[Receipt]] = {crowd_id: list(by_place.values()) for crowd_id, by_place in receipts.items()}
        async with self._db.begin() as connection:
            sheets = []
            for row in (await connection.execute(text(SOME), {"ids": array(sorted(receipts))})).all():
                sheet = sheet_of(row)
                final = {n: r for n, r in receipts[row.id].items() if r.outcome in (Outcome.DELIVERED, Outcome.REJECTED)}
                found = came_late(sheet, final)
                missed[row.id] = [final[n] for n in final.keys() - set(found)] if len(found) < len(final) else []
                if found:
                    sheets.append((int(row.id), sheet))
            await write(connection, sheets)
            failed = [crowd_id for crowd_id, sheet in sheets if among(sheet, State.FAILED).any()]
            if failed:
                await connection.execute(text(
                    "UPDATE crowd SET fall_back_at = clock_timestamp() WHERE id = ANY(CAST(:ids AS bigint[])) AND fall_back_at IS NOT NULL"),
                    {"ids": array(failed)})
        return [receipt for some in missed.values() for receipt in some]

    async def fall_back(self) -> int | None:
        """Take the batch whose receipts are overdue longest: its people without one, who named another channel, are told there.

        Returns how many; None when no batch is overdue. A failure counts as no receipt; a receipt that comes before the second message
        leaves ends it (``claim`` looks again).
        """
        async with self._db.begin() as connection:
            row = (await connection.execute(text(OVERDUE))).one_or_none()
            if row is None:
                return None
            # With the muster of a newer version one after the other, so that it sees these people or we see it.
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:e, 2))"), {"e": str(row.event_id)})
            newer = (await connection.execute(text(
                "SELECT EXISTS (SELECT 1 FROM alert WHERE event_id = :e AND version > :v)"), {"e": row.event_id, "v": row.version})).scalar_one()
            await connection.execute(text("UPDATE crowd SET fall_back_at = NULL WHERE id = :id"), {"id": row.id})
            sheet = sheet_of(row)
            silent = np.flatnonzero(among(sheet, State.ACCEPTED, State.UNKNOWN, State.FAILED) & ~flagged(sheet, FELL))
            if newer or not len(silent):
                return 0
            found = (await connection.execute(text(NEXT_CHANNEL), {
                "places": array(silent.tolist()), "ids": array(sheet.members[silent].tolist()), "identifier": row.identifier})).all()
            made = []
            for channel, language in sorted({(one.channel, one.language) for one in found}):
                ways = sorted({one.target: one.place for one in found if (one.channel, one.language) == (channel, language)}.items())
                made.append(NewCrowd(
                    root=None, identifier=row.identifier, event_id=row.event_id, version=row.version, channel=channel, language=language,
                    district=row.district, role=row.role, priority=row.priority, falls_from=row.id,
                    sheet=blank(np.array([target for target, _ in ways], dtype=np.int64)),
                    places=np.array([place for _, place in ways], dtype="<u2").tobytes()))
                flag(sheet, np.array([place for _, place in ways], dtype=np.intp), FELL)
            await write(connection, [(row.id, sheet)])
            await self._jobs.defer_crowds(connection, await add(connection, made), priority=row.priority)
        return sum(len(one.sheet) for one in made)

    async def wake(self, *, now: datetime) -> int:
        """Batches whose people's quiet hours are over may go; returns how many."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(WAKE), {"now": now})).all()
            for priority in sorted({row.priority for row in rows}, reverse=True):
                await self._jobs.defer_crowds(connection, [row.id for row in rows if row.priority == priority], priority=priority)
        return len(rows)

    async def young_ids(self, after: int, *, but: Sequence[int]) -> list[KeptIds]:
        """Gateway ids of the last days, from row ``after`` on without the rows ``but``, a page."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text(YOUNG_IDS), {"after": after, "but": array(but)})
            return [KeptIds(row=row.id, batch=row.crowd_id, channel=row.channel, places=list(row.numbers), lines=row.ids, old=row.old) for row in rows]

    async def parts_told(self, told: Mapping[int, Mapping[int, Sequence[str]]]) -> dict[int, set[int]]:
        """Take reported parts off what is owed (by row of ids and place); the places of which nothing is owed any more, by row."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(
                "SELECT id, numbers, ids FROM crowd_ids WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE"),
                {"ids": array(sorted(told))})).all()
            whole: dict[int, set[int]] = {}
            for row in rows:
                lines = row.ids.split("\n")
                for place, parts in told[row.id].items():
                    at = row.numbers.index(place)
                    owed = [part for part in lines[at].split(",") if part and part not in parts]
                    lines[at] = ",".join(owed)
                    if not owed:
                        whole.setdefault(row.id, set()).add(place)
                await connection.execute(
                    text("UPDATE crowd_ids SET ids = :ids WHERE id = :id"), {"id": row.id, "ids": "\n".join(lines)})
        return whole

    async def retry(self, crowd_ids: Sequence[int]) -> int:
        """An operator's retry: who failed is queued with fresh tries. Returns how many people."""
        people = 0
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(SOME), {"ids": array(sorted(set(crowd_ids)))})).all()
            changed = []
            for row in rows:
                sheet = sheet_of(row)
                failed = among(sheet, State.FAILED)
                flag(sheet, failed & reasoned(sheet, *UNSURE), TWICE)
                put(sheet, failed, State.QUEUED)
                sheet.tries[failed] = 0
                people += int(failed.sum())
                changed.append((int(row.id), sheet))
            await write(connection, changed)
            for row in rows:
                await self._jobs.defer_crowds(connection, [row.id], priority=row.priority)
        return people

    async def concerning(self, crowd_ids: Sequence[int]) -> list[tuple[str, tuple[str, ...]]]:
        """Hazard and zones of each alert that these batches belong to."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT DISTINCT a.hazard, a.zones FROM crowd c JOIN alert a ON a.identifier = c.identifier "
                "WHERE c.id = ANY(CAST(:ids AS bigint[]))"), {"ids": array(list(crowd_ids))})
            return [(row.hazard, tuple(row.zones)) for row in rows]


def _claim(sheet: Sheet, going: Places) -> None:
    put(sheet, going, State.CLAIMED)
    sheet.tries[going] += np.uint8(1)


def _after(
    crowd_id: int, *, retry: float | None = None, unknown: float | None = None, accepted: bool = False, fall_back: float | None = None
) -> dict[str, object]:
    return {"id": crowd_id, "retry": retry, "unknown": unknown, "accepted": accepted, "fall_back": fall_back}


async def _reachable(connection: AsyncConnection, sheet: Sheet, numbers: Places) -> tuple[Places, list[str]]:
    """Addresses of those who have not said STOP meanwhile; who has is muted."""
    row = (await connection.execute(text(ADDRESSES), {"ids": array(sheet.members[numbers].tolist())})).one()
    if all(row.active):
        return numbers, row.addresses
    active = np.array(row.active, dtype=np.bool_)
    put(sheet, numbers[~active], State.MUTED, ("stopped", ""))
    return numbers[active], [address for address, there in zip(row.addresses, row.active, strict=True) if there]


async def _still_without(
    connection: AsyncConnection, sheet: Sheet, numbers: Places, falls_from: int, places: bytes
) -> Places:
    """Without those whom the first channel has reached after all."""
    row = (await connection.execute(text(PLAIN), {"id": falls_from})).one()
    there = np.frombuffer(places, "<u2")[numbers]
    came = among(sheet_of(row), State.DELIVERED)[there]
    put(sheet, numbers[came], State.MUTED, ("receipt_came", ""))
    left: Places = numbers[~came]
    return left

