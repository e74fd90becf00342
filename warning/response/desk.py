"""The response desk: opens what a warning asks for, takes what the posts say of their duties, and lets a person close it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from geo.zone import ZoneSet
from warning.account import Account, Act, covers, require
from warning.clock import Clock
from warning.errors import Invalid, NotAllowed, NotFound
from warning.level import Level
from warning.response.plan import ResponseLevel, ResponsePlan, Task, tasks
from warning.response.state import Response, after


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
    status: str
    cancelled: bool
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a plan wants of a warning now: ``level`` None = nothing (lifted, run out, or a colour below the plan)."""

    plan: ResponsePlan
    level: ResponseLevel | None
    tasks: tuple[Task, ...]


class ResponseLedger(Protocol):
    async def unseen(self, *, at: datetime, limit: int) -> list[Warned]: ...

    async def follow(self, warned: Warned, wanted: Sequence[Wanted], *, at: datetime) -> None: ...

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

    def __init__(self, ledger: ResponseLedger, plans: Sequence[ResponsePlan], *, zones: ZoneSet, clock: Clock) -> None:
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
            await self._ledger.follow(warned, [self._wanted(plan, warned, now) for plan in self._plans if warned.hazard in plan.hazards], at=now)
        await self._ledger.run_out(at=now)
        await self._ledger.tell_late(at=now)
        return len(found)

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
        left = [text for text, ticked in checks if not ticked]
        if left and not remark.strip():
            raise Invalid(f"remark: say why this is left undone, or tick it: {'; '.join(left)}")
        await self._ledger.move(response_id, duty_id, act="done", who=account.name, at=self._clock.now(), remark=remark.strip())

    async def close(self, response_id: UUID, *, account: Account, reason: str) -> None:
        """Only who answers for the whole area closes a response; open duties stay on record as they stand."""
        require(account, Act.OPERATE)
        found = await self._ledger.one(response_id)
        require(account, Act.OPERATE, hazard=found.hazard, zones=found.zones)
        if not reason.strip():
            raise Invalid("reason: say why the response ends")
        await self._ledger.close(response_id, who=account.name, reason=reason.strip(), at=self._clock.now())

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

    def _wanted(self, plan: ResponsePlan, warned: Warned, now: datetime) -> Wanted:
        level = None if warned.cancelled or warned.expires <= now else plan.opens(warned.hazard, warned.level)
        return Wanted(plan=plan, level=level, tasks=() if level is None else tuple(tasks(plan, level, self._districts(warned.zones))))

    def _districts(self, zones: Sequence[str]) -> list[str]:
        """A warning for the whole city asks something of each district, whose people do it."""
        found: list[str] = []
        for code in zones:
            below = [zone.code for zone in self._zones if zone.parent == code and zone.level == "district"]
            found += below or [code]
        return list(dict.fromkeys(found))


def _seen(found: Response, account: Account) -> Response | None:
    """The response as this account may see it; None when nothing of it lies in its area."""
    if account.role != "office":
        return found
    if not account.area:
        return None
    here = any(covers(account, (zone,)) for zone in (*found.zones, *(duty.zone for duty in found.duties if duty.zone)))
    return replace(found, duties=tuple(duty for duty in found.duties if not duty.zone or covers(account, (duty.zone,)))) if here else None
