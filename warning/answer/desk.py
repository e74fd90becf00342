"""The answer desk: opens calls by plan, takes answers by every way, and calls the next one when nobody answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid4

import structlog

from geo.zone import ZoneSet
from warning.account import Account, Act, acts, covers, require
from warning.answer.call import PURPOSE, Acknowledged, Call, Question, says_yes, token, token_hash
from warning.answer.callplan import CallPlans
from warning.answer.renew import renewed
from warning.answer.timetable import DUTY_ROOM, Try, timetable
from warning.answer.work import Answer, How, Office, Opening, Planned
from warning.clock import Clock
from warning.dispatch.audience import must_answer
from warning.dispatch.kind import Kinds, kind_of
from warning.dispatch.work import StoredAlert
from warning.errors import Invalid, NotFound
from warning.linkword import by_word
from warning.roster.address import BadAddress, phone
from warning.roster.area import concerned
from warning.roster.post import Post, above

log = structlog.get_logger()


class AnswerLedger(Protocol):
    async def posts(self, lane: str) -> tuple[Sequence[Post], int]: ...

    async def outdated(self) -> Sequence[str]: ...

    async def made_before(self, lane: str, edition: int) -> Sequence[Call]: ...

    async def offices(self, subscription_ids: Sequence[int], *, at: datetime) -> Sequence[Office]: ...

    async def told(self, identifier: str) -> Sequence[int]: ...

    async def open(self, identifier: str, openings: Sequence[Opening], *, at: datetime) -> int: ...

    async def ends_elsewhere(self, event_id: UUID, *, keep: Sequence[int], lowest: bool, at: datetime) -> None: ...

    async def links(self, identifier: str, subscription_ids: Sequence[int]) -> dict[int, UUID]: ...

    async def renew(self, call_id: UUID, steps: Sequence[Planned], *, at: datetime, edition: int = 0) -> None: ...

    async def readdressed(self) -> None: ...

    async def turned(self, *, at: datetime) -> None: ...

    async def behind(self) -> Sequence[Call]: ...

    async def asked(self, token_hash: str) -> Question: ...

    async def by_token(self, token_hash: str, answer: Answer) -> Acknowledged: ...

    async def by_person(self, channels: Sequence[str], forms: Sequence[str], answer: Answer) -> Acknowledged | None: ...

    async def by_desk(self, call_id: UUID, answer: Answer) -> Acknowledged: ...

    async def heard(self, channels: Sequence[str], forms: Sequence[str], words: str, *, at: datetime) -> bool: ...

    async def advance(self, *, at: datetime) -> list[Call]: ...

    async def board(self, identifier: str | None, *, open_only: bool = False) -> list[Call]: ...

    async def calls(self, ids: Sequence[UUID]) -> list[Call]: ...


class AnswerDesk:
    """Deadlines are database facts: a restart forgets none of them, and any process may act on them."""

    def __init__(
        self, ledger: AnswerLedger, *, clock: Clock, secret: str, others: Sequence[str] = (), within: timedelta, public_url: str, plans: CallPlans, zones: ZoneSet, kinds: Kinds,
        lanes: Mapping[str, str],
    ) -> None:
        """``within``: what an office that subscribed has before the next one of its own is called. ``others``: secrets whose links count as well."""
        self._ledger = ledger
        self._clock = clock
        self._secret = secret
        self._others = tuple(others)
        self._within = within
        self._public_url = public_url.rstrip("/")
        self._plans = plans
        self._zones = zones
        self._kinds: Mapping[str, str] = dict(kinds)
        self._lanes = dict(lanes)

    async def open(self, alert: StoredAlert, codes: frozenset[str]) -> int:
        """Open the calls that the plan asks for, and send what is due at once; ``codes``: every zone that the alert covers.

        May be repeated. What the alert no longer concerns is ended.
        """
        now = self._clock.now()
        plan = None if alert.msg_type == "Cancel" else self._plans.of(alert.hazard, alert.level)
        if plan is None:
            await self._ledger.ends_elsewhere(alert.event_id, keep=(), lowest=True, at=now)
            return 0
        posts, edition = await self._ledger.posts(alert.lane)
        there = [post for post in posts if post.kind in plan.kinds and (not post.hazards or alert.hazard in post.hazards)
                 and concerned(post.zone, codes, self._zones)]
        openings = []
        for post in there:
            steps = timetable(post, plan, above=above(post, posts), kinds=self._kinds, at=now)
            openings.append(self._opening(steps, post=post.title, zone=post.zone, post_id=post.id, edition=edition))
        await self._ledger.ends_elsewhere(alert.event_id, keep=[post.id for post in there], lowest=False, at=now)
        opened = await self._ledger.open(alert.identifier, openings, at=now)
        if opened:
            await self._ledger.advance(at=now)
        return opened

    async def open_offices(self, alert: StoredAlert) -> int:
        """Open the calls of the offices that are told of an alert whose audience is worked out: their time runs from here, whether a channel is cut or not.

        May be repeated.
        """
        if not must_answer(kind="office", role="start", level=alert.level):
            return 0
        return await self._open_offices(alert.identifier, await self._ledger.told(alert.identifier))

    async def _open_offices(self, identifier: str, subscription_ids: Sequence[int]) -> int:
        now = self._clock.now()
        openings = [self._opening(self._after(one, now), post=one.name, zone="", subscription_id=one.subscription_id, edition=one.edition)
                    for one in await self._ledger.offices(subscription_ids, at=now)]
        opened = await self._ledger.open(identifier, openings, at=now) if openings else 0
        if opened:
            await self._ledger.advance(at=now)
        return opened

    async def call(self, identifier: str, subscription_ids: Sequence[int]) -> dict[int, str]:
        """The answer link of each that must answer; a worker that takes an office's message up before its call is open opens it."""
        await self._open_offices(identifier, subscription_ids)
        found = await self._ledger.links(identifier, subscription_ids)
        return {key: f"{self._public_url}/api/ack/{token(self._secret, value)}" for key, value in found.items()}

    def _after(self, office: Office, now: datetime) -> tuple[Try, ...]:
        line = ((office.subscription_id, office.name, office.channel), *office.after)
        steps = [Try(name=name, rank=rank, due_at=now + rank * self._within, channel=channel, subscription_id=number)
                 for rank, (number, name, channel) in enumerate(line)]
        return (*steps, Try(name=DUTY_ROOM, rank=len(line), due_at=now + len(line) * self._within))

    def _opening(self, steps: Sequence[Try], *, post: str, zone: str, post_id: int | None = None, subscription_id: int | None = None,
                 edition: int = 0) -> Opening:
        first = next((one.rank for one in steps if one.subscription_id), 0)
        deadline = next((one.due_at for one in steps if one.rank > first), steps[-1].due_at)
        return Opening(
            id=uuid4(), post=post, zone=zone, deadline=deadline, post_id=post_id, subscription_id=subscription_id, edition=edition,
            steps=self._planned(steps))

    def _planned(self, steps: Sequence[Try]) -> tuple[Planned, ...]:
        ids = [uuid4() for _ in steps]
        return tuple(Planned(id=key, token_hash=token_hash(token(self._secret, key)), step=one) for key, one in zip(ids, steps, strict=True))

    async def renew(self, lane: str) -> None:
        """The roster has changed: whoever is called this moment and has a new number is called by it at once.

        Nothing hangs on its being asked: each call says which edition of the list it was made by, and ``escalate`` finds what is behind.
        """
        await self._renew(lane)
        await self._ledger.advance(at=self._clock.now())

    async def _renew(self, lane: str) -> None:
        now = self._clock.now()
        posts, edition = await self._ledger.posts(lane)
        by_id = {post.id: post for post in posts}
        for call in await self._ledger.made_before(lane, edition):
            post, plan = by_id.get(call.post_id or 0), self._plans.of(call.hazard, call.level)
            steps = () if post is None or plan is None else renewed(call, post, plan, above=above(post, posts), kinds=self._kinds, at=now)
            await self._ledger.renew(call.id, self._planned(steps), at=now, edition=edition)

    async def renew_offices(self) -> None:
        """An office has changed its address, at which its open call is then told at once, or who is called after it.

        Nothing hangs on its being asked: what was mended is written down with the change, and ``escalate`` finds it.
        """
        await self._renew_offices()
        await self._ledger.advance(at=self._clock.now())

    async def _renew_offices(self) -> None:
        now = self._clock.now()
        await self._ledger.readdressed()
        await self._ledger.turned(at=now)
        for call in await self._ledger.behind():
            known = {one.subscription_id for one in call.attempts}
            for office in await self._ledger.offices([call.subscription_id or 0], at=now):
                due = max(now, call.deadline)
                steps = [Try(name=name, rank=len(call.attempts) + number, due_at=due + number * self._within, channel=channel, subscription_id=key)
                         for number, (key, name, channel) in enumerate(one for one in office.after if one[0] not in known)]
                await self._ledger.renew(call.id, self._planned(steps), at=now, edition=office.edition)

    async def asked(self, word: str) -> Question:
        """What the link of this word asks to acknowledge; reading it answers nothing. Raises NotFound."""
        return await by_word(word, (self._secret, *self._others), purpose=PURPOSE, find=lambda one: self._ledger.asked(token_hash(one)))

    async def acknowledge(self, word: str, *, by: str, how: How = "link") -> Acknowledged:
        """By the word of a link. Raises NotFound for one that is none, Conflict when it was used or its event has ended."""
        answer = Answer(by=by, how=how, at=self._clock.now())
        return await by_word(word, (self._secret, *self._others), purpose=PURPOSE, find=lambda one: self._ledger.by_token(token_hash(one), answer))

    async def reply(self, channel: str, address: str, words: str) -> Acknowledged | None:
        """What somebody wrote back or pressed without the word of a link: a yes answers every call that is open for this person; None = no answer."""
        if not says_yes(words):
            return None
        how: How = "key" if kind_of(channel, self._kinds) == "voice" else "reply"
        return await self._ledger.by_person(self.alike(channel), forms(address), Answer(by=channel, how=how, at=self._clock.now()))

    async def heard(self, channel: str, address: str, words: str) -> bool:
        """Something else than yes came back: the desk reads it where it is of somebody who is called this moment; whether it was."""
        return await self._ledger.heard(self.alike(channel), forms(address), words.strip(), at=self._clock.now())

    def alike(self, channel: str) -> list[str]:
        """Every channel of this one's kind and lane: a reply may come in by another route than the message went out, but a drill's answers no real call."""
        kind, lane = kind_of(channel, self._kinds), self._lanes.get(channel)
        return [name for name in self._kinds if kind_of(name, self._kinds) == kind and self._lanes.get(name) == lane] or [channel]

    async def enter(self, call_id: UUID, *, by: str, note: str = "", account: Account) -> Acknowledged:
        """An operator writes down that somebody has answered, by telephone or in person. An office may do so inside its own area."""
        if not _keeps_area(account):
            require(account, Act.OPERATE)
        if not 1 <= len(by.strip()) <= 100:
            raise Invalid("by: say in 1 to 100 characters who answered")
        call = next(iter(await self._ledger.calls([call_id])), None)
        if call is None:
            raise NotFound(f"no call {call_id}")
        require_call(account, call)
        return await self._ledger.by_desk(call_id, Answer(
            by=by.strip(), how="desk", at=self._clock.now(), entered_by=account.name, note=note.strip()[:500]))

    async def escalate(self) -> list[Call]:
        """Whatever is due by now is called; the calls in which it is somebody else than the first. Safe to call as often as one likes, from any process.

        A list that was changed before a crash, or while a call was being opened by the one before, counts here too.
        """
        for lane in await self._ledger.outdated():
            await self._renew(lane)
        await self._renew_offices()
        return await self._ledger.advance(at=self._clock.now())

    async def board(self, identifier: str | None = None, *, open_only: bool = False) -> list[Call]:
        """Who has answered, who not, since when, and what happens next."""
        return await self._ledger.board(identifier, open_only=open_only)


def forms(address: str) -> list[str]:
    """A gateway may give a number with or without its country code."""
    try:
        return list(dict.fromkeys((address.removeprefix("+"), phone(address))))
    except BadAddress:
        return [address]


def require_call(account: Account, call: Call) -> None:
    """Raise NotAllowed unless the account may enter an answer: an operator, or an office inside its own area; both for their hazards."""
    zones = [call.zone] if call.zone else call.warned
    if _keeps_area(account) and call.zone and covers(account, zones) and (not account.hazards or call.hazard in account.hazards):
        return
    require(account, Act.OPERATE, hazard=call.hazard, zones=zones)


def _keeps_area(account: Account) -> bool:
    return account.role == "office" and bool(account.area) and Act.SUBSCRIBE in acts(account)
