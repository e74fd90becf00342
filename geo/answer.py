"""Answer: what a criterion says of each cell at each time: true, false or unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from geo.criterion import AllOf, AnyOf, Comparison, Criterion, comparisons
from geo.daily import DAILY, DAY, day_end
from geo.measure import FALSE, SEEN, TRUE, Codes, Measured, measure
from geo.quantity import Quantity
from geo.series import Series
from geo.touched import Touched

Mask = NDArray[np.bool_]
_NOON_TO_MIDNIGHT = timedelta(hours=12)
# Quantities whose partly known value can only rise; the others that may be partly known can only fall.
_RISING = frozenset({"tmax", "temperature_drop", "rain_to_come", "snow_water_to_come"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """``codes`` (T, C) at ``times``: bits TRUE and FALSE (neither means unknown), and SEEN: true by analyses alone.

    ``measured``: of a lone comparison, what its codes came from at just these times; None for what is joined of several.
    """

    times: tuple[datetime, ...]
    codes: Codes
    measured: Measured | None = None

    @property
    def true(self) -> Mask:
        return np.asarray(self.codes & TRUE, dtype=np.bool_)

    @property
    def false(self) -> Mask:
        return np.asarray(self.codes & FALSE, dtype=np.bool_)

    @property
    def seen(self) -> Mask:
        return np.asarray(self.codes & SEEN, dtype=np.bool_)


def answer(
    criterion: Criterion,
    series: Mapping[Quantity, Series],
    cells: Touched,
    *,
    start: datetime,
    end: datetime,
) -> Answer:
    """``criterion`` in ``cells`` at every time of [start, end] that its quantities have.

    Three values: unknown OR true = true, unknown AND false = false, else unknown stays unknown; NaN, and a quantity
    that is not in ``series``, are unknown. OR joins its parts each at their own times. AND takes all times of its
    parts, and of each part the value at the latest time not after it within the window (no older than the part's
    longest step; a lone value holds on), for daily values that of the day it lies in, whether its noon counts or not;
    a day's end is a time of its own only when no other part has one on that day.
    Daily values count when the day is not over at ``start`` and its noon is not after ``end``. ``days`` > 1 needs that
    many local days in a row, of which earlier ones may lie before ``start``; a day is true when any time of it is.
    """
    if isinstance(criterion, AnyOf):
        return _either([answer(part, series, cells, start=start, end=end) for part in criterion.parts], len(cells.cells))
    if isinstance(criterion, Comparison):
        return _leaf(criterion, series, cells, start, end)
    leaves = {leaf: _leaf(leaf, series, cells, start, _last_day(leaf, end)) for leaf in comparisons(criterion)}
    times = _union(leaves, end)
    aligned = {leaf: _aligned(found, times, _daily(leaf)) for leaf, found in leaves.items()}
    return _combined(criterion, aligned, times)


def rows_within(leaf: Comparison, series: Series, start: datetime, end: datetime) -> list[int]:
    """The positions of the times of the series that count for [start, end]."""
    return [position for position, time in enumerate(series.times) if _counts(leaf.quantity, time, start, end)]


def _counts(quantity: Quantity, time: datetime, start: datetime, end: datetime) -> bool:
    if quantity.name in DAILY:
        return time > start and time - _NOON_TO_MIDNIGHT <= end
    return start <= time <= end


def _last_day(leaf: Comparison, end: datetime) -> datetime:
    """Where the window of a part of AND ends: for daily values with the day that is running at ``end``."""
    return day_end(end) if _daily(leaf) else end


def _daily(leaf: Comparison) -> bool:
    return leaf.days > 1 or leaf.quantity.name in DAILY


def _leaf(
    leaf: Comparison, series: Mapping[Quantity, Series], cells: Touched, start: datetime, end: datetime
) -> Answer:
    found = series.get(leaf.quantity)
    if found is None:
        return Answer(times=(), codes=np.zeros((0, len(cells.cells)), dtype=np.uint8))
    if leaf.days > 1:
        return _on_days(_compared(leaf, found, cells, range(len(found.times))), leaf.days, start, end)
    return _compared(leaf, found, cells, rows_within(leaf, found, start, end))


def _compared(leaf: Comparison, found: Series, cells: Touched, rows: Sequence[int]) -> Answer:
    chosen = np.array(rows, dtype=np.int64)
    measured = measure(found.values, rows, found.observed[chosen], leaf, cells)
    codes = measured.codes
    if found.partial is not None:
        partial = found.partial.reshape(len(found.times), -1)[np.ix_(chosen, cells.cells)]
        # More of the day can only make the value more extreme: what is already met stays met, what is not may yet be.
        open_yet = FALSE if (leaf.operator in (">=", ">")) == (leaf.quantity.name in _RISING) else TRUE | SEEN
        codes &= np.where(partial, np.uint8(~open_yet & 0xFF), np.uint8(0xFF))
    return Answer(times=tuple(found.times[row] for row in rows), codes=codes, measured=measured)


def _on_days(single: Answer, days: int, start: datetime, end: datetime) -> Answer:
    """At the end of each local day: was it true on it and on the ``days - 1`` days before?"""
    by_day: dict[datetime, list[int]] = {}
    for position, time in enumerate(single.times):
        by_day.setdefault(day_end(time), []).append(position)
    times = tuple(day for day in sorted(by_day) if day > start and day - _NOON_TO_MIDNIGHT <= end)
    # A day is true when any time of it is, and false when all are; one of which nothing is known stays unknown.
    whole = {day: _or(single.codes[rows]) for day, rows in by_day.items()}
    unknown = np.zeros(single.codes.shape[1], dtype=np.uint8)
    codes = np.zeros((len(times), single.codes.shape[1]), dtype=np.uint8)
    for row, last in enumerate(times):
        codes[row] = _and(np.array([whole.get(last - DAY * back, unknown) for back in range(days)]))
    return Answer(times=times, codes=codes)


def _and(codes: Codes) -> Codes:
    """Along the first axis: true and seen when all are, false when any is."""
    either = np.bitwise_or.reduce(codes, axis=0) & np.uint8(FALSE)
    return np.asarray(np.bitwise_and.reduce(codes, axis=0) & np.uint8(TRUE | SEEN) | either, dtype=np.uint8)


def _or(codes: Codes) -> Codes:
    """Along the first axis: true and seen when any is, false when all are."""
    both = np.bitwise_and.reduce(codes, axis=0) & np.uint8(FALSE)
    return np.asarray(np.bitwise_or.reduce(codes, axis=0) & np.uint8(TRUE | SEEN) | both, dtype=np.uint8)


def _either(parts: Sequence[Answer], cells: int) -> Answer:
    """OR at the times of the parts; a part that has no time at all is unknown at every one of them."""
    times = tuple(sorted({time for part in parts for time in part.times}))
    if all(part.times == times for part in parts):
        return Answer(times=times, codes=_or(np.array([part.codes for part in parts])))
    index = {time: row for row, time in enumerate(times)}
    # Where a part has no time it adds nothing and takes nothing away: false is the neutral value of OR.
    start = FALSE if all(part.times for part in parts) else 0
    codes = np.full((len(times), cells), start, dtype=np.uint8)
    for part in parts:
        rows = [index[time] for time in part.times]
        codes[rows] = _or(np.array([codes[rows], part.codes]))
    return Answer(times=times, codes=codes)


def _union(leaves: Mapping[Comparison, Answer], end: datetime) -> tuple[datetime, ...]:
    """All times of the leaves, but the end of a day only where its noon counts and no leaf has a time on it."""
    within = {time for leaf, found in leaves.items() if not _daily(leaf) for time in found.times}
    days = {time for leaf, found in leaves.items() if _daily(leaf) for time in found.times}
    alone = {day for day in days - {day_end(time) for time in within} if day - _NOON_TO_MIDNIGHT <= end}
    return tuple(sorted(within | alone))


def _aligned(part: Answer, times: Sequence[datetime], daily: bool) -> Answer:
    """``part`` at other times: its latest time not after each, if not stale, or for daily values the day each lies in."""
    if part.times == times and not daily:
        return part
    codes = np.zeros((len(times), part.codes.shape[1]), dtype=np.uint8)
    index = {time: row for row, time in enumerate(part.times)}
    steps = [later - earlier for earlier, later in zip(part.times, part.times[1:], strict=False)]
    latest: int | None = None
    for row, time in enumerate(times):
        latest = index.get(day_end(time)) if daily else index.get(time, latest)
        stale = not daily and steps and latest is not None and time - part.times[latest] > max(steps)
        if latest is not None and not stale:
            codes[row] = part.codes[latest]
    return Answer(times=tuple(times), codes=codes)


def _combined(criterion: Criterion, leaves: Mapping[Comparison, Answer], times: tuple[datetime, ...]) -> Answer:
    """AND and OR of leaves that share their times."""
    if isinstance(criterion, Comparison):
        return leaves[criterion]
    parts = np.array([_combined(part, leaves, times).codes for part in criterion.parts])
    return Answer(times=times, codes=_and(parts) if isinstance(criterion, AllOf) else _or(parts))
