"""Exceedance: where a criterion is met, how strongly, from when to when, with the cells that say so."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import overload

import numpy as np
from numpy.typing import NDArray

from geo.answer import answer, rows_within
from geo.criterion import Comparison, Criterion, comparisons
from geo.grid import Grid
from geo.measure import Gathered, Measured, gather, gather_peaks, measure, summarise
from geo.overlay import Overlay
from geo.quantity import Quantity
from geo.series import Series
from geo.touched import Laid, laid, touched
from geo.zone import Zone


class GridMismatch(ValueError):
    """A series lies on another grid than the overlay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceedance:
    """What one criterion says of one zone.

    ``share`` of the zone's area (0..1, exact cell × polygon shares) in cells that exceed at any time of the window;
    ``known_share`` of its area in cells with data: below 1 the answer may be *unknown*, never "no hazard".
    ``peak`` is the most extreme value of ``leading`` (the leaf comparison that decided) inside the zone, in its units,
    at ``peak_time``; ``onset``/``end`` bound the times at which any cell exceeds (None when none does);
    ``cells`` are flat indices (row * nx + col) of exceeding cells that touch the zone; ``observed`` = already reached.
    """

    zone: str
    share: float
    known_share: float
    peak: float
    peak_time: datetime | None
    leading: Comparison
    onset: datetime | None
    end: datetime | None
    cells: tuple[int, ...]
    observed: bool

    @property
    def exceeded(self) -> bool:
        return self.share > 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellMap:
    """For maps: (ny, nx) masks of the cells that exceed at any time of the window, and of those whose answer is known."""

    exceeding: NDArray[np.bool_]
    known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Peak:
    """The most extreme value of one leaf per zone (NaN where none is known), when, and how far beyond its threshold."""

    leaf: Comparison
    times: tuple[datetime, ...]
    values: NDArray[np.float32]
    rows: NDArray[np.int32]
    margins: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exceedances(Sequence[Exceedance]):
    """One Exceedance per zone, kept as columns and made when asked for: thousands of quiet zones cost nothing."""

    laid: Laid
    zones: tuple[Zone, ...]
    times: tuple[datetime, ...]
    ever: NDArray[np.uint8]
    zonal: Gathered
    peaks: tuple[_Peak, ...]
    leader: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.zones)

    @overload
    def __getitem__(self, index: int) -> Exceedance: ...

    @overload
    def __getitem__(self, index: slice) -> list[Exceedance]: ...

    def __getitem__(self, index: int | slice) -> Exceedance | list[Exceedance]:
        if isinstance(index, slice):
            return [self._one(position) for position in range(*index.indices(len(self)))]
        return self._one(range(len(self))[index])

    def of(self, zone: str) -> Exceedance | None:
        """That of the zone with this code."""
        position = self.laid.positions.get(zone)
        return None if position is None else self._one(position)

    @property
    def shares(self) -> NDArray[np.float64]:
        """``Exceedance.share`` of all zones, in their order."""
        return np.minimum(self.zonal.share, 1.0)

    @property
    def known_shares(self) -> NDArray[np.float64]:
        """``Exceedance.known_share`` of all zones, in their order."""
        return np.minimum(self.zonal.known, 1.0)

    def _one(self, position: int) -> Exceedance:
        zonal, leading = self.zonal, self.peaks[int(self.leader[position])]
        first, last, top = int(zonal.first[position]), int(zonal.last[position]), int(leading.rows[position])
        return Exceedance(
            zone=self.zones[position].code,
            share=min(float(zonal.share[position]), 1.0),
            known_share=min(float(zonal.known[position]), 1.0),
            peak=float(leading.values[position]),
            peak_time=leading.times[top] if top >= 0 else None,
            leading=leading.leaf,
            onset=self.times[first] if first >= 0 else None,
            end=self.times[last] if last >= 0 else None,
            cells=self._cells(position) if first >= 0 else (),
            observed=bool(zonal.seen[position]),
        )

    def _cells(self, position: int) -> tuple[int, ...]:
        own = self.laid.columns[self.laid.indptr[position] : self.laid.indptr[position + 1]]
        return tuple(self.laid.touched.cells[own[self.ever[own] != 0]].tolist())


def exceed(
    criterion: Criterion,
    series: Mapping[Quantity, Series],
    overlay: Overlay,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
) -> Exceedances:
    """What ``criterion`` says of each zone of ``overlay``, in its order, for the times in [start, end].

    Cells answer true, false or unknown at each time (``geo.answer.answer`` says how AND, OR, days and time axes work).
    ``share``: the part of the zone's area in cells that are true at some time. ``known_share``: the part in cells that
    are true at some time, or false at all times the criterion has in the window; a zone outside the grid, NaN, or a
    quantity missing entirely lower it, down to 0. Cells are counted in the shares of the overlay (equal area).
    ``leading``: of all comparisons the one furthest beyond its threshold in the zone, or nearest to it when none is
    beyond (distance over the threshold's size, temperatures over 10 degrees); ``peak`` is its highest value inside the
    zone, its lowest for ``<`` and ``<=``. ``observed``: a cell of the zone was true at a time <= now by analyses alone.
    Raises GridMismatch when a series that the criterion needs lies on another grid than the overlay.
    """
    leaves = list(dict.fromkeys(comparisons(criterion)))
    _refuse_other_grid(leaves, series, overlay.grid)
    ready = laid(overlay)
    found = answer(criterion, series, ready.touched, start=start, end=end)
    cells = summarise(found.codes, past=bisect_right(found.times, now))
    peaks = tuple(_peak(leaf, series.get(leaf.quantity), ready, start, end, found.measured) for leaf in leaves)
    # Where nothing is known of a comparison any other leads; among equals the one named first.
    leader = np.argmax([np.nan_to_num(peak.margins, nan=-np.inf) for peak in peaks], axis=0)
    return Exceedances(
        laid=ready, zones=overlay.zones, times=found.times, ever=cells.ever, zonal=gather(cells, ready), peaks=peaks, leader=leader)


def exceeding_cells(
    criterion: Criterion, series: Mapping[Quantity, Series], grid: Grid, *, start: datetime, end: datetime
) -> CellMap:
    """The answer of every cell of ``grid`` over [start, end], zones or not. Raises GridMismatch as ``exceed`` does."""
    _refuse_other_grid(list(comparisons(criterion)), series, grid)
    found = answer(criterion, series, touched(np.arange(grid.ny * grid.nx, dtype=np.int64)), start=start, end=end)
    cells = summarise(found.codes, past=0)
    return CellMap(exceeding=(cells.ever != 0).reshape(grid.shape), known=(cells.known != 0).reshape(grid.shape))


def _peak(
    leaf: Comparison, found: Series | None, ready: Laid, start: datetime, end: datetime, measured: Measured | None
) -> _Peak:
    if found is None:
        nothing = np.full(len(ready.indptr) - 1, np.nan)
        return _Peak(leaf=leaf, times=(), values=nothing.astype(np.float32), rows=np.full(len(nothing), -1, dtype=np.int32), margins=nothing)
    rows = rows_within(leaf, found, start, end)
    if measured is None:
        measured = measure(found.values, rows, np.zeros(len(rows), dtype=np.bool_), leaf, ready.touched)
    values, at = gather_peaks(measured, leaf, ready)
    exact = values.astype(np.float64)
    beyond = exact - leaf.value if leaf.operator in (">=", ">") else leaf.value - exact
    return _Peak(leaf=leaf, times=tuple(found.times[row] for row in rows), values=values, rows=at, margins=beyond / _size(leaf))


def _size(leaf: Comparison) -> float:
    """What a distance from the threshold is measured in: a degree's zero is arbitrary, so 10 degrees; else the threshold."""
    if leaf.quantity.units in ("degC", "K"):
        return 10.0
    return abs(leaf.value) or 1.0


def _refuse_other_grid(leaves: list[Comparison], series: Mapping[Quantity, Series], grid: Grid) -> None:
    for leaf in leaves:
        found = series.get(leaf.quantity)
        if found is not None and found.grid != grid:
            raise GridMismatch(
                f"{leaf.quantity} lies on {found.grid.describe()}, the zones were laid over {grid.describe()}; "
                "make the overlay with the grid of the series"
            )
