"""Values: the numbers of one GRIB field as rows, unpacked with the interpreter's lock released so that cores work side by side."""

import math

import eccodes
import numpy as np
from numpy.typing import NDArray

from feeds import grib_header, lattice
from feeds.errors import BadField
from feeds.grib_packed import Unpacked, direct
from geo.kernel import compiled

_MISSING = -9.87654321e35  # asked of the decoder in place of a missing value; no quantity comes near it


def unpack(handle: int, message: bytes) -> Unpacked:
    """The field's values (of the handle its header is asked, ``message`` has the whole), each the float32 nearest to what ecCodes decodes in float64. Raises BadField.

    May be called from any thread, one handle in one thread at a time (ecCodes is built with ECCODES_THREADS).
    """
    shape = grib_header.shape(handle)
    scan = {key: bool(grib_header.number(handle, key)) for key in ("iScansNegatively", "jScansPositively", "jPointsAreConsecutive",
                                                                   "alternativeRowScanning")}  # fmt: skip
    plain = not (scan["iScansNegatively"] or scan["jPointsAreConsecutive"] or scan["alternativeRowScanning"])
    if shape is not None and plain:
        found = direct(handle, message, shape, south_first=scan["jScansPositively"])
        if found is not None:
            return found
    values = _decoded(message)
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


def _decoded(message: bytes) -> NDArray[np.float64]:
    """In file order, _MISSING where the bitmap leaves a point out."""
    handle = eccodes.codes_new_from_message(message)
    try:
        eccodes.codes_set(handle, "missingValue", _MISSING)
        return np.asarray(eccodes.codes_get_values(handle), dtype=np.float64)
    except eccodes.CodesInternalError as fault:
        raise BadField(f"its values cannot be unpacked ({fault}); fetch the file again") from fault
    finally:
        eccodes.codes_release(handle)
