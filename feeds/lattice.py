"""Lattice: turn rows and longitudes round until a regular grid has the one form that geo knows."""

import math

import numpy as np
from numpy.typing import NDArray

from geo.grid import Grid

DEGREES = 9  # decimals kept: a microdegree and more, without the noise of a subtraction


def unscramble(
    flat: NDArray[np.floating], *, ny: int, nx: int, i_negative: bool, j_positive: bool, j_consecutive: bool, alternating: bool
) -> NDArray[np.floating]:
    """A (ny, nx) array, row 0 south and column 0 west, of values in file order (WMO flag table 3.4, bits 1-4)."""
    lines = flat.reshape(nx, ny) if j_consecutive else flat.reshape(ny, nx)
    if alternating:
        lines = lines.copy()
        lines[1::2] = lines[1::2, ::-1]
    rows = lines.T if j_consecutive else lines
    if i_negative:
        rows = rows[:, ::-1]
    return rows if j_positive else rows[::-1]


def regular(
    rows: NDArray[np.floating], *, south: float, dlat: float, west: float, dlon: float
) -> tuple[Grid, NDArray[np.floating]]:
    """The grid and values of rows that already run south to north and west to east (cell centres and steps in degrees).

    ``west`` is brought into [-180, 180). A grid that goes once round the Earth is rolled so that it starts at or just
    after 180° W: Shanghai and Shannon then both lie inside it.
    """
    ny, nx = rows.shape
    start = _west(west)
    if math.isclose(nx * dlon, 360.0, abs_tol=dlon * 0.01):
        step = 360.0 / nx
        columns = math.ceil(round((180.0 - start) / step, 6))  # columns west of the date line
        if 0 < columns < nx:
            rows = np.roll(rows, -columns, axis=1)
            start = _west(start + columns * step)
    grid = Grid(kind="regular_ll", ny=ny, nx=nx, lat0=round(south, DEGREES), lon0=round(start, DEGREES),
                dlat=round(dlat, 12), dlon=round(dlon, 12))
    return grid, np.ascontiguousarray(rows)


def _west(longitude: float) -> float:
    """The same meridian in [-180, 180); 1e-9° is no difference (a start of 179.9999999999 is the date line)."""
    turned = (longitude + 180.0) % 360.0 - 180.0
    return -180.0 if math.isclose(turned, 180.0, abs_tol=1e-9) else turned
