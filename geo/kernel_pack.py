"""Compiled loops of reading: packed whole numbers, and decoded ones, to the rows of a field in one pass."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


@njit(cache=True, nogil=True)
def unpack(packed: Bytes, bits: int, reference: float, binary: float, decimal: float, south_first: bool, out: NDArray[np.float32]) -> tuple[float, float]:
    """Simple packing (GRIB regulation 92.9.4): ``(reference + x * binary) * decimal`` for each x of ``bits`` bits, big-endian.

    ``out`` (ny, nx) float32, row 0 south; the numbers come row by row, the southernmost first or last. Computed in float64 in the
    order of ecCodes, then rounded to float32, so every value is the float32 nearest to ecCodes'. Returns the lowest and highest, exact.
    """
    ny, nx = out.shape
    low, high = np.int64(0x7FFFFFFFFFFFFFFF), np.int64(-1)
    mask = (np.int64(1) << bits) - 1
    for line in range(ny):
        row = out[line if south_first else ny - 1 - line]
        if bits == 16:
            start = line * nx * 2
            for column in range(nx):
                number = np.int64(packed[start + 2 * column]) << 8 | np.int64(packed[start + 2 * column + 1])
                low, high = min(low, number), max(high, number)
                row[column] = np.float32((number * binary + reference) * decimal)
        else:
            at = line * nx * bits
            for column in range(nx):
                first, last = at >> 3, (at + bits - 1) >> 3
                number = np.int64(0)
                for byte in range(first, last + 1):
                    number = number << 8 | np.int64(packed[byte])
                number = number >> (7 - (at + bits - 1) % 8) & mask
                low, high = min(low, number), max(high, number)
                row[column] = np.float32((number * binary + reference) * decimal)
                at += bits
    return (low * binary + reference) * decimal, (high * binary + reference) * decimal


@njit(cache=True, nogil=True)
def lay_rows(values: NDArray[np.float64], missing: float, south_first: bool, out: NDArray[np.float32]) -> tuple[float, float, int]:
    """Decoded ``values`` to ``out`` (ny, nx) float32, row 0 south, ``missing`` as NaN; the lowest and highest known, and how many are not."""
    ny, nx = out.shape
    low, high, gaps = np.inf, -np.inf, 0
    for line in range(ny):
        row = out[line if south_first else ny - 1 - line]
        for column in range(nx):
            value = values[line * nx + column]
            if value == missing or np.isnan(value):
                gaps += 1
                row[column] = np.nan
            else:
                low, high = min(low, value), max(high, value)
                row[column] = np.float32(value)
    return low, high, gaps
