"""The response desk: opens what a warning asks for, takes what the posts say of their duties, and lets a person close it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from geo.zone import ZoneSet
from warning.account import Account, Act, covers, require
from warning.clock import Clock
from warning.dispatch.kind import Kinds
from warning.dispatch.refuge import told
from warning.errors import Conflict, Invalid, NotAllowed, NotFound
from warning.level import Level
from warning.linkword import by_word
from warning.response.errand import PURPOSE, Errand, Letter, hashed, steps, word_of, written
from warning.response.plan import ResponseLevel, ResponsePlan, Task, tasks
from warning.response.shelter import Shelters
from warning.response.state import DutyHeld, Response, after
from warning.roster.area import encloses
from warning.roster.post import Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """The newest version of an event, as far as a response needs it."""

    identifier: str
    event_id: UUID
    version: int
    issuer: str
    hazard: str
    level: Level
    zones: tuple[str, ...]
    polygon: dict[str, object] | None
    status: str
    cancelled: bool
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a plan wants of a warning now: ``level`` None = nothing (lifted, run out, or a colour below the plan).

    ``errands``: the posts that are written to; ``unheld``: duties that a post should hold and none can be written to about.
    """

    plan: ResponsePlan
    level: ResponseLevel | None
    tasks: tuple[Task, ...] = ()
    errands: tuple[Errand, ...] = ()
    unheld: tuple[str, ...] = ()


class ResponseLedger(Protocol):
    async def unseen(self, *, at: datetime, limit: int) -> list[Warned]: ...

    async def follow(self, warned: Warned, wanted: Sequence[Wanted], *, edition: int, at: datetime) -> None: ...

    async def outdated(self, *, limit: int) -> list[Warned]: ...

    async def renew(self, warned: Warned, wanted: Sequence[Wanted], *, edition: int, at: datetime) -> None: ...

    async def posts(self, lane: str) -> tuple[Sequence[Post], int]: ...

    async def send_due(self, *, written: Callable[[Letter, str], tuple[str, str]], at: datetime) -> int: ...

    async def letter(self, token_hash: str) -> Letter: ...

    async def run_out(self, *, at: datetime) -> None: ...

    async def tell_late(self, *, at: datetime) -> None: ...

    async def all(self, *, closed: bool) -> list[Response]: ...

    async def one(self, response_id: UUID) -> Response: ...

    async def move(
        self, response_id: UUID, duty_id: int, *, act: str, who: str, at: datetime, remark: str = ""
    ) -> None: ...

    async def tick(self, response_id: UUID, duty_id: int, check: int, *, who: str, at: datetime) -> None: ...

    async def close(self, response_id: UUID, *, who: str, reason: str, at: datetime) -> None: ...


class ResponseDesk:
    """Its verbs check the account's rights themselves and raise NotAllowed, Conflict, NotFound, Invalid."""

    def __init__(
        self, ledger: ResponseLedger, plans: Sequence[ResponsePlan], *, zones: ZoneSet, clock: Clock, shelters: Shelters, kinds: Kinds, secret: str,
        others: Sequence[str], public_url: str,
    ) -> None:
        """``others``: secrets whose links count as well."""
        self._shelters = shelters
        self._kinds = dict(kinds)
        self._secret = secret
        self._others = tuple(others)
        self._public_url = public_url.rstrip("/")
        self._ledger = ledger
        self._plans = tuple(plans)
        self._zones = zones
        self._clock = clock

    @property
    def unconfirmed(self) -> frozenset[str]:
        """Keys of plans that are examples: nobody has said yet that they are this place's own."""
        return frozenset(plan.key for plan in self._plans if plan.unconfirmed)

    async def follow(self) -> int:
        """Look at every version of an event not looked at yet; safe to call as often as one likes. Returns how many were new."""
        now = self._clock.now()
        found = await self._ledger.unseen(at=now, limit=200)
        for warned in found:
            wanted, edition = await self._asked(warned, now)
            await self._ledger.follow(warned, wanted, edition=edition, at=now)
        # The list was written since: whoever holds a duty by it, or has a new number, is told at once.
        for warned in await self._ledger.outdated(limit=200):
            wanted, edition = await self._asked(warned, now)
            await self._ledger.renew(warned, wanted, edition=edition, at=now)
        await self._ledger.run_out(at=now)
        await self._ledger.send_due(written=self._written, at=now)
        await self._ledger.tell_late(at=now)
        return len(found)

    async def _asked(self, warned: Warned, now: datetime) -> tuple[list[Wanted], int]:
        """What the plans want of it by the roster as it is, and that roster's edition."""
        plans = [plan for plan in self._plans if warned.hazard in plan.hazards]
        posts, edition = await self._ledger.posts("actual" if warned.status == "Actual" else "exercise") if plans else ((), 0)
        return [self._wanted(plan, warned, posts, now) for plan in plans], edition

    async def responses(self, account: Account, *, closed: bool = False) -> list[Response]:
        """What concerns the account's area, the strongest first; an office sees the duties of its own zones and of the whole area only."""
        require(account, Act.VIEW)
        return [seen for one in await self._ledger.all(closed=closed) if (seen := _seen(one, account)) is not None]

    async def response(self, response_id: UUID, *, account: Account) -> Response:
        require(account, Act.VIEW)
        seen = _seen(await self._ledger.one(response_id), account)
        if seen is None:
            raise NotFound(f"no response {response_id} in {account.area}")
        return seen

    async def acknowledge(self, response_id: UUID, duty_id: int, *, account: Account) -> None:
        """Take charge of a duty."""
        await self._mine(response_id, duty_id, account, "acknowledge")
        await self._ledger.move(response_id, duty_id, act="acknowledge", who=account.name, at=self._clock.now())

    async def tick(self, response_id: UUID, duty_id: int, check: int, *, account: Account) -> None:
        """Tick one line of a duty's checklist, counted from 0."""
        checks = await self._mine(response_id, duty_id, account, "done")
        if not 0 <= check < len(checks):
            raise Invalid(f"check: this duty has {len(checks)} lines, counted from 0")
        await self._ledger.tick(response_id, duty_id, check, who=account.name, at=self._clock.now())

    async def done(self, response_id: UUID, duty_id: int, *, account: Account, remark: str = "") -> None:
        """A duty is done when its list is ticked, or when somebody says why a line is left."""
        checks = await self._mine(response_id, duty_id, account, "done")
        _may_be_done(checks, remark)
        await self._ledger.move(response_id, duty_id, act="done", who=account.name, at=self._clock.now(), remark=remark.strip())

    async def close(self, response_id: UUID, *, account: Account, reason: str) -> None:
        """Only who answers for the whole area closes a response; open duties stay on record as they stand."""
        require(account, Act.OPERATE)
        found = await self._ledger.one(response_id)
        require(account, Act.OPERATE, hazard=found.hazard, zones=found.zones)
        if not reason.strip():
            raise Invalid("reason: say why the response ends")
        await self._ledger.close(response_id, who=account.name, reason=reason.strip(), at=self._clock.now())

    # By the link of a letter: whoever holds it acts for its post, and for nothing else.

    async def letter(self, word: str) -> Letter:
        """Raises NotFound for a word that is none."""
        return await by_word(word, (self._secret, *self._others), purpose=PURPOSE, find=lambda one: self._ledger.letter(hashed(one)))

    async def take_all(self, word: str, *, by: str) -> Letter:
        """Take charge of every duty of the post that waits. Raises NotFound, Conflict when none does."""
        letter = await self.letter(word)
        waiting = [duty for duty in letter.duties if duty.state == "waiting"]
        if not waiting or letter.over:
            raise Conflict(f"{letter.post}: nothing waits any more")
        for duty in waiting:
            await self._ledger.move(letter.response_id, duty.id, act="acknowledge", who=_of_post(by, letter), at=self._clock.now())
        return await self.letter(word)

    async def tick_by_letter(self, word: str, duty_id: int, check: int, *, by: str) -> Letter:
        letter, duty = await self._of_letter(word, duty_id)
        if not 0 <= check < len(duty.checks):
            raise Invalid(f"check: this duty has {len(duty.checks)} lines, counted from 0")
        await self._ledger.tick(letter.response_id, duty_id, check, who=_of_post(by, letter), at=self._clock.now())
        return await self.letter(word)

    async def done_by_letter(self, word: str, duty_id: int, *, by: str, remark: str = "") -> Letter:
        letter, duty = await self._of_letter(word, duty_id)
        after(duty.state, "done")
        _may_be_done([(text[1], number in duty.ticked) for number, text in enumerate(duty.checks)], remark)
        await self._ledger.move(letter.response_id, duty_id, act="done", who=_of_post(by, letter), at=self._clock.now(), remark=remark.strip()[:500])
        return await self.letter(word)

    async def _of_letter(self, word: str, duty_id: int) -> tuple[Letter, DutyHeld]:
        letter = await self.letter(word)
        duty = next((one for one in letter.duties if one.id == duty_id), None)
        if duty is None:
            raise NotFound(f"no duty {duty_id} of {letter.post}")
        if letter.over:
            raise Conflict("this response is closed already")
        return letter, duty

    def _written(self, letter: Letter, language: str) -> tuple[str, str]:
        return written(letter, language=language, link=f"{self._public_url}/api/duty/{word_of(self._secret, letter.id)}")

    async def _mine(self, response_id: UUID, duty_id: int, account: Account, act: str) -> list[tuple[str, bool]]:
        require(account, Act.RESPOND)
        if account.role == "office" and not account.area:
            raise NotAllowed(f"{account.name} has no area: an admin renews the account with one (account add --area)")
        found = await self._ledger.one(response_id)
        duty = next((one for one in found.duties if one.id == duty_id), None)
        if duty is None:
            raise NotFound(f"no duty {duty_id} in this response")
        require(account, Act.RESPOND, hazard=found.hazard, zones=(duty.zone,) if duty.zone else found.zones)
        after(duty.state, act)
        return [(text[1], number in duty.ticked) for number, text in enumerate(duty.checks)]

    def _wanted(self, plan: ResponsePlan, warned: Warned, posts: Sequence[Post], now: datetime) -> Wanted:
        level = None if warned.cancelled or warned.expires <= now else plan.opens(warned.hazard, warned.level)
        if level is None:
            return Wanted(plan=plan, level=None)
        wanted = tasks(plan, level, self._districts(warned.zones), posts, hazard=warned.hazard)
        holding = {post.id: post for task in wanted for post in task.posts}
        ground = self._ground(warned) if holding else None
        errands = [Errand(post=post, steps=steps(post, kinds=self._kinds, at=now), refuges=self._refuges(post, warned.hazard, ground))
                   for post in holding.values() if ground is not None]
        mute = {errand.post.id for errand in errands if not errand.steps}
        unheld = [f"{task.duty.post.en}{f' of {task.zone}' if task.zone else ''}: {task.duty.words.en}" for task in wanted
                  if task.duty.held_by is not None and all(post.id in mute for post in task.posts)]
        return Wanted(plan=plan, level=level, tasks=tuple(wanted), errands=tuple(errands), unheld=tuple(unheld))

    def _ground(self, warned: Warned) -> BaseGeometry:
        """What is warned, as one geometry."""
        if warned.polygon is not None:
            return shapely.geometry.shape(warned.polygon)
        return unary_union([self._zones[code].geometry for code in warned.zones if code in self._zones.by_code])

    def _refuges(self, post: Post, hazard: str, ground: BaseGeometry) -> tuple[str, str]:
        """Near the warned part of the post's own ground; a street without a border stands for its district."""
        own = [zone.geometry for zone in self._zones if encloses(zone.code, post.zone)]
        near = self._shelters.near(ground.intersection(min(own, key=lambda shape: shape.area)) if own else ground, hazard=hazard)
        return told(near, chinese=True), told(near, chinese=False)

    def _districts(self, zones: Sequence[str]) -> list[str]:
        """A warning for the whole city asks something of each district, whose people do it."""
        found: list[str] = []
        for code in zones:
            below = [zone.code for zone in self._zones if zone.parent == code and zone.level == "district"]
            found += below or [code]
        return list(dict.fromkeys(found))


def _may_be_done(checks: Sequence[tuple[str, bool]], remark: str) -> None:
    left = [text for text, ticked in checks if not ticked]
    if left and not remark.strip():
        raise Invalid(f"remark: say why this is left undone, or tick it: {'; '.join(left)}")


def _of_post(by: str, letter: Letter) -> str:
    return f"{by}（{letter.post}）"


def _seen(found: Response, account: Account) -> Response | None:
    """The response as this account may see it; None when nothing of it lies in its area."""
    if account.role != "office":
        return found
    if not account.area:
        return None
    here = any(covers(account, (zone,)) for zone in (*found.zones, *(duty.zone for duty in found.duties if duty.zone)))
    return replace(found, duties=tuple(duty for duty in found.duties if not duty.zone or covers(account, (duty.zone,)))) if here else None
