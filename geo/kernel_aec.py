"""Compiled loops of reading CCSDS packing (GRIB2 template 5.42): the adaptive entropy coder of CCSDS 121.0-B-3, straight to the rows of a field."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Numbers = NDArray[np.int64]

AHEAD = 70
"""Zero words that must stand behind the packed ones: a broken block of 64 numbers of 32 bits reads so far before it is found out."""
_BROKEN = np.iinfo(np.int64).max
"""A place behind every limit."""
# The second extension speaks of pairs: each number of its table is a sum and the part of the pair's second (121.0-B-3, 3.4.3).
_SUMS = np.array([total for total in range(13) for _ in range(total + 1)], dtype=np.int64)
_FIRST_OF = np.array([total * (total + 1) // 2 for total in range(13) for _ in range(total + 1)], dtype=np.int64)


def _leading(_context: Any, _number: Any) -> Any:
    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


_zeros: Any = intrinsic(_leading)
"""How many zero bits lead a word; 64 for nought."""


@njit(cache=True, nogil=True)
def unpack(
    words: Words, limit: int, bits: int, block: int, interval: int, padded: bool, reference: float, binary: float, decimal: float, south_first: bool,
    out: NDArray[np.float32],
) -> tuple[float, float, bool]:
    """``(reference + x * binary) * decimal`` for each x, as :func:`geo.kernel_pack.unpack`; x is unsigned, of ``bits`` bits, with the unit-delay predictor.

    ``words``: the coded bits (``limit`` of them), big-endian, with AHEAD zero words behind. ``block`` numbers share a code (at most 64), ``interval``
    blocks a reference; ``padded``: each interval begins at a byte. ``out`` (ny, nx) float32, row 0 south. Returns the lowest and highest, exact,
    and False where the bits end too early or say what no coder writes.
    """
    ny, nx = out.shape
    count, flat = ny * nx, out.reshape(-1)
    most, middle = (np.int64(1) << bits) - 1, np.int64(1) << (bits - 1)
    coded = np.zeros(block, dtype=np.int64)
    low, high, last = most, np.int64(0), np.int64(0)
    at, done, blocks, calm = 0, 0, 0, 0
    column, target, turn = 0, 0 if south_first else (ny - 1) * nx, 0 if south_first else 2 * nx
    while done < count:
        first = 1 if blocks == 0 else 0
        if calm > 0:
            coded[:] = 0
        else:
            at, calm = _block(words, at, limit, bits, first, blocks, interval, coded)
            if at > limit:
                return 0.0, 0.0, False
        calm -= 1
        for i in range(min(block, count - done)):
            step = coded[i]
            if first and i == 0:
                last = step
            else:
                # Steps are folded as far as the nearer end of the range lets them go both ways (121.0-B-3, 4.3).
                mask = np.int64(0) if last < middle else most
                if (step >> 1) + (step & 1) <= (mask ^ last):
                    last += (step >> 1) ^ -(step & 1)
                else:
                    last = mask ^ step
            low, high = min(low, last), max(high, last)
            flat[target] = np.float32((last * binary + reference) * decimal)
            target += 1
            column += 1
            if column == nx:
                column, target = 0, target - turn
        done += block
        blocks += 1
        if blocks == interval:
            blocks = 0
            if padded:
                at = (at + 7) & ~7
    return (low * binary + reference) * decimal, (high * binary + reference) * decimal, True


@njit(cache=True, nogil=True)
def _block(words: Words, at: int, limit: int, bits: int, first: int, blocks: int, interval: int, coded: Numbers) -> tuple[int, int]:
    """One block's numbers from bit ``at`` on: where the next begins, and how many blocks from this on hold nothing but zeros."""
    width = 5 if bits > 16 else 4 if bits > 8 else 3
    code = _taken(words, at, width)
    at += width
    if code == (1 << width) - 1:
        for i in range(len(coded)):
            coded[i] = _taken(words, at, bits)
            at += bits
        return at, 1
    paired = code == 0 and _taken(words, at, 1) == 1
    at += 1 if code == 0 else 0
    if first:
        coded[0] = _taken(words, at, bits)
        at += bits
    if code > 0:
        return _split(words, at, limit, code - 1, first, coded), 1
    if paired:
        return _pairs(words, at, limit, first, coded), 1
    coded[first:] = 0
    run = _zeros(_window(words, at))
    if run > 63:
        return _BROKEN, 1
    # Four zeros say: to the end of the segment of 64 blocks, or of the interval.
    return at + run + 1, min(interval - blocks, 64 - blocks % 64) if run == 4 else run + 1 if run < 4 else run


@njit(cache=True, nogil=True, inline="always")
def _split(words: Words, at: int, limit: int, low_bits: int, first: int, coded: Numbers) -> int:
    """Every number's high part as a run of zeros, then every number's ``low_bits``."""
    seen, left, run = _window(words, at), 64, 0
    for i in range(first, len(coded)):
        while seen == 0:
            run, at = run + left, at + left
            if at >= limit:
                return _BROKEN
            seen, left = _window(words, at), 64
        zeros = _zeros(seen)
        coded[i] = (run + zeros) << low_bits
        at, left, run = at + zeros + 1, left - zeros - 1, 0
        seen = (seen << np.uint64(zeros)) << np.uint64(1)
    if low_bits > 0:
        left = 0
        for i in range(first, len(coded)):
            if left < low_bits:
                seen, left = _window(words, at), 64
            coded[i] |= np.int64(seen >> np.uint64(64 - low_bits))
            seen <<= np.uint64(low_bits)
            at, left = at + low_bits, left - low_bits
    return at


@njit(cache=True, nogil=True)
def _pairs(words: Words, at: int, limit: int, first: int, coded: Numbers) -> int:
    """The second extension; where the block begins with a reference, the first pair is that and one number."""
    i = first
    while i < len(coded):
        run, seen = 0, _window(words, at)
        while seen == 0:
            run, at = run + 64, at + 64
            if at >= limit:
                return _BROKEN
            seen = _window(words, at)
        zeros = _zeros(seen)
        run, at = run + zeros, at + zeros + 1
        if run >= len(_SUMS):
            return _BROKEN
        second = run - _FIRST_OF[run]
        if i & 1 == 0:
            coded[i] = _SUMS[run] - second
            i += 1
        coded[i] = second
        i += 1
    return at


@njit(cache=True, nogil=True, inline="always")
def _taken(words: Words, at: int, bits: int) -> int:
    """``bits`` bits from bit ``at`` on, 1 to 32 of them, as a number."""
    return int(np.int64(_window(words, at) >> np.uint64(64 - bits)))


@njit(cache=True, nogil=True, inline="always")
def _window(words: Words, at: int) -> np.uint64:
    """The 64 bits from bit ``at`` on."""
    word, shift = at >> 6, np.uint64(at & 63)
    seen: np.uint64 = (words[word] << shift) | ((words[word + 1] >> np.uint64(1)) >> (np.uint64(63) - shift))
    return seen
