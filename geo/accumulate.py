"""Accumulate: sliding sums over a window, tiled exactly from steps of any length."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from geo.choose import Step
from geo.units import convert

Cost = tuple[float, float, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sums:
    """``values`` (T, ny, nx) float32, NaN where a step of the window is missing; ``observed`` (T,)."""

    times: tuple[datetime, ...]
    values: NDArray[np.float32]
    observed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ahead:
    """``values`` (T, ny, nx) float32 at rising ``times``; ``partial`` (T, ny, nx): the truth is at least that. NaN where nothing is known to fall."""

    times: tuple[datetime, ...]
    values: NDArray[np.float32]
    partial: NDArray[np.bool_]


def sliding_sums(steps: Sequence[Step], window: timedelta, units: str, *, now: datetime) -> Sums | None:
    """The sum over (t - window, t] at the end t of every step not longer than the window; None when there is none.

    Where steps are missing in between, the end of the hole is a time too: its sum is unknown.
    The window is tiled exactly by steps: as much analysis as there is, then the newest runs, then the fewest steps, so
    a field whose own window is the wanted one is used as it is. Steps that grow from one run's start are taken apart
    first. Where no tiling exists, or a step of it is NaN in a cell, the sum is unknown (NaN) there.
    """
    pieces = [step for step in _taken_apart(steps) if timedelta(0) < step.end - step.start <= window]
    if not pieces:
        return None
    amounts = [convert(step.field.values, step.field.units, units) for step in pieces]
    ending: dict[datetime, list[int]] = {}
    for index, step in enumerate(pieces):
        ending.setdefault(step.end, []).append(index)
    first = min(step.start for step in pieces)
    times = tuple(sorted({*ending, *(step.start for step in pieces if step.start > first)}))
    shape = pieces[0].field.grid.shape
    values = np.full((len(times), *shape), np.nan, dtype=np.float32)
    observed = np.zeros(len(times), dtype=np.bool_)
    total, gaps, held = np.zeros(shape), np.zeros(shape, dtype=np.int32), frozenset[int]()
    for position, time in enumerate(times):
        tiles = _tiling(pieces, ending, time, time - window, now)
        if tiles is None:
            continue
        wanted = frozenset(tiles)
        # Sliding on costs two additions. float32 amounts add up exactly in float64, so nothing drifts.
        if len(wanted ^ held) >= len(wanted):
            total, gaps, held = np.zeros(shape), np.zeros(shape, dtype=np.int32), frozenset()
        for index, sign in [(index, 1) for index in wanted - held] + [(index, -1) for index in held - wanted]:
            known = np.isfinite(amounts[index])
            total += sign * np.where(known, amounts[index], 0).astype(np.float64)
            gaps += sign * ~known
        held = wanted
        values[position] = np.where(gaps == 0, total, np.nan)
        observed[position] = all(pieces[index].analysis for index in wanted)
    return Sums(times=times, values=values, observed=observed)


def sums_to_come(steps: Sequence[Step], within: timedelta, units: str, *, now: datetime) -> Ahead | None:
    """What is forecast to fall over (now, t], at the end t of each step of the cheapest chain of steps that begins now.

    The chain goes on to now + ``within``; a step that leads beyond is counted whole at that moment. None when no step
    begins now: nothing is known of what is to come. A step that is NaN in a cell adds nothing there.
    """
    end = now + within
    pieces = [step for step in _taken_apart(steps) if now <= step.start < min(step.end, end)]
    ending: dict[datetime, list[int]] = {}
    for index, step in enumerate(pieces):
        ending.setdefault(step.end, []).append(index)
    # The first end from the horizon on, else the last before it.
    ends = [*sorted(time for time in ending if time >= end), *sorted((time for time in ending if time < end), reverse=True)]
    chain = next((found for time in ends if (found := _tiling(pieces, ending, time, now, now))), None)
    if chain is None:
        return None
    shape = pieces[0].field.grid.shape
    values, partial = np.empty((len(chain), *shape), dtype=np.float32), np.zeros((len(chain), *shape), dtype=np.bool_)
    total, holes = np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    for position, index in enumerate(chain):
        amount = convert(pieces[index].field.values, pieces[index].field.units, units)
        known = np.isfinite(amount)
        total += np.where(known, amount, 0)
        holes |= ~known
        partial[position] = holes & (total > 0)
        values[position] = np.where(holes & (total <= 0), np.nan, total)
    return Ahead(times=tuple(min(pieces[index].end, end) for index in chain), values=values, partial=partial)


def _tiling(
    pieces: Sequence[Step], ending: dict[datetime, list[int]], end: datetime, start: datetime, now: datetime
) -> tuple[int, ...] | None:
    """The cheapest chain of pieces that fills (start, end] without gap or overlap; None when there is none.

    Pieces only lead back in time, so taking the latest open moment first meets each moment with its cost settled.
    """
    settled: Cost = (0.0, 0.0, 0)
    # For each moment: the cost from it to the end, and the piece that begins at it (-1 at the end itself).
    best: dict[datetime, tuple[Cost, int]] = {end: (settled, -1)}
    open_moments = [-end.timestamp()]
    moments = {-end.timestamp(): end}
    while open_moments:
        moment = moments[heapq.heappop(open_moments)]
        if moment == start:
            break
        cost = best[moment][0]
        for index in ending.get(moment, ()):
            piece = pieces[index]
            if piece.start < start:
                continue
            step_cost = _cost(piece, now)
            reached = (cost[0] + step_cost[0], cost[1] + step_cost[1], cost[2] + 1)
            known = best.get(piece.start)
            if known is None:
                heapq.heappush(open_moments, -piece.start.timestamp())
                moments[-piece.start.timestamp()] = piece.start
            if known is None or reached < known[0]:
                best[piece.start] = (reached, index)
    if start not in best:
        return None
    chain: list[int] = []
    moment = start
    while moment != end:
        index = best[moment][1]
        chain.append(index)
        moment = pieces[index].end
    return tuple(chain)


def _cost(piece: Step, now: datetime) -> tuple[float, float]:
    """Seconds of forecast, and those weighted with the age of the run; an analysis costs nothing."""
    if piece.analysis:
        return 0.0, 0.0
    seconds = (piece.end - piece.start).total_seconds()
    return seconds, seconds * (now - piece.field.run_time).total_seconds()


def _taken_apart(steps: Sequence[Step]) -> list[Step]:
    """The steps, and for sums of one run from one start (0-6 h, 0-12 h) what falls between neighbouring ends (6-12 h).

    Packing may leave a growing sum a hair lower than before: never below zero.
    """
    have = {(step.start, step.end) for step in steps}
    grown: dict[tuple[datetime, datetime], list[Step]] = {}
    for step in steps:
        grown.setdefault((step.start, step.field.run_time), []).append(step)
    between: list[Step] = []
    for family in grown.values():
        family.sort(key=lambda step: step.end)
        for earlier, later in zip(family, family[1:], strict=False):
            if (earlier.end, later.end) in have or earlier.field.units != later.field.units:
                continue
            have.add((earlier.end, later.end))
            difference = np.maximum(later.field.values - earlier.field.values, 0)
            field = replace(later.field, values=difference, window=later.end - earlier.end)
            between.append(Step(start=earlier.end, end=later.end, analysis=False, field=field))
    return [*steps, *between]
