"""Routes: several ways out of one channel behind one Sender, so that a dead gateway costs seconds and not the promise.

What a route surely did not send goes on to the next route within the same batch; what may have left never does.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from channels.crowd import Crowd, CrowdReceipt, send_crowd
from channels.message import Limits, Message, Outcome, Reason, Receipt
from channels.port import ChannelSender, Examined, Health
from warning.dispatch.breaker import Breaker, Bucket, Circuit
from warning.dispatch.routemark import marked

log = structlog.get_logger()

MOVES = frozenset({Reason.UNREACHABLE, Reason.RATE_LIMITED, Reason.REFUSED})
"""Reasons of a RETRY that say for sure: it did not leave. A time-out and a broken reply say no such thing."""

_SILENT = frozenset({Reason.UNREACHABLE, Reason.TIMEOUT, Reason.BROKEN_REPLY})
_OURS = frozenset({Reason.EXPIRED, Reason.WRONG_LANE, Reason.BAD_ADDRESS, Reason.TOO_LONG})
"""Refusals that may be our own fences': they say nothing of the gateway."""
_TRIAL_S = 0.5
"""How soon a batch looks again while another one's message is on trial."""
_ALL_SKIPPED_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteState:
    """A route as an operator sees it. ``since``: when its circuit last changed; ``note`` says what is wrong and what to do.

    ``place``: its turn by health, 1 is asked first. ``under_way``: handed over and not yet answered. ``rate_per_s``: what it may be given.
    """

    route: str
    circuit: Circuit
    since: datetime
    skipped: bool
    accepted: int
    failed: int
    note: str
    weight: int = 1
    rate_per_s: float | None = None
    under_way: int = 0
    place: int = 1


class Route:
    """One way out with its circuit and its pace. ``weight`` 0 = stands by until no other may be used."""

    def __init__(self, name: str, sender: ChannelSender, *, weight: int = 1, rate_per_s: float | None = None, breaker: Breaker | None = None) -> None:
        self.name = name
        self.sender = sender
        self.weight = weight
        self.rate_per_s = rate_per_s
        self.bucket = Bucket(rate_per_s)
        self.breaker = breaker or Breaker()
        self.skipped = False
        self.accepted = 0
        self.failed = 0
        self.under_way = 0
        self.credit = 0
        self.seen = Circuit.CLOSED
        self.since: datetime | None = None

    def rank(self) -> tuple[bool, bool]:
        """Smaller is better: first those of which nothing bad is known, then those that work, then those that stand by."""
        health = self.sender.health() if isinstance(self.sender, Examined) else None
        return health is not None and (not health.up or bool(health.note)), self.weight == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    outcome: Outcome
    reason: Reason | None
    evidence: str
    receipt: Receipt | None = None
    external_id: str = ""
    retry_after: timedelta | None = None


Hand = Callable[[Route, Sequence[int]], Awaitable[list[_Said]]]


class RoutedSender:
    """A Sender made of Senders. ``time_s`` and ``sleep`` are the real ones but in tests."""

    def __init__(
        self, routes: Sequence[Route], *, now: Callable[[], datetime], within_s: float,
        time_s: Callable[[], float] = time.monotonic, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._routes = tuple(routes)
        self._now = now
        self._within_s = within_s
        self._time = time_s
        self._sleep = sleep

    @property
    def routes(self) -> tuple[Route, ...]:
        """As the settings name them."""
        return self._routes

    @property
    def limits(self) -> Limits:
        """What every route can carry, because any of them may have to."""
        known = [route.sender.limits for route in self._routes]
        chars = [limits.max_chars for limits in known if limits.max_chars is not None]
        return Limits(max_chars=min(chars) if chars else None, batch=min(limits.batch for limits in known))

    async def open(self) -> None:
        for route in self._routes:
            await route.sender.open()

    async def close(self) -> None:
        for route in self._routes:
            await route.sender.close()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        async def hand(route: Route, positions: Sequence[int]) -> list[_Said]:
            receipts = await route.sender.send([messages[position] for position in positions])
            return [_Said(outcome=r.outcome, reason=r.reason, evidence=r.evidence, receipt=r) for r in receipts]

        found = []
        for message, (name, said) in zip(messages, await self._deliver(len(messages), hand), strict=True):
            receipt = said.receipt or Receipt(key=message.key, outcome=said.outcome, at=self._now(), reason=said.reason)
            found.append(replace(receipt, evidence=_named(name, said.evidence), external_id=marked(name, receipt.external_id)))
        return found

    async def send_crowd(self, crowd: Crowd) -> CrowdReceipt:
        async def hand(route: Route, positions: Sequence[int]) -> list[_Said]:
            part = Crowd(message=crowd.message, addresses=[crowd.addresses[p] for p in positions], numbers=[crowd.numbers[p] for p in positions])
            answer = await send_crowd(route.sender, part)
            return [
                _Said(outcome=outcome, reason=answer.reasons.get(place), evidence=answer.evidence.get(place, answer.common),
                      external_id=answer.external_ids[place], retry_after=answer.waits.get(place))
                for place, outcome in enumerate(answer.outcomes)
            ]

        told = await self._deliver(len(crowd.addresses), hand)
        texts = [_named(name, said.evidence) for name, said in told]
        common = next((text for text, (_, said) in zip(texts, told, strict=True) if said.outcome is Outcome.ACCEPTED), "")
        return CrowdReceipt(
            outcomes=[said.outcome for _, said in told], external_ids=[marked(name, said.external_id) for name, said in told], common=common,
            reasons={place: said.reason for place, (_, said) in enumerate(told) if said.reason is not None},
            evidence={place: text for place, text in enumerate(texts) if text != common},
            waits={place: said.retry_after for place, (_, said) in enumerate(told) if said.retry_after is not None})

    def states(self) -> list[RouteState]:
        """Each route as it is now."""
        found, now_s = [], self._time()
        for route in self._routes:
            self._look(route)
        order = sorted(self._routes, key=lambda route: (route.skipped, route.seen is Circuit.OPEN, *route.rank()))
        for route in self._routes:
            health = route.sender.health() if isinstance(route.sender, Examined) else None
            found.append(RouteState(
                route=route.name, circuit=route.seen, since=route.since or self._now(), skipped=route.skipped, accepted=route.accepted,
                failed=route.failed, note=_note(route, now_s, health), weight=route.weight, rate_per_s=route.rate_per_s,
                under_way=route.under_way, place=order.index(route) + 1))
        return found

    def health(self) -> Health:
        """All routes as one gateway."""
        known = [route.sender.health() for route in self._routes if isinstance(route.sender, Examined)]
        usable = [state for state in self.states() if not state.skipped and state.circuit is not Circuit.OPEN]
        times = [one.last_answer_at for one in known if one.last_answer_at is not None]
        return Health(
            accepted=sum(one.accepted for one in known), delivered=sum(one.delivered for one in known), failed=sum(one.failed for one in known),
            waiting=sum(one.waiting for one in known), last_answer_at=max(times, default=None), up=bool(usable),
            note="; ".join(f"{state.route}: {state.note}" for state in self.states() if state.note))

    def skip(self, names: frozenset[str]) -> None:
        """The routes that operators have taken out; all others are in."""
        for route in self._routes:
            route.skipped = route.name in names

    def closed_for(self) -> float:
        """For how many seconds nothing can leave, because every route is silent or taken out; 0 when one may be used."""
        now_s = self._time()
        waits = [
            route.breaker.opens_in(now_s) or _TRIAL_S if route.breaker.room(now_s) == 0 else 0.0
            for route in self._routes if not route.skipped]
        return min(waits, default=_ALL_SKIPPED_S)

    def try_now(self, name: str) -> None:
        """An operator says that a route is mended: its next message is tried at once."""
        for route in self._routes:
            if route.name == name:
                route.breaker.try_now(self._time())
                self._look(route)

    async def _deliver(self, count: int, hand: Hand) -> list[tuple[str, _Said]]:
        """Rounds: what is left is shared among the routes that may be used and have not had it, until all is told or ``within_s`` is over.

        What found no room beside a message on trial is in the next round: when the trial is answered, the rest follows it at once.
        """
        told: list[tuple[str, _Said] | None] = [None] * count
        tried: dict[int, set[str]] = {}
        left = list(range(count))
        until = self._time() + self._within_s
        while left:
            shares = self._shares(left, tried)
            if not shares:
                break
            answers: dict[int, tuple[str, _Said]] = {}
            done = await asyncio.gather(
                *(self._hand(route, share, hand, until, answers) for route, share in shares), return_exceptions=True)
            for (route, share), fault in zip(shares, done, strict=True):
                if isinstance(fault, Exception):
                    log.error("a route failed unexpectedly", route=route.name, error=type(fault).__name__)
                    for position in share:
                        answers.setdefault(position, (route.name, _broken(fault)))
                elif fault is not None:
                    raise fault
            for position, (name, said) in answers.items():
                told[position] = (name, said)
                tried.setdefault(position, set()).add(name)
            if self._time() >= until:
                break
            left = [position for position in left if position not in answers or _may_move(answers[position][1])]
        return [one or ("", self._no_route(until)) for one in told]

    def _shares(self, left: Sequence[int], tried: dict[int, set[str]]) -> list[tuple[Route, list[int]]]:
        """Who carries what: by weight among the best routes that a message has not had. What finds none keeps what it was told last."""
        now_s = self._time()
        rooms = {route.name: route.breaker.room(now_s) for route in self._routes if not route.skipped}
        ranked = sorted((route for route in self._routes if rooms.get(route.name, 0) != 0), key=Route.rank)
        ranks = {route.name: route.rank() for route in ranked}
        shares: dict[str, list[int]] = {route.name: [] for route in ranked}
        for position in left:
            had = tried.get(position, ())
            open_to = [
                route for route in ranked
                if route.name not in had and (rooms[route.name] is None or len(shares[route.name]) < (rooms[route.name] or 0))
            ]
            if not open_to:
                continue
            # A route on trial gets its one message whatever its weight, or it would never be seen to live again.
            trial = next((route for route in open_to if rooms[route.name] is not None and not route.skipped), None)
            if trial is None:
                best = [route for route in open_to if ranks[route.name] == ranks[open_to[0].name]]
                for route in best:
                    route.credit += max(1, route.weight)
                trial = max(best, key=_credit)
                trial.credit -= sum(max(1, route.weight) for route in best)
            shares[trial.name].append(position)
        return [(route, shares[route.name]) for route in ranked if shares[route.name]]

    async def _hand(
        self, route: Route, share: Sequence[int], hand: Hand, until: float, answers: dict[int, tuple[str, _Said]]
    ) -> None:
        """Send a share at the route's pace; once the route is dead, or too slow for the time there is, the rest of the share goes on."""
        size = min(len(share), route.bucket.portion or len(share))
        for start in range(0, len(share), size):
            some = share[start:start + size]
            now_s = self._time()
            if route.skipped or (start and route.breaker.room(now_s) == 0):
                answers |= dict.fromkeys(share[start:], (route.name, _DEAD))
                return
            route.breaker.taken(now_s)
            wait = route.bucket.take(len(some), now_s)
            if now_s + wait >= until:
                route.bucket.give_back(len(some))
                route.breaker.untold()
                answers |= dict.fromkeys(share[start:], (route.name, _SLOW))
                return
            if wait:
                await self._sleep(wait)
            said: list[_Said] | None = None
            route.under_way += len(some)
            try:
                said = await hand(route, some)
            finally:
                route.under_way -= len(some)
                if said is None:
                    # What was not yet handed over surely did not leave.
                    answers |= dict.fromkeys(share[start + size:], (route.name, _DEAD))
                    route.breaker.silent(self._time(), messages=len(some))
            answers |= {position: (route.name, one) for position, one in zip(some, said, strict=True)}
            self._judge(route, said)

    def _judge(self, route: Route, said: Sequence[_Said]) -> None:
        silent = sum(1 for one in said if one.outcome is Outcome.UNKNOWN or (one.outcome is Outcome.RETRY and one.reason in _SILENT))
        accepted = sum(1 for one in said if one.outcome in (Outcome.ACCEPTED, Outcome.DELIVERED))
        refused = sum(1 for one in said if one.outcome in (Outcome.REJECTED, Outcome.RETRY) and one.reason not in _OURS | _SILENT)
        route.accepted += accepted
        route.failed += silent
        if accepted or refused:
            route.breaker.answered()
        elif silent:
            route.breaker.silent(self._time(), messages=silent)
        else:
            route.breaker.untold()
        self._look(route)

    def _look(self, route: Route) -> None:
        state = route.breaker.state(self._time())
        if state is not route.seen or route.since is None:
            if route.since is not None:
                log.warning("the circuit of a route changed", route=route.name, circuit=state.value)
            route.seen, route.since = state, self._now()

    def _no_route(self, until: float) -> _Said:
        now_s = self._time()
        if now_s >= until:
            return _LATE
        how = ", ".join(f"{route.name} {'skipped' if route.skipped else route.breaker.state(now_s).value}" for route in self._routes)
        return _Said(outcome=Outcome.RETRY, reason=Reason.UNREACHABLE, evidence=f"no route may be used now: {how}")


def _may_move(said: _Said) -> bool:
    return said.outcome is Outcome.RETRY and said.reason in MOVES


def _credit(route: Route) -> int:
    return route.credit


def _named(route: str, evidence: str) -> str:
    return f"{route}: {evidence}" if route else evidence


def _broken(fault: Exception) -> _Said:
    return _Said(outcome=Outcome.UNKNOWN, reason=Reason.TIMEOUT, evidence=f"the route failed while sending: {type(fault).__name__}")


def _note(route: Route, now_s: float, health: Health | None) -> str:
    if route.skipped:
        return "taken out by an operator; put it in again when it is mended"
    match route.breaker.state(now_s):
        case Circuit.OPEN:
            return f"does not answer; tried again in {route.breaker.opens_in(now_s):.0f} s, or at once when an operator says so"
        case Circuit.HALF_OPEN:
            return "did not answer; the next message is a trial"
        case Circuit.CLOSED:
            return "" if health is None else health.note


_DEAD = _Said(outcome=Outcome.RETRY, reason=Reason.UNREACHABLE, evidence="not tried: the route stopped answering others of this batch")
_LATE = _Said(outcome=Outcome.RETRY, reason=Reason.UNREACHABLE, evidence="not tried: the message on trial took all the time there was")
_SLOW = _Said(outcome=Outcome.RETRY, reason=Reason.RATE_LIMITED, evidence="the route's rate leaves no time for it in this batch")
