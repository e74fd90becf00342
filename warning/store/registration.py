"""The ledger of registrations: what waits for a code, whose places are whose, and the words that go to one person."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.message import Lane, Receipt
from warning.dispatch.delivery import Step
from warning.dispatch.mass.sheet import storable
from warning.dispatch.quiet import quiet_of, said
from warning.dispatch.registration import Pending, Whose
from warning.dispatch.saying import PlaceHeld
from warning.dispatch.subscribe import Entry
from warning.dispatch.word import DueWord, NewWord, word_id
from warning.level import Level
from warning.store.database import Database
from warning.store.late import Shelf, late
from warning.store.subscribe import LANES
from warning.trust.address import Addresses

KEPT = timedelta(days=1)
"""For how long a request and a word are kept after their time."""


_CLOSED = 1000
"""Tries of a request whose code was never sent: more than anybody has."""


class RegistrationStore:
    """Each verb is one transaction; addresses and texts are sealed on the way in."""

    def __init__(self, database: Database, addresses: Addresses) -> None:
        self._db = database
        self._addresses = addresses

    async def begin(self, pending: Pending, words: Sequence[NewWord], *, since: datetime, most: int) -> None:
        """Keep the request; its codes go out unless an address was asked for ``most`` times since. The answer is the same either way, but what
        nobody was sent nobody can know: such a request takes no code at all, so that asking again and again buys no more guesses."""
        sealed = self._addresses.seal(pending.entry.address)
        wish = _kept(pending, self._addresses)
        async with self._db.begin() as connection:
            asked = [sealed, *(self._addresses.seal(word.address) for word in words)]
            for one in sorted(set(asked)):
                await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:k, 3))"), {"k": one})
            often = (await connection.execute(text(
                "SELECT count(*) FROM registration WHERE at > :since AND (address = ANY(:a) OR wish->'next'->>'address' = ANY(:a))"),
                {"since": since, "a": [form for one in (pending.entry.address, *(word.address for word in words)) for form in self._addresses.forms(one)]})).scalar_one()
            await connection.execute(text(
                "INSERT INTO registration (id, lane, channel, address, wish, code_hash, next_hash, at, expires, tries) "
                "VALUES (:id, :lane, :channel, :address, CAST(:wish AS jsonb), :code, :next, :at, :expires, :tries)"), {
                    "tries": 0 if often < most else _CLOSED,
                    "id": pending.request, "lane": pending.entry.lane, "channel": pending.entry.channel, "address": sealed,
                    "wish": json.dumps(wish), "code": pending.code_hash, "next": pending.next_hash, "at": pending.at, "expires": pending.expires})
            if often < most:
                for word in words:
                    await _add(connection, word, self._addresses)

    async def tried(self, request: UUID, *, now: datetime, most: int) -> Pending | None:
        """One more try at a request's code; None when there is none, it is over, used, or was tried ``most`` times."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text(
                "UPDATE registration SET tries = tries + 1 WHERE id = :id AND confirmed_at IS NULL AND expires > :now AND tries < :most "
                "RETURNING *"), {"id": request, "now": now, "most": most})).one_or_none()
        return None if row is None else _pending(row, self._addresses)

    async def confirmed(self, request: UUID, *, pass_hash: str, now: datetime, until: datetime) -> bool:
        async with self._db.begin() as connection:
            done = await connection.execute(text(
                "UPDATE registration SET confirmed_at = :now, pass_hash = :p, pass_until = :until WHERE id = :id AND confirmed_at IS NULL"),
                {"id": request, "p": pass_hash, "now": now, "until": until})
            return done.rowcount == 1

    async def newest(self, channels: Sequence[str], address: str, *, now: datetime) -> UUID | None:
        """The request of this address that still waits for a code that was sent."""
        async with self._db.begin() as connection:
            found: UUID | None = (await connection.execute(text(
                "SELECT id FROM registration WHERE address = ANY(:a) AND channel = ANY(:c) AND confirmed_at IS NULL AND expires > :now AND tries < :closed "
                "ORDER BY at DESC LIMIT 1"), {"a": self._addresses.forms(address), "c": list(channels), "now": now, "closed": _CLOSED})).scalar_one_or_none()
        return found

    async def opened_by(self, pass_hash: str, *, now: datetime) -> Whose | None:
        async with self._db.begin() as connection:
            row = (await connection.execute(text(
                "SELECT lane, channel, address FROM registration WHERE pass_hash = :p AND pass_until > :now"),
                {"p": pass_hash, "now": now})).one_or_none()
        return None if row is None else Whose(lane=_lane(row.lane), channel=row.channel, address=self._addresses.open(row.address))

    async def places(self, channels: Sequence[str], address: str, *, lane: Lane | None) -> list[PlaceHeld]:
        """What is active for an address, oldest first; ``lane`` None = both."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT * FROM subscription WHERE lane = ANY(:lanes) AND channel = ANY(:c) AND address = ANY(:a) "
                "AND kind = 'resident' AND active AND NOT standby ORDER BY id"),
                {"lanes": [lane] if lane else list(LANES), "c": list(channels), "a": self._addresses.forms(address)})
            return [_place(row) for row in rows]

    async def end(self, channels: Sequence[str], address: str, *, lane: Lane, place: int) -> int:
        """End one place of an address, or all (0), and what stood by for it; how many ended."""
        async with self._db.begin() as connection:
            ended = (await connection.execute(text(
                "UPDATE subscription SET active = false WHERE lane = :lane AND channel = ANY(:c) AND address = ANY(:a) AND kind = 'resident' "
                "AND active AND (:place = 0 OR id = :place) RETURNING falls_back_to"),
                {"lane": lane, "c": list(channels), "a": self._addresses.forms(address), "place": place})).all()
            await connection.execute(text(
                "UPDATE subscription s SET active = false WHERE s.id = ANY(:next) AND s.standby "
                "AND NOT EXISTS (SELECT 1 FROM subscription o WHERE o.falls_back_to = s.id AND o.active)"),
                {"next": [row.falls_back_to for row in ended if row.falls_back_to is not None]})
        return len(ended)

    async def say(self, word: NewWord, *, since: datetime, most: int) -> bool:
        """Queue a word unless this address was told ``most`` of them since."""
        async with self._db.begin() as connection:
            told = (await connection.execute(text("SELECT count(*) FROM word WHERE address = ANY(:a) AND at > :since"),
                                             {"a": self._addresses.forms(word.address), "since": since})).scalar_one()
            if told < most:
                await _add(connection, word, self._addresses)
        return bool(told < most)

    async def due(self, *, channels: Sequence[str], now: datetime, lease: timedelta) -> list[DueWord]:
        """Claim what is to be sent now; what is over is not sent any more."""
        async with self._db.begin() as connection:
            await connection.execute(text(
                "UPDATE word SET state = 'expired', reason = 'expired', ended_at = :now WHERE state IN ('queued', 'claimed') AND expires <= :now"),
                {"now": now})
            rows = await connection.execute(text(_CLAIM), {"channels": list(channels), "lease": lease.total_seconds()})
            return [
                DueWord(id=row.id, attempts=row.attempts, word=NewWord(
                    lane=_lane(row.lane), channel=row.channel, address=self._addresses.open(row.address), subject=row.subject,
                    text=self._addresses.open(row.text), language=row.language, at=row.at, expires=row.expires))
                for row in rows
            ]

    async def settle(self, steps: Mapping[int, Step], *, now: datetime) -> None:
        """Write down what the channel said; a receipt that overtook the answer stays."""
        async with self._db.begin() as connection:
            for number, step in steps.items():
                state = "queued" if step.wait is not None else step.state.value
                await connection.execute(text(
                    "UPDATE word SET state = :s, reason = :r, evidence = left(:e, 300), external_id = :external, ended_at = CASE WHEN :s = 'queued' THEN NULL ELSE CAST(:now AS timestamptz) END, "
                    "next_try_at = CASE WHEN CAST(:wait AS float) IS NULL THEN NULL ELSE clock_timestamp() + make_interval(secs => :wait) END "
                    "WHERE id = :id AND state = 'claimed'"),
                    {"s": state, "r": step.reason, "e": step.evidence, "now": now, "id": number,
                     "external": storable(step.external_id), "wait": None if step.wait is None else step.wait.total_seconds()})

    async def late(self, receipts: Sequence[Receipt]) -> list[Receipt]:
        """What handsets reported later of words; those that fit none."""
        return await late(self._db, _SHELF, receipts)

    async def prune(self, *, now: datetime) -> int:
        """Forget requests and words of a day ago: nobody's number is kept for nothing."""
        async with self._db.begin() as connection:
            gone = 0
            for table in ("registration", "word"):
                gone += (await connection.execute(text(f"DELETE FROM {table} WHERE expires < :t"), {"t": now - KEPT})).rowcount
        return gone


async def _add(connection: AsyncConnection, word: NewWord, addresses: Addresses) -> None:
    await connection.execute(text(
        "INSERT INTO word (lane, channel, address, subject, text, language, at, expires) "
        "VALUES (:lane, :channel, :address, :subject, :text, :language, :at, :expires)"), {
            "lane": word.lane, "channel": word.channel, "address": addresses.seal(word.address), "subject": word.subject,
            "text": addresses.seal(word.text), "language": word.language, "at": word.at, "expires": word.expires})


def _kept(pending: Pending, addresses: Addresses) -> dict[str, object]:
    entry, following = pending.entry, pending.following
    return {
        "language": entry.language, "hazards": list(entry.hazards), "min_level": int(entry.min_level), "cell": entry.cell,
        "district": entry.district, "quiet": said(entry.quiet),
        "next": None if following is None else {"channel": following.channel, "address": addresses.seal(following.address)}}


def _pending(row: Row[tuple[object, ...]], addresses: Addresses) -> Pending:
    f = row._mapping
    wish = f["wish"]
    entry = Entry(
        kind="resident", lane=_lane(f["lane"]), name="", owner="", channel=f["channel"], address=addresses.open(f["address"]), secret="",
        language=wish["language"], hazards=tuple(wish["hazards"]), min_level=Level(wish["min_level"]), zones=(), polygon=None,
        cell=wish["cell"], district=wish["district"], quiet=quiet_of(wish["quiet"]))
    following = None if wish["next"] is None else replace(
        entry, channel=wish["next"]["channel"], address=addresses.open(wish["next"]["address"]), standby=True)
    return Pending(request=f["id"], entry=entry, following=following, code_hash=f["code_hash"], next_hash=f["next_hash"], at=f["at"],
                   expires=f["expires"])


def _place(row: Row[tuple[object, ...]]) -> PlaceHeld:
    f = row._mapping
    quiet = None if f["quiet_from"] is None else (f["quiet_from"], f["quiet_until"])
    return PlaceHeld(id=f["id"], channel=f["channel"], cell=f["cell"] or "", district=f["district"] or "", hazards=tuple(f["hazards"]),
                     min_level=Level(f["min_level"]), language=f["language"], quiet=said(quiet))


def _lane(word: str) -> Lane:
    return "actual" if word == "actual" else "exercise"


_SHELF = Shelf(
    table="word", ids="bigint", number_of=word_id, waits="state IN ('claimed', 'queued', 'accepted')",
    told="state = CASE WHEN :delivered THEN 'delivered' ELSE 'failed' END, ended_at = :at, "
         "reason = CASE WHEN :delivered THEN '' ELSE coalesce(nullif(:reason, ''), 'refused') END, "
         "evidence = left(concat_ws('; ', nullif(evidence, ''), CAST(:evidence AS text)), 300)")

_CLAIM = """
WITH mine AS (
  SELECT id FROM word WHERE state IN ('queued', 'claimed') AND channel = ANY(CAST(:channels AS text[]))
    AND (next_try_at IS NULL OR next_try_at <= clock_timestamp()) ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED
)
UPDATE word w SET state = 'claimed', attempts = attempts + 1, next_try_at = clock_timestamp() + make_interval(secs => :lease)
FROM mine WHERE w.id = mine.id RETURNING w.*
"""
