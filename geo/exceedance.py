"""Exceedance: where a criterion is met, how strongly, from when to when, with the cells that say so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from geo.answer import Answer, answer, values_within
from geo.criterion import Comparison, Criterion, comparisons
from geo.grid import Grid
from geo.overlay import Overlay
from geo.quantity import Quantity
from geo.series import Series


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
    values: NDArray[np.float64]
    times: tuple[datetime | None, ...]
    margins: NDArray[np.float64]


def exceed(
    criterion: Criterion,
    series: Mapping[Quantity, Series],
    overlay: Overlay,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
) -> list[Exceedance]:
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
    if not overlay.zones:
        return []
    leaves = list(dict.fromkeys(comparisons(criterion)))
    _refuse_other_grid(leaves, series, overlay.grid)
    cells = np.unique(overlay.shares.indices).astype(np.int64)
    found = answer(criterion, series, cells, start=start, end=end)
    shares = overlay.shares[:, cells]
    share, known = shares @ found.ever.astype(np.float64), shares @ found.known.astype(np.float64)
    peaks = [_peak(leaf, series.get(leaf.quantity), overlay, cells, start, end) for leaf in leaves]
    # Where nothing is known of a comparison any other leads; among equals the one named first.
    leader = np.argmax([np.nan_to_num(peak.margins, nan=-np.inf) for peak in peaks], axis=0)
    result: list[Exceedance] = []
    for position, zone in enumerate(overlay.zones):
        own = np.searchsorted(cells, overlay.cells(position))
        moments = [time for row, time in enumerate(found.times) if found.true[row, own].any()]
        leading = peaks[int(leader[position])]
        result.append(
            Exceedance(
                zone=zone.code,
                share=min(float(share[position]), 1.0),
                known_share=min(float(known[position]), 1.0),
                peak=float(leading.values[position]),
                peak_time=leading.times[position],
                leading=leading.leaf,
                onset=moments[0] if moments else None,
                end=moments[-1] if moments else None,
                cells=tuple(int(cell) for cell in cells[own[found.ever[own]]]),
                observed=_already(found, own, now),
            )
        )
    return result


def exceeding_cells(
    criterion: Criterion, series: Mapping[Quantity, Series], grid: Grid, *, start: datetime, end: datetime
) -> CellMap:
    """The answer of every cell of ``grid`` over [start, end], zones or not. Raises GridMismatch as ``exceed`` does."""
    _refuse_other_grid(list(comparisons(criterion)), series, grid)
    found = answer(criterion, series, np.arange(grid.ny * grid.nx, dtype=np.int64), start=start, end=end)
    return CellMap(exceeding=found.ever.reshape(grid.shape), known=found.known.reshape(grid.shape))


def _already(found: Answer, own: NDArray[np.int64], now: datetime) -> bool:
    past = np.array([time <= now for time in found.times], dtype=np.bool_)
    return bool(found.seen[past][:, own].any())


def _peak(
    leaf: Comparison, found: Series | None, overlay: Overlay, cells: NDArray[np.int64], start: datetime, end: datetime
) -> _Peak:
    count = len(overlay.zones)
    peaks = np.full(count, np.nan)
    times: list[datetime | None] = [None] * count
    upward = leaf.operator in (">=", ">")
    if found is not None:
        moments, values = values_within(leaf, found, cells, start, end)
        # Downward comparisons are turned round so that the largest is always the most extreme.
        ranked = np.where(np.isfinite(values), values if upward else -values, -np.inf)
        for position in range(count):
            own = ranked[:, np.searchsorted(cells, overlay.cells(position))]
            if own.size and np.isfinite(own.max()):
                times[position] = moments[int(own.max(axis=1).argmax())]
                peaks[position] = own.max() if upward else -own.max()
    beyond = peaks - leaf.value if upward else leaf.value - peaks
    return _Peak(leaf=leaf, values=peaks, times=tuple(times), margins=beyond / _size(leaf))


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
