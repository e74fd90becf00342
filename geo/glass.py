"""Glass: a field as a see-through PNG that is laid over a web map (Mercator), small enough to be changed many times a minute."""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.grid import Grid
from geo.picture_canvas import HATCH, HATCH_COLOUR, UNKNOWN, rgb
from geo.picture_layer import Extent
from geo.picture_ramp import Ramp

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CLEAR, _DARK, _PALE = 254, 253, 255
_OPACITY, _UNKNOWN_OPACITY = 200, 170
_LONGEST = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Glass:
    """``png`` covers exactly ``extent``; ``highest`` and ``lowest`` are of its known cells, ``unknown`` the share of its pixels that nobody knows."""

    png: bytes
    lowest: float | None
    highest: float | None
    unknown: float


def glass(grid: Grid, values: NDArray[np.floating], ramp: Ramp, extent: Extent) -> Glass:
    """Each pixel in the colour of the cell that its centre lies in. What is unknown, and what lies beyond the grid, is hatched on grey.

    ``values`` (ny, nx), NaN = unknown. A class without colour is clear. Raises ValueError for a grid that is no regular_ll.
    """
    if not grid.regular:
        raise ValueError(f"{grid.describe()} cannot be laid over a map; regrid it to regular_ll first")
    rows, columns = _size(extent)
    lon = extent.west + (np.arange(columns) + 0.5) / columns * (extent.east - extent.west)
    top, foot = _mercator(extent.north), _mercator(extent.south)
    lat = np.degrees(2 * np.arctan(np.exp(top + (np.arange(rows) + 0.5) / rows * (foot - top))) - np.pi / 2)
    across = np.floor(((lon - (grid.lon0 - grid.dlon / 2)) % 360.0) / grid.dlon).astype(np.int64)
    up = np.floor((lat - grid.lat0) / grid.dlat + 0.5).astype(np.int64)
    on_grid = ((up >= 0) & (up < grid.ny))[:, None] & (across < grid.nx)[None, :]
    cells = ramp.classes(np.asarray(values))[np.ix_(np.clip(up, 0, grid.ny - 1), np.clip(across, 0, grid.nx - 1))]
    pixels = np.where(on_grid, cells, np.uint8(_PALE))
    unknown = pixels == _PALE
    stripes = (np.arange(rows)[:, None] + np.arange(columns)[None, :]) % HATCH < 2
    pixels[unknown & stripes] = _DARK
    known = np.asarray(values)[np.isfinite(values)]
    return Glass(
        png=_indexed(pixels, ramp), lowest=float(known.min()) if known.size else None, highest=float(known.max()) if known.size else None,
        unknown=float(unknown.mean()))


def _size(extent: Extent) -> tuple[int, int]:
    wide, high = np.radians(extent.east - extent.west), _mercator(extent.north) - _mercator(extent.south)
    longer = _LONGEST / max(wide, high)
    return max(round(high * longer), 1), max(round(wide * longer), 1)


def _mercator(lat: float) -> float:
    return float(np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)))


def _indexed(pixels: NDArray[np.uint8], ramp: Ramp) -> bytes:
    """PNG with a palette (colour type 3) and its opacities (tRNS): a byte a pixel before packing."""
    palette, opacity = np.zeros((256, 3), dtype=np.uint8), np.zeros(256, dtype=np.uint8)
    for number, colour in enumerate(ramp.colours):
        palette[number], opacity[number] = (rgb(colour), _OPACITY) if colour else ((255, 255, 255), 0)
    palette[_PALE], opacity[_PALE] = rgb(UNKNOWN), _UNKNOWN_OPACITY
    palette[_DARK], opacity[_DARK] = rgb(HATCH_COLOUR), 230
    opacity[_CLEAR] = 0
    rows, columns = pixels.shape
    lines = np.zeros((rows, columns + 1), dtype=np.uint8)
    lines[:, 1:] = pixels
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    return _SIGNATURE + b"".join((
        _chunk(b"IHDR", header), _chunk(b"PLTE", palette.tobytes()), _chunk(b"tRNS", opacity.tobytes()),
        _chunk(b"IDAT", zlib.compress(lines.data, 4)), _chunk(b"IEND", b"")))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
