"""Daily extremes and drops of temperature, by the local day of Beijing time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from geo.choose import Step
from geo.units import convert

DAY = timedelta(days=1)
# One local time for all of China, as its warnings use it.
BEIJING = timezone(timedelta(hours=8))
# A day counts as complete when no stretch longer than this is without a value: three-hourly steps are the coarsest in use.
LONGEST_GAP = timedelta(hours=3)

DAILY = frozenset({"tmax", "tmin", "ground_tmin", "temperature_drop"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Days:
    """``times`` (the local midnights that end the days, UTC), ``values`` and ``partial`` (T, ny, nx), ``observed`` (T,)."""

    times: tuple[datetime, ...]
    values: NDArray[np.float32]
    partial: NDArray[np.bool_]
    observed: NDArray[np.bool_]


def day_end(time: datetime) -> datetime:
    """The local midnight (UTC) ending the local day that ``time`` lies in; midnight itself ends the day before it."""
    midnight = time.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight if midnight == time else midnight + DAY).astimezone(UTC)


def daily_extremes(steps: Sequence[Step], units: str, extreme: Literal["max", "min"]) -> Days | None:
    """The highest or lowest value of each local day, in ``units``; None without steps.

    A step belongs to the day in which the middle of its interval lies (an instant at midnight to the day that begins).
    Steps of a day are joined by their extreme. When they leave more than LONGEST_GAP open, a 24-hour step fills in; where
    there is none, or a step is NaN in a cell, the value is ``partial``; it is NaN where no step knows anything.
    """
    fine: dict[datetime, list[Step]] = {}
    whole: dict[datetime, list[Step]] = {}
    for step in steps:
        middle = step.start + (step.end - step.start) / 2
        # day_end gives midnight to the day before; an instant there begins its day.
        end = day_end(middle + timedelta(microseconds=1))
        (whole if step.end - step.start >= DAY else fine).setdefault(end, []).append(step)
    times = tuple(sorted({*fine, *whole}))
    if not times:
        return None
    shape = steps[0].field.grid.shape
    values = np.empty((len(times), *shape), dtype=np.float32)
    partial = np.zeros((len(times), *shape), dtype=np.bool_)
    observed = np.zeros(len(times), dtype=np.bool_)
    join = np.fmax if extreme == "max" else np.fmin
    for position, end in enumerate(times):
        used, complete = fine.get(end, []), _complete(fine.get(end, []), end)
        if not complete and end in whole:
            newest = max(whole[end], key=lambda step: (step.analysis, step.field.run_time))
            used, complete = [*used, newest], True
        found = np.full(shape, np.nan, dtype=np.float32)
        for step in used:
            value = convert(step.field.values, step.field.units, units).astype(np.float32)
            partial[position] |= np.isnan(value)
            found = join(found, value)
        values[position] = found
        partial[position] |= not complete
        partial[position] &= ~np.isnan(found)
        observed[position] = all(step.analysis for step in used) and complete
    return Days(times=times, values=values, partial=partial, observed=observed)


def drops(minima: Days, window: timedelta) -> Days:
    """How far the daily minimum falls within ``window`` (24 h: from the day before; 48 h: from the higher of the two before).

    NaN when an earlier day of the window is missing or only partly known; a partly known last day gives a ``partial`` drop.
    """
    back = max(round(window / DAY), 1)
    index = {time: position for position, time in enumerate(minima.times)}
    values = np.full(minima.values.shape, np.nan, dtype=np.float32)
    observed = np.zeros(len(minima.times), dtype=np.bool_)
    for position, time in enumerate(minima.times):
        earlier = [index.get(time - DAY * days) for days in range(1, back + 1)]
        known = [day for day in earlier if day is not None]
        if len(known) < back:
            continue
        before = np.where(minima.partial[known], np.nan, minima.values[known]).max(axis=0)
        values[position] = before - minima.values[position]
        observed[position] = bool(minima.observed[[*known, position]].all())
    return Days(times=minima.times, values=values, partial=minima.partial & ~np.isnan(values), observed=observed)


def _complete(steps: Sequence[Step], end: datetime) -> bool:
    reached = end - DAY
    for step in sorted(steps, key=lambda step: (step.start, step.end)):
        if step.start - reached > LONGEST_GAP:
            return False
        reached = max(reached, step.end)
    return end - reached <= LONGEST_GAP
