"""Area: the ground that an office asks for, checked at the door whichever way it comes; every fault names its mend."""

import json
from collections.abc import Mapping
from functools import lru_cache

import shapely
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from geo.zone import ZoneSet
from warning.errors import Invalid

MAX_CORNERS = 20_000
"""A coast at ten metres has fewer; more would be asked of every alert."""


def checked_area(geojson: Mapping[str, object], *, zones: ZoneSet) -> Mapping[str, object]:
    """The same GeoJSON, when it is a valid polygon on this deployment's ground. Raises Invalid."""
    try:
        shape = shapely.from_geojson(json.dumps(dict(geojson)))
    except (GEOSException, TypeError, ValueError, RecursionError) as error:
        raise Invalid(f"polygon: is no GeoJSON geometry: {str(error)[:200]}") from error
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise Invalid(f"polygon: must be a Polygon or MultiPolygon, not a {shape.geom_type}")
    if shape.is_empty:
        raise Invalid("polygon: is empty: draw at least three corners")
    corners = int(shapely.get_num_coordinates(shape))
    if corners > MAX_CORNERS:
        raise Invalid(f"polygon: has {corners:,} corners, at most {MAX_CORNERS:,} are kept: simplify it to 10 m in the program that made it")
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise Invalid("polygon: coordinates must be longitude, latitude in degrees (WGS 84); these look projected")
    if not shape.is_valid:
        raise Invalid(f"polygon: {shapely.is_valid_reason(shape)}; draw it without crossing lines, or upload it as a file, which mends it")
    if shape.area == 0:
        raise Invalid("polygon: has no area")
    on_ground(shape, zones)
    return geojson


def on_ground(shape: BaseGeometry, zones: ZoneSet) -> None:
    """Raises Invalid when no zone of this deployment would ever touch it, because nothing would ever be sent."""
    ground = _ground(zones)
    if shape.intersection(ground).area > 0:
        return
    west, south, east, north = ground.bounds
    swapped = shapely.transform(shape, lambda xy: xy[:, ::-1])
    mend = ("it would fit with longitude before latitude: swap them" if swapped.intersects(ground)
            else f"this deployment warns inside {west:.2f}–{east:.2f} east, {south:.2f}–{north:.2f} north")
    raise Invalid(f"polygon: lies outside of every zone of this deployment, nothing would ever be sent; {mend}")


@lru_cache(maxsize=4)
def _ground(zones: ZoneSet) -> BaseGeometry:
    largest = zones.at("city") or zones.at("district") or tuple(zones)
    ground = shapely.union_all([zone.geometry for zone in largest])
    shapely.prepare(ground)
    return ground
