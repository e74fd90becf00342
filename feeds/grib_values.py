"""Values: the numbers of one GRIB field as rows, unpacked with the interpreter's lock released so that cores work side by side."""

import math
import sys
from dataclasses import dataclass
from typing import Final, NamedTuple

import eccodes
import numpy as np
from numpy.typing import NDArray

from feeds import grib_header, lattice
from feeds.errors import BadField
from geo.kernel import compiled

_MISSING = -9.87654321e35  # asked of the decoder in place of a missing value; no quantity comes near it
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


def unpack(handle: int, message: bytes) -> Unpacked:
    """The field's values (``message`` is the handle's), each the float32 nearest to what ecCodes decodes in float64. Raises BadField.

    May be called from any thread, one handle in one thread at a time (ecCodes is built with ECCODES_THREADS).
    """
    shape = grib_header.shape(handle)
    scan = {key: bool(grib_header.number(handle, key)) for key in ("iScansNegatively", "jScansPositively", "jPointsAreConsecutive",
                                                                   "alternativeRowScanning")}  # fmt: skip
    plain = not (scan["iScansNegatively"] or scan["jPointsAreConsecutive"] or scan["alternativeRowScanning"])
    if shape is not None and plain:
        direct = _direct(handle, message, shape, south_first=scan["jScansPositively"])
        if direct is not None:
            return direct
    eccodes.codes_set(handle, "missingValue", _MISSING)
    try:
        values = np.asarray(eccodes.codes_get_values(handle), dtype=np.float64)
    except eccodes.CodesInternalError as fault:
        raise BadField(f"its values cannot be unpacked ({fault}); fetch the file again") from fault
    whole = shape is not None and shape[0] * shape[1] == values.size
    ny, nx = shape if shape is not None and whole else (1, values.size)
    rows = np.empty((ny, nx), dtype=np.float32)
    low, high, gaps = compiled("pack").lay_rows(values, _MISSING, scan["jScansPositively"] or not (plain and whole), rows)
    if whole and not plain:
        rows = np.ascontiguousarray(lattice.unscramble(
            rows.ravel(), ny=ny, nx=nx, i_negative=scan["iScansNegatively"], j_positive=scan["jScansPositively"],
            j_consecutive=scan["jPointsAreConsecutive"], alternating=scan["alternativeRowScanning"]))
    known = gaps < values.size
    return Unpacked(rows=rows, whole=whole, lowest=low if known else math.nan, highest=high if known else math.nan, missing=gaps)


def _direct(handle: int, message: bytes, shape: tuple[int, int], *, south_first: bool) -> Unpacked | None:
    """Edition 2 without a bitmap, templates 5.0 and 5.42: straight from section 7. None for every other field, which ecCodes decodes."""
    asked = {key: grib_header.number(handle, key) for key in ("edition", "dataRepresentationTemplateNumber", "bitMapIndicator", "bitsPerValue",
                                                              "numberOfValues", "binaryScaleFactor", "decimalScaleFactor")}  # fmt: skip
    bits, binary, decimal = asked["bitsPerValue"], asked["binaryScaleFactor"], asked["decimalScaleFactor"]
    template = asked["dataRepresentationTemplateNumber"]
    fits = (asked["edition"], asked["bitMapIndicator"], asked["numberOfValues"]) == (2, 255, shape[0] * shape[1])
    if not fits or bits is None or binary is None or decimal is None or not 0 < bits <= _MOST_BITS:
        return None
    scale = _Scale(reference=float(eccodes.codes_get_double(handle, "referenceValue")), binary=_power(2, binary), decimal=_power(10, -decimal))
    at = _section(message, 7)
    packed = np.frombuffer(message, dtype=np.uint8)[at + 5 : at + int.from_bytes(message[at : at + 4], "big")]
    rows = np.empty(shape, dtype=np.float32)
    if template == 0:
        if len(packed) * 8 < shape[0] * shape[1] * bits:
            raise BadField(f"its section 7 has {len(packed)} bytes, too few for {shape[0]} x {shape[1]} values of {bits} bits; fetch the file again")
        low, high = compiled("pack").unpack(packed, bits, *scale, south_first, rows)
        return Unpacked(rows=rows, whole=True, lowest=low, highest=high, missing=0)
    return _coded(handle, packed, bits, scale, rows, south_first=south_first) if template == 42 else None


class _Scale(NamedTuple):
    """A value is ``(reference + number * binary) * decimal``."""

    reference: float
    binary: float
    decimal: float


def _coded(handle: int, packed: NDArray[np.uint8], bits: int, scale: _Scale, rows: NDArray[np.float32], *, south_first: bool) -> Unpacked | None:
    """CCSDS packing as centres write it, None for its other dialects. Raises BadField for bits that end too early, where ecCodes makes numbers up."""
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
    return Unpacked(rows=rows, whole=True, lowest=low, highest=high, missing=0)


def _section(message: bytes, number: int) -> int:
    """Where section ``number`` begins; each section after the first tells its length in 4 octets and its number in the fifth."""
    at = 16
    while at + 5 <= len(message) and message[at + 4] != number:
        at += max(int.from_bytes(message[at : at + 4], "big"), 5)
    return at


def _power(base: int, exponent: int) -> float:
    """As ecCodes multiplies it up or divides it down, for other ways round the last bit otherwise."""
    found = 1.0
    for _ in range(abs(exponent)):
        found = found * base if exponent > 0 else found / base
    return found
