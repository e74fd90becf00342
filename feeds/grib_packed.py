"""Packed: the numbers of a GRIB field of edition 2 straight from its sections, where its packing is one that centres write every day."""

import sys
from dataclasses import dataclass
from typing import Final, NamedTuple

import eccodes
import numpy as np
from numpy.typing import NDArray

from feeds import grib_header
from feeds.errors import BadField
from geo.kernel import compiled

# Numbers of at most this many bits are read here; one of 32 bits spans five bytes, which still fit an int64 with room.
_MOST_BITS = 32
# Template 5.42: bits of ccsdsFlags (code table of libaec), numbers that share a code, blocks that share a reference (CCSDS 121.0-B-3).
_SIGNED, _PREDICTED, _RESTRICTED, _PADDED = 1, 8, 16, 32
_OTHER_DIALECTS: Final = _SIGNED | _RESTRICTED
_BLOCKS: Final = (8, 16, 32, 64)
_LONGEST_INTERVAL: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unpacked:
    """``rows`` (ny, nx) float32, row 0 south and column 0 west, NaN = missing; one row of all points where a grid has no rows.

    ``lowest`` and ``highest`` are the file's own in float64, NaN when nothing is known; ``whole`` is False for that one row.
    """

    rows: NDArray[np.float32]
    whole: bool
    lowest: float
    highest: float
    missing: int


def direct(handle: int, message: bytes, shape: tuple[int, int], *, south_first: bool) -> Unpacked | None:
    """Edition 2, templates 5.0 and 5.42, with or without a bitmap. None for every other field, which ecCodes decodes.

    Raises BadField for a section too short, where ecCodes would make numbers up.
    """
    asked = {key: grib_header.number(handle, key) for key in ("edition", "dataRepresentationTemplateNumber", "bitMapIndicator", "bitsPerValue",
                                                              "numberOfValues", "binaryScaleFactor", "decimalScaleFactor")}  # fmt: skip
    bits, binary, decimal = asked["bitsPerValue"], asked["binaryScaleFactor"], asked["decimalScaleFactor"]
    template, indicator, points = asked["dataRepresentationTemplateNumber"], asked["bitMapIndicator"], shape[0] * shape[1]
    if asked["edition"] != 2 or template not in (0, 42) or indicator not in (0, 255) or bits is None or binary is None or decimal is None:
        return None
    known = _bitmap(message, points) if indicator == 0 else None
    count = points if known is None else int(np.count_nonzero(known))
    if not 0 < bits <= _MOST_BITS or count == 0 or asked["numberOfValues"] != count:
        return None
    scale = _Scale(reference=float(eccodes.codes_get_double(handle, "referenceValue")), binary=_power(2, binary), decimal=_power(10, -decimal))
    packed = _octets(message, 7)
    rows = np.empty(shape if known is None else (1, count), dtype=np.float32)
    ends = (_simple(packed, bits, scale, rows, south_first=south_first) if template == 0
              else _coded(handle, packed, bits, scale, rows, south_first=south_first))
    if ends is None:
        return None
    if known is not None:
        whole = np.full(points, np.nan, dtype=np.float32)
        whole[known] = rows[0]
        rows = whole.reshape(shape) if south_first else np.ascontiguousarray(whole.reshape(shape)[::-1])
    return Unpacked(rows=rows, whole=True, lowest=ends[0], highest=ends[1], missing=points - count)


class _Scale(NamedTuple):
    """A value is ``(reference + number * binary) * decimal``."""

    reference: float
    binary: float
    decimal: float


def _simple(packed: NDArray[np.uint8], bits: int, scale: _Scale, rows: NDArray[np.float32], *, south_first: bool) -> tuple[float, float]:
    if len(packed) * 8 < rows.size * bits:
        raise BadField(f"its section 7 has {len(packed)} bytes, too few for {rows.size} values of {bits} bits; fetch the file again")
    low, high = compiled("pack").unpack(packed, bits, *scale, south_first, rows)
    return low, high


def _coded(
    handle: int, packed: NDArray[np.uint8], bits: int, scale: _Scale, rows: NDArray[np.float32], *, south_first: bool
) -> tuple[float, float] | None:
    """CCSDS packing as centres write it, None for its other dialects."""
    flags, block, interval = (grib_header.number(handle, key) or 0 for key in ("ccsdsFlags", "ccsdsBlockSize", "ccsdsRsi"))
    if flags & _PREDICTED == 0 or flags & _OTHER_DIALECTS or block not in _BLOCKS or not 0 < interval <= _LONGEST_INTERVAL:
        return None
    aec = compiled("aec")
    words = np.zeros((len(packed) + 7) // 8 + aec.AHEAD, dtype=np.uint64)
    words.view(np.uint8)[: len(packed)] = packed
    if sys.byteorder == "little":
        words.byteswap(inplace=True)
    low, high, whole = aec.unpack(words, len(packed) * 8, bits, block, interval, bool(flags & _PADDED), *scale, south_first, rows)
    if not whole:
        raise BadField(f"its section 7 of {len(packed)} bytes ends before its {rows.size} values do, or is no CCSDS code; fetch the file again")
    return low, high


def _bitmap(message: bytes, points: int) -> NDArray[np.bool_]:
    """Which points, in file order, have a value."""
    octets = _octets(message, 6)[1:]
    if len(octets) * 8 < points:
        raise BadField(f"its bitmap has {len(octets)} bytes, too few for {points} points; fetch the file again")
    return np.unpackbits(octets, count=points).view(np.bool_)


def _octets(message: bytes, number: int) -> NDArray[np.uint8]:
    """What section ``number`` holds behind its length and number (4 octets and 1)."""
    at = 16
    while at + 5 <= len(message) and message[at + 4] != number:
        at += max(int.from_bytes(message[at : at + 4], "big"), 5)
    return np.frombuffer(message, dtype=np.uint8)[at + 5 : at + int.from_bytes(message[at : at + 4], "big")]


def _power(base: int, exponent: int) -> float:
    """As ecCodes multiplies it up or divides it down, for other ways round the last bit otherwise."""
    found = 1.0
    for _ in range(abs(exponent)):
        found = found * base if exponent > 0 else found / base
    return found
