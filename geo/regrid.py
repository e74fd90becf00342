"""Regrid: a field on the lattice of another, so that a nowcast of 1 km joins a forecast of 10 km."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from geo.field import GridField
from geo.grid import Grid
from geo.series import Series

# Cells as large as this part of the others' count as at least as coarse: their value holds all over them.
_AS_COARSE = 0.75
# Degrees; edges that agree to this are the same edge.
_SAME_EDGE = 1e-6


class RegridError(ValueError):
    """One of two grids has no rows and columns of longitude and latitude; the message names it."""


def onto(field: GridField, grid: Grid) -> GridField:
    """``field`` with the cells of ``grid``, as ``resampled`` does it; the field itself when it has them already."""
    return field if field.grid == grid else replace(field, values=resampled(field.values, field.grid, grid), grid=grid)


def series_onto(series: Series, grid: Grid) -> Series:
    """``series`` with the cells of ``grid``; where a value is unknown nothing is partial."""
    if series.grid == grid:
        return series
    values = resampled(series.values, series.grid, grid)
    partial = None
    if series.partial is not None:
        partial = np.nan_to_num(resampled(series.partial.astype(np.float32), series.grid, grid)) > 0
    return replace(series, values=values.astype(np.float32), partial=partial, grid=grid)


def resampled(values: NDArray[np.floating], own: Grid, grid: Grid) -> NDArray[np.floating]:
    """``values`` (…, ny, nx) of the cells of ``own`` for those of ``grid``: (…, ny', nx'), of the same type.

    A coarser field gives each cell the value of the cell its centre lies in: the amount stands where the provider put
    it, nothing is smoothed. A finer one gives each cell the mean of the centres inside it, unknown when one of them is
    or when the field covers the cell only in part. Outside the field is unknown (NaN).
    Raises RegridError for a grid that is not ``regular_ll``.
    """
    for one in (own, grid):
        if not one.regular:
            raise RegridError(f"{one.describe()} cannot be joined with another grid; regrid the source to regular_ll first")
    coarse = own.dlat >= _AS_COARSE * grid.dlat and own.dlon >= _AS_COARSE * grid.dlon
    if coarse:
        rows, cols, inside = _places(grid, own)
        return np.where(inside, values[..., rows[:, None], cols[None, :]], np.nan).astype(values.dtype)
    layers = values.reshape(-1, *own.shape)
    found = np.stack([_averaged(layer, own, grid) for layer in layers])
    return found.reshape(*values.shape[:-2], *grid.shape).astype(values.dtype)


def _averaged(layer: NDArray[np.floating], own: Grid, grid: Grid) -> NDArray[np.float64]:
    rows, cols, inside = _places(own, grid)
    flat = (rows[:, None] * grid.nx + cols[None, :])[inside]
    size = grid.ny * grid.nx
    count = np.bincount(flat, minlength=size)
    # A NaN among the summands makes the sum NaN: partly known is unknown.
    mean = np.bincount(flat, weights=layer[inside].astype(np.float64), minlength=size) / np.where(count, count, np.nan)
    west, south, east, north = own.bounds
    whole_lat = (grid.lats - grid.dlat / 2 >= south - _SAME_EDGE) & (grid.lats + grid.dlat / 2 <= north + _SAME_EDGE)
    whole_lon = (grid.lons - grid.dlon / 2 >= west - _SAME_EDGE) & (grid.lons + grid.dlon / 2 <= east + _SAME_EDGE)
    return np.where(whole_lat[:, None] & whole_lon[None, :], mean.reshape(grid.shape), np.nan)


@lru_cache(maxsize=32)
def _places(centres: Grid, cells: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """For each row and column of ``centres`` the row and column of ``cells`` it lies in, and (ny, nx) whether it lies in any.

    Longitudes are taken round the Earth; a centre on an edge belongs to the cell north or east of it.
    """
    rows = np.floor((centres.lats - cells.lat0) / cells.dlat + 0.5 + _SAME_EDGE).astype(np.int64)
    east = (centres.lons - (cells.lon0 - cells.dlon / 2) + _SAME_EDGE) % 360
    cols = np.floor(east / cells.dlon).astype(np.int64)
    inside = ((rows >= 0) & (rows < cells.ny))[:, None] & ((cols >= 0) & (cols < cells.nx))[None, :]
    return np.clip(rows, 0, cells.ny - 1), np.clip(cols, 0, cells.nx - 1), inside
