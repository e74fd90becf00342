"""Compiled loops over cells, times and shares; ``geo.zonal_plain`` says the same in numpy and is the truth they are tested by."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats32 = NDArray[np.float32]
Floats64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Bytes = NDArray[np.uint8]

TRUE, FALSE, SEEN = 1, 2, 4


@njit(cache=True, nogil=True)
def compare(
    values: Floats32, rows: Int64, observed: Bytes, starts: Int64, counts: Int64, offsets: Int64, sign: float, bound: float,
    codes: Bytes, peaks: Floats32, peak_rows: Int32, first_run: int, last_run: int,
) -> None:
    """For each row (time) of ``rows`` and each cell of the runs: a code of TRUE/FALSE/SEEN; and the extreme of each cell and its row.

    ``values`` (T, cells). A cell is true where ``sign * value > bound``, unknown (0) where the value is not finite. Runs are
    of neighbouring cells: ``starts`` in the grid, ``offsets`` in the results.
    """
    s, b = np.float32(sign), np.float32(bound)
    infinity = np.float32(np.inf)
    for run in range(first_run, last_run):
        start, count, offset = starts[run], counts[run], offsets[run]
        top, at = peaks[offset : offset + count], peak_rows[offset : offset + count]
        for row in range(len(rows)):
            line = values[rows[row], start : start + count]
            out = codes[row, offset : offset + count]
            hit = np.uint8(5) if observed[row] else np.uint8(1)
            for cell in range(count):
                value = s * line[cell]
                finite = abs(value) < infinity
                met = value > b
                out[cell] = (hit if met else np.uint8(2)) if finite else np.uint8(0)
                higher = finite and value > top[cell]
                top[cell] = value if higher else top[cell]
                at[cell] = np.int32(row) if higher else at[cell]


@njit(cache=True, nogil=True)
def summarise(
    codes: Bytes, past: int, ever: Bytes, known: Bytes, first: Int32, last: Int32, seen: Bytes, first_cell: int, last_cell: int
) -> None:
    """What each cell's codes come to over time: true at some time, known, first and last row that is true, seen in the first ``past`` rows."""
    times = codes.shape[0]
    block = 1024
    some, always, done = np.empty(block, np.uint8), np.empty(block, np.uint8), np.empty(block, np.uint8)
    for low in range(first_cell, last_cell, block):
        count = min(block, last_cell - low)
        begun, ended = first[low : low + count], last[low : low + count]
        some[:], always[:], done[:] = 0, FALSE if times else 0, 0
        for row in range(times):
            line = codes[row, low : low + count]
            mask = np.uint8(255) if row < past else np.uint8(0)
            for cell in range(count):
                code = line[cell]
                fresh = (code & ~some[cell] & TRUE) != 0
                begun[cell] = np.int32(row) if fresh else begun[cell]
                ended[cell] = np.int32(row) if code & TRUE else ended[cell]
                some[cell] |= code
                always[cell] &= code
                done[cell] |= code & mask
        for cell in range(count):
            ever[low + cell] = some[cell] & TRUE
            known[low + cell] = (some[cell] & TRUE) | (always[cell] >> 1)
            seen[low + cell] = done[cell] >> 2


@njit(cache=True, nogil=True)
def gather(
    indptr: Int64, columns: Int32, shares: Floats64, ever: Bytes, known: Bytes, first: Int32, last: Int32, seen: Bytes,
    share: Floats64, known_share: Floats64, onset: Int32, end: Int32, reached: Bytes, first_zone: int, last_zone: int,
) -> None:
    """The cells' summaries gathered into zones by their shares; rows are -1 where no cell is ever true."""
    for zone in range(first_zone, last_zone):
        begun, ended = np.int32(2147483647), np.int32(-1)
        total, sure, already = 0.0, 0.0, np.uint8(0)
        for entry in range(indptr[zone], indptr[zone + 1]):
            cell = columns[entry]
            already |= seen[cell]
            if known[cell]:
                sure += shares[entry]
            if ever[cell]:
                total += shares[entry]
                begun = min(begun, first[cell])
                ended = max(ended, last[cell])
        share[zone], known_share[zone] = total, sure
        onset[zone], end[zone] = begun if ended >= 0 else np.int32(-1), ended
        reached[zone] = already


@njit(cache=True, nogil=True)
def gather_peaks(
    indptr: Int64, columns: Int32, peaks: Floats32, peak_rows: Int32, top: Floats32, row: Int32, first_zone: int, last_zone: int
) -> None:
    """The highest of the cells' peaks in each zone and the earliest row that has it; -inf and -1 where nothing is known."""
    for zone in range(first_zone, last_zone):
        best, when = np.float32(-np.inf), np.int32(-1)
        for entry in range(indptr[zone], indptr[zone + 1]):
            cell = columns[entry]
            if peaks[cell] > best or (peaks[cell] == best and 0 <= peak_rows[cell] < when):
                best, when = peaks[cell], peak_rows[cell]
        top[zone], row[zone] = best, when


@njit(cache=True, nogil=True)
def turn(values: Floats32, starts: Int64, counts: Int64, offsets: Int64, out: Floats32, first_run: int, last_run: int) -> None:
    """(T, cells) to (cells of the runs, T), in blocks that stay in the nearest cache."""
    times = values.shape[0]
    for run in range(first_run, last_run):
        start, count, offset = starts[run], counts[run], offsets[run]
        for low in range(0, count, 64):
            high = min(low + 64, count)
            for row in range(times):
                line = values[row, start + low : start + high]
                for cell in range(high - low):
                    out[offset + low + cell, row] = line[cell]


@njit(cache=True, nogil=True)
def reduce(
    values: Floats32, indptr: Int64, columns: Int32, shares: Floats64, sign: float, bound: float,
    top: Floats32, mean: Floats64, share: Floats64, known: Floats64, first_zone: int, last_zone: int,
) -> None:
    """``values`` (cells, T) reduced to (zones, T): extreme, mean over the known part, share that is true, share that is known.

    The first loop takes every value for known; a NaN or an infinity spoils the total, and the zone is gone through with care.
    """
    s, b = np.float32(sign), np.float32(bound)
    times = values.shape[1]
    for zone in range(first_zone, last_zone):
        highest, total, hit = top[zone], mean[zone], share[zone]
        for row in range(times):
            highest[row], total[row], hit[row] = -np.inf, 0.0, 0.0
        whole = 0.0
        for entry in range(indptr[zone], indptr[zone + 1]):
            line, weight = values[columns[entry]], shares[entry]
            whole += weight
            for row in range(times):
                value = s * line[row]
                highest[row] = value if value > highest[row] else highest[row]
                hit[row] += weight if value > b else 0.0
                total[row] += weight * value
        spoilt = 0.0
        for row in range(times):
            spoilt += total[row] * 0.0
        if spoilt != 0.0 or whole == 0.0:
            _reduce_with_gaps(values, indptr[zone], indptr[zone + 1], columns, shares, s, b, highest, total, hit, known[zone])
            continue
        for row in range(times):
            highest[row], total[row], known[zone, row] = s * highest[row], s * total[row] / whole, whole


@njit(cache=True, nogil=True)
def _reduce_with_gaps(
    values: Floats32, start: int, stop: int, columns: Int32, shares: Floats64, s: np.float32, b: np.float32,
    highest: Floats32, total: Floats64, hit: Floats64, sure: Floats64,
) -> None:
    times, infinity = values.shape[1], np.float32(np.inf)
    for row in range(times):
        highest[row], total[row], hit[row], sure[row] = -np.inf, 0.0, 0.0, 0.0
    for entry in range(start, stop):
        line, weight = values[columns[entry]], shares[entry]
        for row in range(times):
            value = s * line[row]
            if abs(value) < infinity:
                highest[row] = max(highest[row], value)
                hit[row] += weight if value > b else 0.0
                total[row] += weight * value
                sure[row] += weight
    for row in range(times):
        blank = sure[row] == 0.0
        highest[row] = np.nan if blank else s * highest[row]
        total[row] = np.nan if blank else s * total[row] / sure[row]
