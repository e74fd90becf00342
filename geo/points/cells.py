"""Cells of an index: squares of ``step`` degrees, counted from 0° north, 0° east; a cell has one sortable key."""

import math

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_COLUMNS = 1 << 32
_MIDDLE = 1 << 31


def key_of(rows: Ints, columns: Ints) -> Ints:
    """One number a cell, rising by row and then by column."""
    return np.asarray(rows * _COLUMNS + (columns + _MIDDLE), dtype=np.int64)


def cell_of(keys: Ints) -> tuple[Ints, Ints]:
    """Rows and columns of keys."""
    return keys // _COLUMNS, keys % _COLUMNS - _MIDDLE


@numba.njit(cache=True, nogil=True)
def ordinal(degrees: float, step: float) -> int:
    """Row of a latitude, column of a longitude.

    Rounded first: 121.47 / 0.01 is 12146.999… in binary, and a place on a cell's edge belongs to the cell north and east of it.
    """
    return int(math.floor(np.rint(degrees / step * 1e6) / 1e6))


@numba.njit(cache=True, nogil=True)
def ordinals(degrees: Floats, step: float) -> Ints:
    """``ordinal`` of each."""
    found = np.empty(len(degrees), dtype=np.int64)
    for number in range(len(degrees)):
        found[number] = ordinal(degrees[number], step)
    return found
