"""Pause: while an office is away, another of its subscriptions is told in its stead, or nobody when it wished so.

Worked out when an alert gets its audience: who pauses is not told of what begins, its stand-in is. A pause takes nothing back: who was told of
a warning before the pause is told of its changes and its end, and so is a stand-in after the pause is over. So nobody gets an end without a
start, and nobody keeps a start without an end.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """From (included) to (excluded). ``cover_id``: who is told instead; None = nobody, as the office wished."""

    subscription_id: int
    cover_id: int | None
    starts_at: datetime
    ends_at: datetime

    def holds(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at


def stand_in(subscription_id: int, pauses: Iterable[Pause], *, active: Collection[int], now: datetime) -> int | None:
    """Who is told in its stead: itself without a pause; None when it pauses without cover.

    A cover that pauses too hands on to its own. Where that leads to nobody (the cover was ended, pauses without cover, or two cover each
    other) the subscription itself is told after all: a warning that nobody gets is the worse mistake.
    """
    holding = {pause.subscription_id: pause for pause in pauses if pause.holds(now)}
    pause = holding.get(subscription_id)
    if pause is None:
        return subscription_id
    if pause.cover_id is None:
        return None
    at, seen = pause.cover_id, {subscription_id}
    while at in active and at not in seen:
        later = holding.get(at)
        if later is None:
            return at
        if later.cover_id is None:
            break
        seen.add(at)
        at = later.cover_id
    return subscription_id


def with_stand_ins(
    in_area: Sequence[int], matching: Sequence[int], pauses: Sequence[Pause], *, active: Collection[int], now: datetime
) -> tuple[list[int], list[int]]:
    """(whose place counts as warned, who is told of what begins), both sorted.

    Everybody who covers or has covered for somebody in the area counts as there: what they were told in that time is changed and ended for them
    like for all others, wherever their own place is.
    """
    if not pauses:
        return sorted(in_area), sorted(matching)
    told = {stand_in(one, pauses, active=active, now=now) for one in matching} - {None}
    there = set(in_area)
    grew = True
    while grew:
        covers = {pause.cover_id for pause in pauses if pause.subscription_id in there and pause.starts_at <= now and pause.cover_id is not None}
        grew = not covers <= there
        there |= covers
    return sorted(there | {one for one in told if one is not None}), sorted(one for one in told if one is not None)
