"""Drawing: the deployment's zones and an office's ground as one SVG picture, north up, and the way back from the picture to degrees."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import shapely
from shapely.errors import GEOSException
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.zone import Zone, ZoneSet

WIDTH = 900
DRAWN = 400
"""More zones than these are named in the list and not drawn; a city's districts and a province's counties are."""

_ROOM = 90
"""Of the picture's width, for a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """x = (lon − west) · squeeze · scale, y = (north − lat) · scale."""

    west: float
    north: float
    scale: float
    squeeze: float
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnZone:
    """``roomy``: wide enough to carry a word; on the others it would cover its neighbours."""

    code: str
    path: str
    x: float
    y: float
    roomy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The picture's frame and its zones."""

    frame: Frame
    zones: tuple[DrawnZone, ...]


@lru_cache(maxsize=4)
def ground(zones: ZoneSet) -> Ground:
    """Districts where there are some, else what there is."""
    drawn: tuple[Zone, ...] = zones.at("district") or tuple(zones)
    west, south, east, north = (float(edge) for edge in shapely.total_bounds([zone.geometry for zone in drawn]))
    margin = 0.04 * max(east - west, north - south)
    west, south, east, north = west - margin, south - margin, east + margin, north + margin
    squeeze = math.cos(math.radians((south + north) / 2))
    scale = WIDTH / ((east - west) * squeeze)
    frame = Frame(west=west, north=north, scale=scale, squeeze=squeeze, height=round((north - south) * scale))
    found = []
    for zone in drawn[:DRAWN]:
        shape = shapely.simplify(projected(zone.geometry, frame), 0.8)
        label = shape.representative_point()
        found.append(DrawnZone(code=zone.code, path=path(shape), x=round(label.x, 1), y=round(label.y, 1), roomy=shape.bounds[2] - shape.bounds[0] >= _ROOM))
    return Ground(frame=frame, zones=tuple(found))


def projected(shape: BaseGeometry, frame: Frame) -> BaseGeometry:
    return shapely.transform(shape, lambda xy: (xy - (frame.west, frame.north)) * (frame.squeeze * frame.scale, -frame.scale))


def path(shape: BaseGeometry) -> str:
    """An SVG path, holes included."""
    rings = []
    for part in shapely.get_parts(shape):
        if isinstance(part, Polygon):
            for ring in (part.exterior, *part.interiors):
                rings.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring.coords[:-1]) + "Z")
    return "".join(rings)


def drawn_area(polygon: Mapping[str, object] | None, frame: Frame) -> str:
    """The path of an office's own area; empty when there is none or it is no polygon."""
    if polygon is None:
        return ""
    try:
        return path(projected(shapely.geometry.shape(dict(polygon)), frame))
    except (GEOSException, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return ""
