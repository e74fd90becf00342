"""Canvas: an image that polygons, lines, cells and words are laid on, anti-aliased, within a window of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.kernel import compiled
from geo.picture_layer import Extent, FieldLayer
from geo.picture_ramp import Colour
from geo.picture_text import lettering

# What is unknown: slanting stripes on grey, everywhere the same.
HATCH, HATCH_COLOUR, UNKNOWN = 9, "#6b7684", "#dfe3e8"

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """A part of an image (rows, columns, 3) with an equirectangular map in it: ``scale`` pixels a degree across, ``rise`` up.

    Its upper left corner is ``west``, ``north``.
    """

    image: Image
    west: float
    north: float
    scale: float
    rise: float

    def at(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Pixels from the left and from the top."""
        return (lon - self.west) * self.scale, (self.north - lat) * self.rise


def window(image: Image, extent: Extent) -> Window:
    """``extent`` as large as it fits, in the middle; a degree of longitude is as long as it is at the middle latitude."""
    rows, columns = image.shape[:2]
    middle = (extent.south + extent.north) / 2
    shrink = float(np.cos(np.radians(middle)))
    rise = min(rows / (extent.north - extent.south), columns / ((extent.east - extent.west) * shrink))
    scale = rise * shrink
    return Window(image=image, scale=scale, rise=rise, west=(extent.west + extent.east) / 2 - columns / scale / 2, north=middle + rows / rise / 2)


def fill(at: Window, geometries: Sequence[BaseGeometry], colour: Colour, opacity: float, *, hatched: bool = False) -> None:
    """The inside of polygons, holes left out; where two overlap it is coloured once."""
    parts = shapely.get_parts(np.array(geometries, dtype=object))
    polygons = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    if not len(polygons):
        return
    loops = compiled("raster")
    rows, columns = at.image.shape[:2]
    mask, area = np.zeros((rows, columns), dtype=np.uint8), np.zeros((rows, columns + 2), dtype=np.float32)
    loops.edges(*_edges(at, shapely.get_rings(shapely.orient_polygons(polygons))), area)
    loops.settle(area, mask)
    if hatched:
        loops.stripes(mask, HATCH)
    lay(at.image, mask, colour, opacity)


def draw(at: Window, geometries: Sequence[BaseGeometry], colour: Colour, width: float, opacity: float) -> None:
    """Lines and the borders of polygons, ``width`` pixels wide."""
    parts = shapely.get_parts(np.array(geometries, dtype=object))
    areal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    lines = np.concatenate((shapely.get_rings(parts[areal]), parts[np.isin(shapely.get_type_id(parts), (1, 2))]))
    strokes(at.image, _edges(at, lines), colour, width, opacity)


def strokes(image: Image, ends: tuple[Floats, Floats, Floats, Floats], colour: Colour, width: float, opacity: float = 1.0) -> None:
    """Straight lines from (x0, y0) to (x1, y1), pixels."""
    x0, y0, x1, y1 = ends
    rows, columns = image.shape[:2]
    if not len(x0):
        return
    reach = width / 2 + 2
    left, right = max(int(min(x0.min(), x1.min()) - reach), 0), min(int(max(x0.max(), x1.max()) + reach), columns)
    top, bottom = max(int(min(y0.min(), y1.min()) - reach), 0), min(int(max(y0.max(), y1.max()) + reach), rows)
    if left < right and top < bottom:
        mask = np.zeros((bottom - top, right - left), dtype=np.uint8)
        compiled("raster").stroke(x0 - left, y0 - top, x1 - left, y1 - top, width, mask)
        lay(image[top:bottom, left:right], mask, colour, opacity)


def wash(image: Image, colour: Colour) -> None:
    """One colour all over."""
    image[:] = np.full((image.shape[1], 3), rgb(colour), dtype=np.uint8)


def rim(image: Image, left: int, top: int, right: int, bottom: int, colour: Colour, thick: int = 1) -> None:
    """A frame just inside these edges, pixels."""
    for part in (image[top : top + thick, left:right], image[bottom - thick : bottom, left:right],
                 image[top:bottom, left : left + thick], image[top:bottom, right - thick : right]):
        wash(part, colour)


def dots(at: Window, points: Sequence[tuple[float, float]], colour: Colour, radius: float) -> None:
    """Discs with a white rim."""
    lon, lat = np.array(points, dtype=np.float64).reshape(-1, 2).T
    x, y = at.at(lon, lat)
    strokes(at.image, (x, y, x, y), "#ffffff", 2 * radius + 3)
    strokes(at.image, (x, y, x, y), colour, 2 * radius)


def paint(at: Window, layer: FieldLayer) -> None:
    """The cells of a field, each pixel in the colour of the cell that its centre lies in; unknown cells are hatched."""
    loops, grid = compiled("raster"), layer.grid
    rows, columns = at.image.shape[:2]
    lon = at.west + (np.arange(columns) + 0.5) / at.scale
    lat = at.north - (np.arange(rows) + 0.5) / at.rise
    # A grid may run past the date line: the column is counted on from its western edge, once round at most.
    eastward = (lon - (grid.lon0 - grid.dlon / 2)) % 360.0
    across = np.floor(eastward / grid.dlon).astype(np.int32)
    up = np.floor((lat - grid.lat0) / grid.dlat + 0.5).astype(np.int32)
    unknown = np.zeros((rows, columns), dtype=np.uint8)
    palette = np.array([rgb(colour or "#ffffff") for colour in layer.ramp.colours], dtype=np.uint8)
    loops.cells(
        at.image, np.where((up >= 0) & (up < grid.ny), up, -1).astype(np.int32), np.where(across < grid.nx, across, -1).astype(np.int32),
        layer.ramp.classes(layer.values), palette, round(layer.opacity * 255), unknown)
    lay(at.image, unknown, UNKNOWN, layer.opacity)
    loops.stripes(unknown, HATCH)
    lay(at.image, unknown, HATCH_COLOUR, layer.opacity)


def write(image: Image, text: str, x: float, y: float, *, size: int, colour: Colour, halo: int = 0) -> None:
    """``text`` with its base line at ``y``, beginning at ``x``, pixels; ``halo`` is a white rim of as many pixels."""
    if halo:
        _stamp(image, text, x, y, size, "#ffffff", halo)
    _stamp(image, text, x, y, size, colour, 0)


def lay(image: Image, mask: NDArray[np.uint8], colour: Colour, opacity: float = 1.0) -> None:
    """``colour`` over the image as much as ``mask`` (0..255) says."""
    compiled("raster").blend(image, mask, *rgb(colour), round(opacity * 255))


def rgb(colour: Colour) -> tuple[int, int, int]:
    """``#rrggbb`` as three numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _edges(at: Window, lines: NDArray[np.object_]) -> tuple[Floats, Floats, Floats, Floats]:
    """Starts and ends of all stretches of all lines, pixels."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    x, y = at.at(xy[:, 0], xy[:, 1])
    inner = line[1:] == line[:-1]
    return x[:-1][inner], y[:-1][inner], x[1:][inner], y[1:][inner]


def _stamp(image: Image, text: str, x: float, y: float, size: int, colour: Colour, grown: int) -> None:
    mask, right, down = lettering(text, size, grown)
    left, top = round(x) + right, round(y) + down
    rows, columns = image.shape[:2]
    shown = mask[max(-top, 0) : max(rows - top, 0), max(-left, 0) : max(columns - left, 0)]
    if shown.size:
        lay(image[max(top, 0) :, max(left, 0) :][: shown.shape[0], : shown.shape[1]], np.ascontiguousarray(shown), colour)
