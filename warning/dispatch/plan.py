"""Plan: who will be reached by when on which channel, worked out before the signature from what was measured and what waits.

A channel sends parts (a short message of two parts costs two). Its people are reached one after the other once what is waiting at
the same level or above has gone, each ``accept_s`` after it was handed over:

    reached(t) = min(people, (t - accept_s) · per_second / parts - waiting / parts),  never below 0

A channel with several routes is as fast as those of them that may be used now: who is silent, or was taken out by an operator, carries nothing.

"Reached" is what the ledger calls accepted: the gateway's own answer. How many of those a handset confirmed is ``receipt_share``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from channels.message import Lane
from warning.dispatch.kind import PERSONAL
from warning.dispatch.meter import of_route
from warning.level import Level

MOMENTS_S: Final = (60, 120, 300, 600)
"""The curve's points: seconds after the signature."""
PROMISE_S: Final = 600
ENOUGH_PARTS: Final = 200
"""Fewer parts than these say nothing of how fast a channel is when it is full."""
ASSUMED_PER_SECOND: Final[Mapping[str, float]] = {"sms": 100.0, "webpush": 500.0, "email": 50.0}
"""For a channel that was never measured: careful guesses of ours, shown as such. One-to-many channels: ten messages a second."""
ASSUMED_TO_MANY: Final = 10.0
ASSUMED_ACCEPT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is going to be signed, as far as reach hangs on it. ``ends``: the event whose people alone are told, when this is its end."""

    hazard: str
    level: Level
    lane: Lane
    zones: tuple[str, ...]
    polygon: Mapping[str, object] | None
    expires: datetime
    cap_xml: str
    ends: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Measured of one channel: parts a second with all its workers (None: too few to tell), median seconds to an acceptance, share with a receipt."""

    per_second: float | None = None
    accept_s: float | None = None
    receipt_share: float | None = None
    measured_parts: int = 0
    recent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a channel has to carry: ``people`` (on a one-to-many channel: messages), ``parts`` each, ``waiting`` parts before them."""

    channel: str
    kind: str
    people: int
    parts: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One route of a channel as living workers have it: ``limit_per_s`` messages that all of them may give it by contract (None: no limit)."""

    route: str
    usable: bool
    standby: bool
    limit_per_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePlan:
    """What one route is counted with: 0 while it may not be used or stands by. ``rate_from`` as for a channel, or contract, or share (of the channel's)."""

    route: str
    used: bool
    per_second: float
    rate_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPlan:
    """One channel's promise. ``reached[i]`` people at ``MOMENTS_S[i]``; ``done_s`` when the last one is, None while nothing can leave; ``rate_from``
    measured-hour, measured-month, assumed, or routes (the sum of those that may be used)."""

    channel: str
    kind: str
    to_many: bool
    people: int
    parts: int
    waiting: int
    per_second: float
    accept_s: float
    rate_from: str
    receipt_share: float | None
    reached: tuple[int, ...]
    done_s: float | None
    remains: int
    routes: tuple[RoutePlan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachPlan:
    """The whole: ``remains`` people are not reached in time personally, ``carried_by`` are the one-to-many channels that tell them, if any."""

    channels: tuple[ChannelPlan, ...]
    deadline_s: float
    people: int
    reached: tuple[int, ...]
    remains: int
    carried_by: tuple[str, ...]
    assumptions: tuple[str, ...]


def plan(
    loads: Sequence[Load], rates: Mapping[str, Rate], *, ways: Mapping[str, Sequence[Way]] | None = None, deadline_s: float = PROMISE_S
) -> ReachPlan:
    """``deadline_s``: seconds from the signature after which a message is useless (it expires), at most the promise counts.

    ``rates`` by channel, and of a route under ``meter.of_route``; ``ways`` by channel, of those that have several routes.
    """
    until = min(deadline_s, PROMISE_S)
    channels = tuple(_channel(load, rates, (ways or {}).get(load.channel, ()), until) for load in loads)
    persons = [one for one in channels if not one.to_many]
    return ReachPlan(
        channels=channels, deadline_s=until, people=sum(one.people for one in persons),
        reached=tuple(sum(one.reached[at] for one in persons) for at in range(len(MOMENTS_S))),
        remains=sum(one.remains for one in persons),
        carried_by=tuple(one.channel for one in channels if one.to_many and one.people and one.remains == 0),
        assumptions=tuple(
            f"{one.channel}: {one.per_second:g} parts/s is assumed, it was never measured" for one in channels if one.rate_from == "assumed") + tuple(
            f"{one.channel}: no route may be used now; see the routes" for one in channels if one.routes and not one.per_second))


def _channel(load: Load, rates: Mapping[str, Rate], ways: Sequence[Way], until: float) -> ChannelPlan:
    rate = rates.get(load.channel, Rate())
    to_many = load.kind not in PERSONAL
    assumed = ASSUMED_TO_MANY if to_many else ASSUMED_PER_SECOND.get(load.kind, ASSUMED_TO_MANY)
    whole = rate.per_second or assumed
    rate_from = "assumed" if rate.per_second is None else _age(rate)
    routes = _routes(load, rates, ways, whole)
    all_well = all(way.usable for way in ways if not way.standby)
    per_second = whole
    if ways and not (all_well and rate.per_second):
        per_second, rate_from = sum(one.per_second for one in routes), "routes"
    accept_s = ASSUMED_ACCEPT_S if rate.accept_s is None else rate.accept_s
    parts = max(load.parts, 1)

    def reached(at: float) -> int:
        # What would leave after the deadline does not leave at all.
        gone = (min(at, until) - accept_s) * per_second - load.waiting
        return max(0, min(load.people, int(gone / parts)))

    return ChannelPlan(
        channel=load.channel, kind=load.kind, to_many=to_many, people=load.people, parts=parts, waiting=load.waiting,
        per_second=per_second, accept_s=accept_s,
        rate_from=rate_from, receipt_share=rate.receipt_share, reached=tuple(reached(moment) for moment in MOMENTS_S),
        done_s=0.0 if not load.people else accept_s + (load.waiting + load.people * parts) / per_second if per_second else None,
        remains=load.people - reached(until), routes=routes)


def _routes(load: Load, rates: Mapping[str, Rate], ways: Sequence[Way], whole: float) -> tuple[RoutePlan, ...]:
    """What was measured of each; of one that never was, its contract's rate, or its share of the channel's."""
    active = [way for way in ways if not way.standby] or list(ways)
    used = [way for way in active if way.usable] or [way for way in ways if way.usable]
    found = []
    for way in ways:
        rate = rates.get(of_route(load.channel, way.route), Rate())
        if rate.per_second is not None:
            per_second, rate_from = rate.per_second, _age(rate)
        elif way.limit_per_s is not None:
            per_second, rate_from = way.limit_per_s * max(load.parts, 1), "contract"
        else:
            per_second, rate_from = whole / len(active), "share"
        found.append(RoutePlan(route=way.route, used=way in used, per_second=per_second if way in used else 0.0, rate_from=rate_from))
    return tuple(found)


def _age(rate: Rate) -> str:
    return "measured-hour" if rate.recent else "measured-month"
