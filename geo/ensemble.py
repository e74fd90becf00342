"""Ensemble: the members of a forecast, each derived as any forecast is, and how many of them meet a criterion."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from geo.answer import Answer, answer
from geo.criterion import Criterion, comparisons
from geo.daily import DAY
from geo.derive import series
from geo.field import GridField
from geo.grid import Grid
from geo.quantity import Quantity
from geo.regrid import RegridError, series_onto
from geo.series import Series
from geo.touched import touched


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Count:
    """How many of ``members`` meet a criterion, and of how many it is not known: (T, ny, nx) each, at ``times``.

    ``missing``: the members that should be there and are not, at some time at which another is.
    """

    grid: Grid
    times: tuple[datetime, ...]
    met: NDArray[np.int32]
    unknown: NDArray[np.int32]
    members: int
    missing: tuple[int, ...]


class Ensemble:
    """The members among ``fields``; each quantity of each is derived once, whatever asks for it."""

    def __init__(self, fields: Iterable[GridField], *, now: datetime) -> None:
        self._own: dict[int, list[GridField]] = {}
        for field in fields:
            if field.member is not None and not field.statistic.startswith("probability"):
                self._own.setdefault(field.member, []).append(replace(field, member=None))
        self._now = now
        self._derived: dict[tuple[int, Quantity], Series | None] = {}

    def count(self, criterion: Criterion) -> Count | None:
        """None when fewer than two members speak of it, when no member speaks of one of its quantities, or their grids cannot be joined.

        AND and OR are asked of each member by itself, at the same time and in the same cell, as ``geo.answer`` has them.
        """
        wanted = tuple(dict.fromkeys(leaf.quantity for leaf in comparisons(criterion)))
        spoken = {member: found for member in self._own if (found := self._series(member, wanted))}
        if len(spoken) < 2 or any(all(quantity not in found for found in spoken.values()) for quantity in wanted):
            return None
        try:
            grid, joined = _on_one_grid(spoken)
        except RegridError:
            return None
        where = touched(np.arange(grid.ny * grid.nx, dtype=np.int64))
        ends = [time for found in joined.values() for one in found.values() for time in one.times]
        start, end = min(ends) - timedelta(microseconds=1), max(ends) + DAY
        answers = {member: answer(criterion, found, where, start=start, end=end) for member, found in joined.items()}
        times = tuple(sorted({time for found in answers.values() for time in _spoken_of(found)}))
        if not times:
            return None
        # A gap in the numbers is a member that never came; of one after the last nobody knows.
        expected = range(min(self._own), max(self._own) + 1)
        shape = (len(times), grid.ny * grid.nx)
        met, unknown = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
        silent: dict[int, NDArray[np.bool_]] = {}
        for member in expected:
            true, open_ = _at(answers.get(member), times, shape[1])
            met += true
            unknown += open_
            silent[member] = np.logical_and.reduce(open_, axis=1)
        # When no member speaks (the first hours of a long window) none is missing.
        nobody = np.logical_and.reduce(list(silent.values()))
        return Count(
            grid=grid, times=times, met=met.reshape(len(times), *grid.shape), unknown=unknown.reshape(len(times), *grid.shape),
            members=len(expected), missing=tuple(member for member, when in silent.items() if (when & ~nobody).any()))

    def _series(self, member: int, wanted: Sequence[Quantity]) -> dict[Quantity, Series]:
        for quantity in wanted:
            if (member, quantity) not in self._derived:
                self._derived[member, quantity] = series(quantity, self._own[member], now=self._now)
        return {quantity: found for quantity in wanted if (found := self._derived[member, quantity]) is not None}


def _on_one_grid(spoken: Mapping[int, Mapping[Quantity, Series]]) -> tuple[Grid, Mapping[int, Mapping[Quantity, Series]]]:
    """All on the finest of their grids; raises RegridError when one of several is not regular."""
    grids = {one.grid for found in spoken.values() for one in found.values()}
    finest = min(grids, key=lambda grid: grid.dlat * grid.dlon if grid.regular else 0.0)
    return finest, {member: {quantity: series_onto(one, finest) for quantity, one in found.items()} for member, found in spoken.items()}


def _spoken_of(found: Answer) -> tuple[datetime, ...]:
    """Its times, without the last where nothing is known any more: it only says "unknown from here on"."""
    return found.times[:-1] if found.times and not found.codes[-1].any() else found.times


def _at(found: Answer | None, times: Sequence[datetime], cells: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(T, cells) where the member meets it, and where that is not known, at ``times``."""
    true, open_ = np.zeros((len(times), cells), dtype=np.bool_), np.ones((len(times), cells), dtype=np.bool_)
    if found is not None:
        index = {time: row for row, time in enumerate(found.times)}
        pairs = [(position, index[time]) for position, time in enumerate(times) if time in index]
        there, own = [position for position, _ in pairs], [row for _, row in pairs]
        true[there] = found.true[own]
        open_[there] = ~(found.true[own] | found.false[own])
    return true, open_
