"""Measure: one comparison in many cells and times at once, and what cells and zones come to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.criterion import Comparison
from geo.kernel import compiled, split
from geo.touched import Laid, Touched

TRUE, FALSE, SEEN = 1, 2, 4
"""The bits of a code: true, false (neither: unknown), and true by analyses alone."""

Codes = NDArray[np.uint8]
Bits = NDArray[np.uint8]
Rows = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """``codes`` (rows, cells); the most extreme ``peaks`` (cells,), NaN where nothing is known, and the first row they are in (-1)."""

    codes: Codes
    peaks: NDArray[np.float32]
    peak_rows: Rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Summary:
    """For each cell: true at some row, known (true at some, or false at all there are), the first and last true row (-1), seen."""

    ever: Bits
    known: Bits
    first: Rows
    last: Rows
    seen: Bits


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gathered:
    """For each zone: its share in cells ever true, in known ones, the first and last row any is true (-1), any seen."""

    share: NDArray[np.float64]
    known: NDArray[np.float64]
    first: Rows
    last: Rows
    seen: Bits


def measure(
    values: NDArray[np.float32], rows: Sequence[int], observed: NDArray[np.bool_], leaf: Comparison, where: Touched
) -> Measured:
    """``leaf`` (its days aside) at ``rows`` of ``values`` (T, ny, nx) in the cells of ``where``; ``observed`` (rows,)."""
    loops = compiled("zonal")
    chosen, count = np.asarray(rows, dtype=np.int64), len(where.cells)
    flat = np.ascontiguousarray(values, dtype=np.float32).reshape(len(values), values.shape[1] * values.shape[2])
    codes = np.empty((len(chosen), count), dtype=np.uint8)
    peaks, peak_rows = np.full(count, -np.inf, dtype=np.float32), np.full(count, -1, dtype=np.int32)
    sign, bound = sign_and_bound(leaf)
    analyses = np.asarray(observed, dtype=np.uint8)
    split(lambda start, stop: loops.compare(
        flat, chosen, analyses, where.starts, where.counts, where.offsets, sign, bound, codes, peaks, peak_rows, start, stop,
    ), len(where.starts), steps=codes.size)
    signed = np.where(peak_rows < 0, np.float32(np.nan), peaks * np.float32(sign))
    return Measured(codes=codes, peaks=signed, peak_rows=peak_rows)


def sign_and_bound(leaf: Comparison) -> tuple[float, float]:
    """``leaf`` as ``sign * value > bound``, exactly, for float32 values: a threshold that counts itself begins one float lower.

    The threshold is taken as float32, as the values are: 0.1 as float64 would not equal itself.
    """
    sign = 1.0 if leaf.operator in (">=", ">") else -1.0
    bound = np.float32(sign * leaf.value)
    if leaf.operator in (">=", "<="):
        bound = np.nextafter(bound, np.float32(-np.inf))
    return sign, float(bound)


def summarise(codes: Codes, *, past: int) -> Summary:
    """The codes (rows, cells) over all rows; ``seen`` over the first ``past``."""
    loops = compiled("zonal")
    count = codes.shape[1]
    ever, known, seen = (np.empty(count, dtype=np.uint8) for _ in range(3))
    first, last = np.full(count, -1, dtype=np.int32), np.full(count, -1, dtype=np.int32)
    split(lambda start, stop: loops.summarise(codes, past, ever, known, first, last, seen, start, stop), count, steps=codes.size)
    return Summary(ever=ever, known=known, first=first, last=last, seen=seen)


def gather(summary: Summary, laid: Laid) -> Gathered:
    """The cells' summaries by zone."""
    loops = compiled("zonal")
    zones = len(laid.indptr) - 1
    share, known = np.empty(zones), np.empty(zones)
    first, last, seen = np.empty(zones, dtype=np.int32), np.empty(zones, dtype=np.int32), np.empty(zones, dtype=np.uint8)
    split(lambda start, stop: loops.gather(
        laid.indptr, laid.columns, laid.shares, summary.ever, summary.known, summary.first, summary.last, summary.seen,
        share, known, first, last, seen, start, stop,
    ), zones, steps=len(laid.columns))
    return Gathered(share=share, known=known, first=first, last=last, seen=seen)


def gather_peaks(measured: Measured, leaf: Comparison, laid: Laid) -> tuple[NDArray[np.float32], Rows]:
    """The most extreme value of each zone (NaN where nothing is known) and the first row it is reached in (-1)."""
    loops = compiled("zonal")
    zones, sign = len(laid.indptr) - 1, np.float32(sign_and_bound(leaf)[0])
    ranked = np.where(measured.peak_rows < 0, np.float32(-np.inf), measured.peaks * sign)
    top, rows = np.empty(zones, dtype=np.float32), np.empty(zones, dtype=np.int32)
    split(lambda start, stop: loops.gather_peaks(laid.indptr, laid.columns, ranked, measured.peak_rows, top, rows, start, stop),
          zones, steps=len(laid.columns))
    return np.where(rows < 0, np.float32(np.nan), top * sign), rows
