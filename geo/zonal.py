"""Zonal: what every field says of every zone: extreme, mean, share that meets a comparison, share that is known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.criterion import Comparison
from geo.kernel import compiled, split
from geo.measure import sign_and_bound
from geo.overlay import Overlay, OverlayError
from geo.touched import laid


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Zonal:
    """All (zones, T). ``extreme``: the highest value of any cell met (the lowest for ``<`` and ``<=``); ``mean`` over the known part;

    both NaN where nothing is known. ``share`` of the zone's area in cells that meet the comparison, ``known`` in cells with data.
    """

    extreme: NDArray[np.float32]
    mean: NDArray[np.float64]
    share: NDArray[np.float64]
    known: NDArray[np.float64]


def zonal(leaf: Comparison, values: NDArray[np.float32], overlay: Overlay) -> Zonal:
    """``values`` (T, ny, nx) on the overlay's grid, time by time (``leaf.days`` aside), by the exact shares of the overlay.

    Fastest when the times of a cell lie side by side in memory, as ``cells_first`` lays them; other layouts are turned on
    the way, only the cells that the zones touch. Raises OverlayError for values of another shape than the grid.
    """
    times = len(values)
    if values.shape[1:] != overlay.grid.shape:
        raise OverlayError(f"values of {values.shape[1:]} cells cannot lie on {overlay.grid.describe()}; give (times, ny, nx)")
    loops, ready = compiled("zonal"), laid(overlay)
    beside = values.transpose(1, 2, 0)
    if beside.flags.c_contiguous and values.dtype == np.float32:
        lines, columns = beside.reshape(overlay.grid.ny * overlay.grid.nx, times), overlay.shares.indices
    else:
        where = ready.touched
        flat = np.ascontiguousarray(values, dtype=np.float32).reshape(times, -1)
        lines, columns = np.empty((len(where.cells), times), dtype=np.float32), ready.columns
        split(lambda start, stop: loops.turn(flat, where.starts, where.counts, where.offsets, lines, start, stop),
              len(where.starts), steps=lines.size)
    zones = len(overlay.zones)
    extreme = np.empty((zones, times), dtype=np.float32)
    mean, share, known = (np.empty((zones, times)) for _ in range(3))
    sign, bound = sign_and_bound(leaf)
    split(lambda start, stop: loops.reduce(
        lines, ready.indptr, columns, ready.shares, sign, bound, extreme, mean, share, known, start, stop,
    ), zones, steps=len(columns) * times)
    return Zonal(extreme=extreme, mean=mean, share=share, known=known)


def cells_first(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """The same (T, ny, nx) as float32 with the times of each cell side by side in memory."""
    beside = np.empty((*values.shape[1:], len(values)), dtype=np.float32)
    turned = beside.transpose(2, 0, 1)
    turned[...] = values
    return turned
