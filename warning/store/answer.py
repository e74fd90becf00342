"""The answer desk's ledger: calls, their attempts with due times, and answers that settle them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.answer.call import OPEN, Acknowledged, Attempt, Call, Question
from warning.answer.work import Answer, Office, Opening, Planned
from warning.cap import drill_mark
from warning.errors import Conflict, NotFound
from warning.level import Level
from warning.roster.post import Post
from warning.store.answer_queries import (
    BEHIND,
    BOARD,
    CLOSE,
    END_GONE,
    HANDED_OVER,
    MADE,
    MENDED,
    NEXT_ONES,
    OPENED,
    OUTDATED,
    READDRESSED,
    REMAIN,
    SILENCE,
    UNTOLD,
)
from warning.store.audit import note
from warning.store.calling import advance
from warning.store.database import Database
from warning.store.jobs import Jobs
from warning.store.notice import clear, tell
from warning.store.pulling import pull
from warning.store.roster import read_edition
from warning.store.stages import mark
from warning.store.stood_in import turned
from warning.trust.address import Addresses


class AnswerStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database, jobs: Jobs, addresses: Addresses) -> None:
        self._db = database
        self._addresses = addresses
        self._jobs = jobs

    async def posts(self, lane: str) -> tuple[list[Post], int]:
        """The list and its edition."""
        async with self._db.begin() as connection:
            return await read_edition(connection, lane=lane)

    async def outdated(self) -> list[str]:
        """The lanes in which an open call was made by an earlier edition of the list than there is."""
        async with self._db.begin() as connection:
            return list((await connection.execute(text(OUTDATED), {"open": list(OPEN)})).scalars().all())

    async def made_before(self, lane: str, edition: int) -> list[Call]:
        """The open calls of the lane's posts that were made by an earlier edition; five thousand at a time."""
        async with self._db.begin() as connection:
            return _calls((await connection.execute(text(BOARD.format(
                "c.state = ANY(:open) AND c.edition < :e AND c.post_id IN (SELECT id FROM roster_post WHERE lane = :lane)")),
                {"open": list(OPEN), "e": edition, "lane": lane})).all())

    async def offices(self, subscription_ids: Sequence[int], *, at: datetime) -> list[Office]:
        """Of these, the offices that must answer for themselves, each with those who are called after it."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(NEXT_ONES), {"ids": list(subscription_ids), "at": at})).all()
        chains: dict[tuple[int, int], list[tuple[int, str, str]]] = {}
        for row in rows:
            chains.setdefault((row.root, row.edition), []).append((row.id, row.name, row.channel))
        return [Office(subscription_id=root, edition=edition, name=steps[0][1], channel=steps[0][2], after=tuple(steps[1:]))
                for (root, edition), steps in chains.items()]

    async def told(self, identifier: str) -> list[int]:
        """The offices that are told what begins or changes in this version."""
        async with self._db.begin() as connection:
            return list((await connection.execute(text(
                "SELECT d.subscription_id FROM delivery d JOIN subscription s ON s.id = d.subscription_id AND s.kind = 'office' "
                "WHERE d.identifier = :i AND d.role <> 'end' ORDER BY 1"), {"i": identifier})).scalars().all())

    async def open(self, identifier: str, openings: Sequence[Opening], *, at: datetime) -> int:
        """Open what is not open yet; a higher level of the same event calls anew, an equal or lower one does not. Returns how many are new.

        What a person has no way to is told to the operators at once.
        """
        made = 0
        async with self._db.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('calls of ' || :i, 0))"), {"i": identifier})
            for one in openings:
                values = {"id": one.id, "i": identifier, "post_id": one.post_id, "sub": one.subscription_id, "post": one.post, "zone": one.zone,
                          "at": at, "deadline": one.deadline, "edition": one.edition}
                if (await connection.execute(text(OPENED), values)).one_or_none() is None:
                    continue
                made += 1
                await _make(connection, one.id, one.steps)
                await self._end_before(connection, one, identifier, at)
                await self._no_way(connection, one, at)
        return made

    async def renew(self, call_id: UUID, steps: Sequence[Planned], *, at: datetime, edition: int = 0) -> None:
        """Ways that the list has gained since the call was opened; a call that is answered or over meanwhile gains none, nor does one gain a way twice."""
        async with self._db.begin() as connection:
            held = (await connection.execute(text("SELECT 1 FROM duty_call WHERE id = :c AND state = ANY(:open) FOR UPDATE"),
                                             {"c": call_id, "open": list(OPEN)})).one_or_none()
            known = set((await connection.execute(text("SELECT subscription_id FROM call_attempt WHERE call_id = :c"), {"c": call_id})).scalars().all())
            fresh = [step for step in steps if step.step.subscription_id not in known]
            if held is not None and fresh:
                await _make(connection, call_id, fresh)
                await clear(connection, [f"no way {call_id}"], at=at)
            await connection.execute(text("UPDATE duty_call SET edition = greatest(edition, :e) WHERE id = :c"), {"c": call_id, "e": edition})

    async def readdressed(self) -> None:
        """Whose address was changed while it is called is told at the new one, by one process alone; while a worker may still be at the old one it waits."""
        async with self._db.begin() as connection:
            mended = (await connection.execute(text(MENDED), {"open": list(OPEN)})).scalars().all()
            if mended:
                for row in (await connection.execute(text(READDRESSED), {"s": list(mended), "open": list(OPEN)})).all():
                    await self._jobs.defer_send(connection, row.id, priority=row.priority)

    async def turned(self, *, at: datetime) -> None:
        """Pauses that have begun or ended by their own date since the last look change who is called from now on."""
        async with self._db.begin() as connection:
            await turned(connection, at=at)

    async def behind(self) -> list[Call]:
        """The open calls of offices that have changed since who is called after them."""
        async with self._db.begin() as connection:
            return _calls((await connection.execute(text(BOARD.format(BEHIND)), {"open": list(OPEN)})).all())

    async def _end_before(self, connection: AsyncConnection, one: Opening, identifier: str, at: datetime) -> None:
        rows = await connection.execute(text(
            "SELECT c.id FROM duty_call c JOIN alert a ON a.identifier = :i WHERE c.event_id = a.event_id AND c.id <> :id AND c.state = ANY(:open) "
            "AND c.post_id IS NOT DISTINCT FROM CAST(:p AS bigint) AND c.subscription_id IS NOT DISTINCT FROM CAST(:s AS bigint) ORDER BY c.id FOR UPDATE OF c"),
            {"i": identifier, "id": one.id, "open": list(OPEN), "p": one.post_id, "s": one.subscription_id})
        await end_calls(connection, [row.id for row in rows], at=at)

    async def _no_way(self, connection: AsyncConnection, one: Opening, at: datetime) -> None:
        names = [step.step.name for step in one.steps[:-1] if not step.step.subscription_id]
        if names or len(one.steps) == 1:
            await tell(connection, f"no way {one.id}", at=at,
                       words=f"{one.post}: no telephone or app for {', '.join(names)}" if names else f"{one.post}: nobody is on the roster",
                       next_step="the next one is called at once; call by telephone, then mend the roster")

    async def ends_elsewhere(self, event_id: UUID, *, keep: Sequence[int], lowest: bool, at: datetime) -> None:
        """Roster calls of an event that no longer concern their post (it left the place), or all of its calls (``lowest``: below every plan)."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT id FROM duty_call WHERE event_id = :e AND state = ANY(:open) AND (:lowest OR post_id IS NOT NULL AND NOT post_id = ANY(CAST(:keep AS bigint[]))) "
                "ORDER BY id FOR UPDATE"), {"e": event_id, "open": list(OPEN), "lowest": lowest, "keep": list(keep)})
            await end_calls(connection, [row.id for row in rows], at=at)

    async def links(self, identifier: str, subscription_ids: Sequence[int]) -> dict[int, UUID]:
        """For each subscription the attempt of the event's newest open call in which it was called: its link answers."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT DISTINCT ON (a.subscription_id) a.subscription_id, a.id FROM call_attempt a JOIN duty_call c ON c.id = a.call_id "
                "JOIN alert v ON v.event_id = c.event_id WHERE v.identifier = :i AND a.subscription_id = ANY(CAST(:ids AS bigint[])) AND a.state = 'called' "
                "AND c.state = ANY(:open) ORDER BY a.subscription_id, c.opened_at DESC, a.rank, a.due_at"),
                {"i": identifier, "ids": list(subscription_ids), "open": list(OPEN)})
            return {row.subscription_id: row.id for row in rows}

    # Answers

    async def asked(self, token_hash: str) -> Question:
        async with self._db.begin() as connection:
            row = (await connection.execute(text(
                "SELECT c.post, v.identifier, v.status, v.headlines FROM call_attempt a JOIN duty_call c ON c.id = a.call_id "
                "JOIN LATERAL (SELECT n.* FROM alert n WHERE n.event_id = c.event_id ORDER BY n.version DESC LIMIT 1) v ON true WHERE a.token_hash = :t"),
                {"t": token_hash})).one_or_none()
        if row is None:
            raise NotFound("this answer link is not known; use the one in the newest message")
        marked = [(drill_mark(row.status, language), words) for language, words in sorted(row.headlines.items(), reverse=True)]
        return Question(post=row.post, identifier=row.identifier, headlines=tuple(words if words.startswith(mark.strip()) else mark + words for mark, words in marked))

    async def by_token(self, token_hash: str, answer: Answer) -> Acknowledged:
        """Raises NotFound for a word that is none, Conflict when nothing is open any more for whoever it was given to."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text(
                "SELECT a.id, a.call_id, a.person_id, a.subscription_id, c.event_id, c.post, c.state, c.post AS asked FROM call_attempt a "
                "JOIN duty_call c ON c.id = a.call_id WHERE a.token_hash = :t"), {"t": token_hash})).one_or_none()
            if row is None:
                raise NotFound("this answer link is not known; use the one in the newest message")
            ids = (await connection.execute(text(REMAIN), {
                "e": row.event_id, "p": row.person_id, "s": row.subscription_id, "call": row.call_id, "open": list(OPEN)})).scalars().all()
            if not ids:
                state = (await connection.execute(text("SELECT state FROM duty_call WHERE id = :c"), {"c": row.call_id})).scalar_one()
                raise Conflict(f"{row.post}: already {state}")
            return await self._settle(connection, ids, answer, first=row.call_id, proved=[row.subscription_id])

    async def by_person(self, channels: Sequence[str], forms: Sequence[str], answer: Answer) -> Acknowledged | None:
        """Every open call in which whoever has this address (in one of its forms) was called, the newest first; None when there is none.

        The name on record is the one on the list."""
        kept = self._kept(forms)
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(
                f"SELECT c.id, a.name FROM duty_call c JOIN call_attempt a ON a.call_id = c.id AND a.state = 'called' AND {HANDED_OVER} "
                "JOIN subscription s ON s.id = a.subscription_id WHERE c.state = ANY(:open) AND (s.address = ANY(:address) AND s.channel = ANY(:channels) "
                "OR a.person_id IN (SELECT k.person_id FROM roster_contact k JOIN subscription o ON o.id = k.subscription_id "
                "WHERE o.address = ANY(:address) AND o.channel = ANY(:channels))) ORDER BY c.opened_at DESC, c.id"),
                {"open": list(OPEN), "address": kept, "channels": list(channels)})).all()
            ids = (await connection.execute(text("SELECT id FROM duty_call WHERE id = ANY(:ids) AND state = ANY(:open) ORDER BY id FOR UPDATE"),
                                            {"ids": list({row.id for row in rows}), "open": list(OPEN)})).scalars().all()
            if not ids:
                return None
            proved = await connection.execute(text(
                "SELECT id FROM subscription WHERE address = ANY(:address) AND channel = ANY(:channels) AND kind = 'duty'"), {"address": kept, "channels": list(channels)})
            asked = next(row for row in rows if row.id in ids)
            return await self._settle(connection, ids, replace(answer, by=asked.name), first=asked.id, proved=proved.scalars().all())

    async def by_desk(self, call_id: UUID, answer: Answer) -> Acknowledged:
        """An operator's entry, for this call alone."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text("SELECT post, state FROM duty_call WHERE id = :c FOR UPDATE"), {"c": call_id})).one_or_none()
            if row is None:
                raise NotFound(f"no call {call_id}")
            if row.state not in OPEN:
                raise Conflict(f"{row.post}: already {row.state}")
            return await self._settle(connection, [call_id], answer, first=call_id, proved=[])

    async def _settle(
        self, connection: AsyncConnection, ids: Sequence[UUID], answer: Answer, *, first: UUID, proved: Sequence[int | None]
    ) -> Acknowledged:
        """The calls (locked) are answered: no attempt goes out for them any more, not even one that waits in a channel's queue."""
        rows = (await connection.execute(text(
            "UPDATE duty_call c SET state = 'answered', answered_at = :at, answered_by = :by, answered_how = :how FROM alert a "
            "WHERE c.id = ANY(:ids) AND a.identifier = c.identifier RETURNING c.id, c.identifier, c.post, c.deadline, a.proposal_id"),
            {"at": answer.at, "by": answer.by, "how": answer.how, "ids": list(ids)})).all()
        await close_attempts(connection, ids, at=answer.at)
        for row in rows:
            await mark(connection, chain=str(row.proposal_id), stage="acknowledge", at=answer.at, channel=row.post)
        asked = next((row for row in rows if row.id == first), rows[0])
        posts = tuple(sorted((row.post for row in rows), key=lambda post: post != asked.post))
        await note(connection, who=answer.entered_by or answer.by, act="acknowledge", what=f"alert {asked.identifier}", at=answer.at,
                   detail={"posts": list(posts), "how": answer.how, **({"said": answer.by, "note": answer.note} if answer.entered_by else {})})
        await connection.execute(text(
            "UPDATE roster_contact SET proved_at = :at, proved_how = :how WHERE subscription_id = ANY(CAST(:subs AS bigint[]))"),
            {"at": answer.at, "how": answer.how, "subs": [one for one in proved if one is not None]})
        return Acknowledged(identifier=asked.identifier, post=asked.post, at=answer.at, late=answer.at >= asked.deadline, posts=posts)

    async def heard(self, channels: Sequence[str], forms: Sequence[str], words: str, *, at: datetime) -> bool:
        """Something else than yes came back from somebody who is called: the desk reads it."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text(
                "SELECT c.id, c.post FROM duty_call c JOIN call_attempt a ON a.call_id = c.id AND a.state = 'called' JOIN subscription s ON s.id = a.subscription_id "
                "WHERE c.state = ANY(:open) AND s.address = ANY(:address) AND s.channel = ANY(:channels) ORDER BY c.opened_at DESC LIMIT 1"),
                {"open": list(OPEN), "address": self._kept(forms), "channels": list(channels)})).one_or_none()
            if row is not None:
                await tell(connection, f"heard {row.id}", at=at, words=f"{row.post} wrote back: {words[:100]}", next_step="call back; when they have received it, enter the answer")
        return row is not None

    def _kept(self, forms: Sequence[str]) -> list[str]:
        return [kept for one in forms for kept in self._addresses.forms(one)]

    # Time

    async def advance(self, *, at: datetime) -> list[Call]:
        """Whatever is due now is handed to the dispatch desk; the calls in which somebody else is called now."""
        overdue: list[UUID] = []
        async with self._db.begin() as connection:
            rows = await connection.execute(text(END_GONE), {"at": at, "open": list(OPEN)})
            await end_calls(connection, rows.scalars().all(), at=at)
            await pull(connection, at=at)
        more = True
        while more:
            async with self._db.begin() as connection:
                late, more = await advance(connection, self._jobs, at=at)
            overdue += late
        return await self.calls(overdue) if overdue else []

    async def board(self, identifier: str | None, *, open_only: bool = False) -> list[Call]:
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(BOARD.format(
                "(CAST(:i AS text) IS NULL OR c.identifier = :i) AND (NOT :only OR c.state = ANY(:open))")),
                {"i": identifier, "only": open_only, "open": list(OPEN)})).all()
        return _calls(rows)

    async def calls(self, ids: Sequence[UUID]) -> list[Call]:
        async with self._db.begin() as connection:
            return _calls((await connection.execute(text(BOARD.format("c.id = ANY(:ids)")), {"ids": list(ids)})).all())


async def _make(connection: AsyncConnection, call_id: UUID, steps: Sequence[Planned]) -> None:
    await connection.execute(text(MADE), [
        {"id": step.id, "call": call_id, "person": step.step.person_id or None, "sub": step.step.subscription_id or None, "name": step.step.name,
         "channel": step.step.channel, "rank": step.step.rank, "above": step.step.above, "hash": step.token_hash, "due": step.step.due_at}
        for step in steps])


async def end_calls(connection: AsyncConnection, ids: Sequence[UUID], *, at: datetime) -> None:
    """Calls that nobody has to answer any more; their rows are locked by the caller."""
    if ids:
        await connection.execute(text("UPDATE duty_call SET state = 'ended' WHERE id = ANY(:ids)"), {"ids": list(ids)})
        await close_attempts(connection, ids, at=at)


async def end_calls_of(connection: AsyncConnection, event_id: UUID, *, at: datetime) -> None:
    """The event is over: escalation ends with it, in the transaction that ends it."""
    rows = await connection.execute(text("SELECT id FROM duty_call WHERE event_id = :e AND state = ANY(:open) ORDER BY id FOR UPDATE"),
                                    {"e": event_id, "open": list(OPEN)})
    await end_calls(connection, rows.scalars().all(), at=at)


async def close_attempts(connection: AsyncConnection, ids: Sequence[UUID], *, at: datetime) -> None:
    """What is planned is stopped; what waits in a queue for these calls alone is withdrawn before a worker takes it."""
    await connection.execute(text(CLOSE), {"ids": list(ids)})
    waiting = (await connection.execute(text(UNTOLD), {"ids": list(ids), "open": list(OPEN)})).scalars().all()
    if waiting:
        await connection.execute(text(SILENCE), {"ids": list(waiting)})
    await connection.execute(text(
        "UPDATE notice SET cleared_at = :at WHERE cleared_at IS NULL AND key IN (SELECT k || id FROM unnest(CAST(:ids AS uuid[])) AS u(id), "
        "unnest(ARRAY['callout ', 'no way ', 'heard ']) AS v(k))"), {"at": at, "ids": list(ids)})


def _calls(rows: Sequence[Row[tuple[object, ...]]]) -> list[Call]:
    return [_call(row) for row in rows]


def _call(row: Row[tuple[object, ...]]) -> Call:
    f = row._mapping
    return Call(
        id=f["id"], identifier=f["identifier"], event_id=f["event_id"], hazard=f["hazard"], level=Level(f["level"]), post=f["post"], zone=f["zone"], warned=tuple(f["warned"]),
        post_id=f["post_id"], subscription_id=f["subscription_id"], state=f["state"], opened_at=f["opened_at"], deadline=f["deadline"], answered_at=f["answered_at"],
        answered_by=f["answered_by"], answered_how=f["answered_how"], escalated_to=f["escalated_to"],
        attempts=tuple(Attempt(
            name=one["name"], rank=one["rank"], above=one["above"], channel=one["channel"], due_at=datetime.fromisoformat(one["due_at"]), state=one["state"],
            called_at=_moment(one["called_at"]), tried_at=_moment(one["tried_at"]), delivery=one["delivery"] or "", twice=bool(one["twice"]), why=one["why"],
            subscription_id=one["subscription_id"] or 0)
            for one in f["attempts"]))


def _moment(words: str | None) -> datetime | None:
    return None if words is None else datetime.fromisoformat(words)
