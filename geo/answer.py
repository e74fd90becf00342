"""Answer: what a criterion says of each cell at each time: true, false or unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from geo.criterion import AllOf, AnyOf, Comparison, Criterion, comparisons
from geo.daily import DAILY, DAY, day_end
from geo.quantity import Quantity
from geo.series import Series

Mask = NDArray[np.bool_]
_NOON_TO_MIDNIGHT = timedelta(hours=12)
# Quantities whose partly known value can only rise; the other daily ones can only fall.
_RISING = frozenset({"tmax", "temperature_drop"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """``true`` and ``false`` are (T, C) masks at ``times``; neither means unknown. ``seen``: true by analyses alone."""

    times: tuple[datetime, ...]
    true: Mask
    false: Mask
    seen: Mask

    @property
    def ever(self) -> Mask:
        """(C,): true at some time."""
        return np.asarray(self.true.any(axis=0), dtype=np.bool_)

    @property
    def known(self) -> Mask:
        """(C,): true at some time, or false at all times there are (and there are some)."""
        if not self.times:
            return np.zeros(self.true.shape[1], dtype=np.bool_)
        return np.asarray(self.true.any(axis=0) | self.false.all(axis=0), dtype=np.bool_)


def answer(
    criterion: Criterion,
    series: Mapping[Quantity, Series],
    cells: NDArray[np.int64],
    *,
    start: datetime,
    end: datetime,
) -> Answer:
    """``criterion`` in the flat ``cells`` at every time of [start, end] that its quantities have.

    Three values: unknown OR true = true, unknown AND false = false, else unknown stays unknown; NaN, and a quantity
    that is not in ``series``, are unknown. OR joins its parts each at their own times. AND takes all times of its
    parts, and of each part the value at the latest time not after it within the window (no older than the part's
    longest step; a lone value holds on), for daily values that of the day it lies in, whether its noon counts or not;
    a day's end is a time of its own only when no other part has one on that day.
    Daily values count when the day is not over at ``start`` and its noon is not after ``end``. ``days`` > 1 needs that
    many local days in a row, of which earlier ones may lie before ``start``; a day is true when any time of it is.
    """
    if isinstance(criterion, AnyOf):
        return _either([answer(part, series, cells, start=start, end=end) for part in criterion.parts], len(cells))
    if isinstance(criterion, Comparison):
        return _leaf(criterion, series, cells, start, end)
    leaves = {leaf: _leaf(leaf, series, cells, start, _last_day(leaf, end)) for leaf in comparisons(criterion)}
    times = _union(leaves, end)
    aligned = {leaf: _aligned(found, times, _daily(leaf)) for leaf, found in leaves.items()}
    return _combined(criterion, aligned, times)


def values_within(
    leaf: Comparison, series: Series, cells: NDArray[np.int64], start: datetime, end: datetime
) -> tuple[tuple[datetime, ...], NDArray[np.float32]]:
    """The times of the series that count for [start, end] and its values (T, C) there."""
    chosen = [position for position, time in enumerate(series.times) if _counts(leaf.quantity, time, start, end)]
    flat = series.values.reshape(len(series.times), -1)
    values = flat[np.ix_(np.array(chosen, dtype=np.int64), cells)]
    return tuple(series.times[position] for position in chosen), values


def _counts(quantity: Quantity, time: datetime, start: datetime, end: datetime) -> bool:
    if quantity.name in DAILY:
        return time > start and time - _NOON_TO_MIDNIGHT <= end
    return start <= time <= end


def _last_day(leaf: Comparison, end: datetime) -> datetime:
    """Where the window of a part of AND ends: for daily values with the day that is running at ``end``."""
    return day_end(end) if _daily(leaf) else end


def _daily(leaf: Comparison) -> bool:
    return leaf.days > 1 or leaf.quantity.name in DAILY


def _nothing(cells: int) -> Answer:
    empty = np.zeros((0, cells), dtype=np.bool_)
    return Answer(times=(), true=empty, false=empty, seen=empty)


def _leaf(
    leaf: Comparison, series: Mapping[Quantity, Series], cells: NDArray[np.int64], start: datetime, end: datetime
) -> Answer:
    found = series.get(leaf.quantity)
    if found is None:
        return _nothing(len(cells))
    if leaf.days > 1:
        return _on_days(_compared(leaf, found, cells, range(len(found.times))), leaf.days, start, end)
    chosen = [position for position, time in enumerate(found.times) if _counts(leaf.quantity, time, start, end)]
    return _compared(leaf, found, cells, chosen)


def _compared(leaf: Comparison, found: Series, cells: NDArray[np.int64], chosen: Sequence[int]) -> Answer:
    positions = np.array(chosen, dtype=np.int64)
    values = found.values.reshape(len(found.times), -1)[np.ix_(positions, cells)]
    # The threshold as float32, as the values are: 0.1 as float64 would not equal itself.
    threshold = np.float32(leaf.value)
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        if leaf.operator == ">=":
            met = values >= threshold
        elif leaf.operator == ">":
            met = values > threshold
        elif leaf.operator == "<=":
            met = values <= threshold
        else:
            met = values < threshold
    true, false = known & met, known & ~met
    if found.partial is not None:
        partial = found.partial.reshape(len(found.times), -1)[np.ix_(positions, cells)]
        # More of the day can only make the value more extreme: what is already met stays met, what is not may yet be.
        if (leaf.operator in (">=", ">")) == (leaf.quantity.name in _RISING):
            false = false & ~partial
        else:
            true = true & ~partial
    seen = true & found.observed[positions][:, None]
    return Answer(times=tuple(found.times[position] for position in chosen), true=true, false=false, seen=seen)


def _on_days(single: Answer, days: int, start: datetime, end: datetime) -> Answer:
    """At the end of each local day: was it true on it and on the ``days - 1`` days before?"""
    cells = single.true.shape[1]
    by_day: dict[datetime, list[int]] = {}
    for position, time in enumerate(single.times):
        by_day.setdefault(day_end(time), []).append(position)
    times = tuple(day for day in sorted(by_day) if day > start and day - _NOON_TO_MIDNIGHT <= end)
    true, false, seen = (np.zeros((len(times), cells), dtype=np.bool_) for _ in range(3))
    for row, last in enumerate(times):
        run = [by_day.get(last - DAY * back) for back in range(days)]
        true[row] = np.logical_and.reduce([_any(single.true, day, cells) for day in run])
        seen[row] = np.logical_and.reduce([_any(single.seen, day, cells) for day in run])
        false[row] = np.logical_or.reduce([single.false[day].all(axis=0) for day in run if day is not None])
    return Answer(times=times, true=true, false=false, seen=seen)


def _any(mask: Mask, rows: list[int] | None, cells: int) -> Mask:
    return np.zeros(cells, dtype=np.bool_) if rows is None else np.asarray(mask[rows].any(axis=0), dtype=np.bool_)


def _either(parts: Sequence[Answer], cells: int) -> Answer:
    """OR at the times of the parts; a part that has no time at all is unknown at every one of them."""
    times = tuple(sorted({time for part in parts for time in part.times}))
    index = {time: row for row, time in enumerate(times)}
    true, seen = (np.zeros((len(times), cells), dtype=np.bool_) for _ in range(2))
    false = np.full((len(times), cells), all(part.times for part in parts), dtype=np.bool_)
    for part in parts:
        rows = [index[time] for time in part.times]
        true[rows] |= part.true
        seen[rows] |= part.seen
        false[rows] &= part.false
    return Answer(times=times, true=true, false=false, seen=seen)


def _union(leaves: Mapping[Comparison, Answer], end: datetime) -> tuple[datetime, ...]:
    """All times of the leaves, but the end of a day only where its noon counts and no leaf has a time on it."""
    within = {time for leaf, found in leaves.items() if not _daily(leaf) for time in found.times}
    days = {time for leaf, found in leaves.items() if _daily(leaf) for time in found.times}
    alone = {day for day in days - {day_end(time) for time in within} if day - _NOON_TO_MIDNIGHT <= end}
    return tuple(sorted(within | alone))


def _aligned(part: Answer, times: Sequence[datetime], daily: bool) -> Answer:
    """``part`` at other times: its latest time not after each, if not stale, or for daily values the day each lies in."""
    cells = part.true.shape[1]
    true, false, seen = (np.zeros((len(times), cells), dtype=np.bool_) for _ in range(3))
    index = {time: row for row, time in enumerate(part.times)}
    steps = [later - earlier for earlier, later in zip(part.times, part.times[1:], strict=False)]
    latest: int | None = None
    for row, time in enumerate(times):
        latest = index.get(day_end(time)) if daily else index.get(time, latest)
        stale = not daily and steps and latest is not None and time - part.times[latest] > max(steps)
        if latest is not None and not stale:
            true[row], false[row], seen[row] = part.true[latest], part.false[latest], part.seen[latest]
    return Answer(times=tuple(times), true=true, false=false, seen=seen)


def _combined(criterion: Criterion, leaves: Mapping[Comparison, Answer], times: tuple[datetime, ...]) -> Answer:
    """AND and OR of leaves that share their times."""
    if isinstance(criterion, Comparison):
        return leaves[criterion]
    parts = [_combined(part, leaves, times) for part in criterion.parts]
    both, either = (np.logical_and.reduce, np.logical_or.reduce)
    if not isinstance(criterion, AllOf):
        both, either = either, both
    return Answer(
        times=times,
        true=both([part.true for part in parts]),
        false=either([part.false for part in parts]),
        seen=both([part.seen for part in parts]),
    )
