"""Drawn: the ground that a person draws: a polygon, a circle, one polygon minus another; and the rings that CAP is given of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.plane import KM_PER_DEGREE
from geo.zone import ZoneSet
from warning.errors import Invalid

_CORNERS = 72
_SLIVER = 0.01
"""The share of a drawn polygon that may lie over the border: nobody traces it exactly."""
WIDEST_KM = 500.0

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A circle as CAP has it: centre in degrees WGS 84, radius in kilometres."""

    lat: float
    lon: float
    km: float

    @property
    def ground(self) -> BaseGeometry:
        """A polygon of 72 corners on the circle, so inside it; true to scale at the centre's latitude."""
        angle = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
        up = self.km / KM_PER_DEGREE
        across = up / np.cos(np.radians(self.lat))
        return shapely.Polygon(np.column_stack((self.lon + across * np.cos(angle), self.lat + up * np.sin(angle))))


def polygon_of(value: object) -> Mapping[str, object]:
    """GeoJSON as it may be stored. Raises Invalid for what is no polygon with area."""
    try:
        shape = shapely.from_geojson(json.dumps(value))
    except (shapely.errors.GEOSException, TypeError) as error:
        raise Invalid(f"polygon: is no GeoJSON geometry: {error}") from error
    if shape is None or shape.geom_type not in ("Polygon", "MultiPolygon") or not shape.is_valid or shape.area == 0:
        raise Invalid(f"polygon: needs a valid Polygon with area; {shapely.is_valid_reason(shape)}")
    return _geojson(shape)


def round_of(value: object) -> Round:
    """``{"lat", "lon", "km"}``. Raises Invalid that names the number at fault."""
    if not isinstance(value, Mapping) or set(value) != {"lat", "lon", "km"}:
        raise Invalid('circle: {"lat": 31.2, "lon": 121.5, "km": 10}')
    lat, lon, km = (value[key] for key in ("lat", "lon", "km"))
    if not all(isinstance(number, int | float) for number in (lat, lon, km)):
        raise Invalid("circle: lat, lon and km are numbers")
    if not (-80 <= lat <= 80 and -180 <= lon <= 180):
        raise Invalid(f"circle: {lat}, {lon} is no place that can be warned; lat is within 80°, lon within 180°")
    if not 0 < km <= WIDEST_KM:
        raise Invalid(f"circle: km is above 0 and at most {WIDEST_KM:g}")
    return Round(lat=float(lat), lon=float(lon), km=float(km))


def minus(whole: Mapping[str, object], taken: Mapping[str, object]) -> Mapping[str, object]:
    """"This polygon minus that", as GeoJSON. Raises Invalid when nothing is left."""
    left = shapely.geometry.shape(dict(whole)).difference(shapely.geometry.shape(dict(taken)))
    parts = [part for part in shapely.get_parts(left) if part.geom_type == "Polygon" and part.area > 0]
    if not parts:
        raise Invalid("polygon: nothing is left of it; draw a smaller one to take away")
    return _geojson(parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts))


def check_ground(polygon: Mapping[str, object], zones: Sequence[str], known: ZoneSet) -> None:
    """A drawn polygon warns whom it covers, so it stays inside the zones that were asked for; the sea beside them is free."""
    drawn = shapely.geometry.shape(dict(polygon))
    chosen = shapely.union_all([known[code].geometry for code in zones])
    if drawn.intersection(chosen).area == 0:
        raise Invalid("polygon: lies outside the chosen zones; draw it inside them or choose others")
    rest = drawn.difference(chosen)
    into = [zone.code for zone in known.at("district") if zone.geometry.intersection(rest).area > _SLIVER * drawn.area]
    if into:
        raise Invalid(f"polygon: reaches into {', '.join(into)}; choose these zones too, or draw it inside the chosen ones")


def rings_of(ground: BaseGeometry) -> tuple[Ring, ...]:
    """Outer rings as (lon, lat). CAP has no holes, so a polygon with one is cut in two through it: what was left out stays out."""
    found: list[Ring] = []
    for part in shapely.get_parts(ground):
        if part.geom_type != "Polygon" or part.area == 0:
            continue
        if not len(part.interiors):
            found.append(tuple((x, y) for x, y in part.exterior.coords))
            continue
        west, south, east, north = part.bounds
        hole_west, _, hole_east, _ = part.interiors[0].bounds
        cut = (hole_west + hole_east) / 2
        found += rings_of(part.intersection(shapely.box(west, south, cut, north)))
        found += rings_of(part.intersection(shapely.box(cut, south, east, north)))
    return tuple(found)


def _geojson(shape: BaseGeometry) -> Mapping[str, object]:
    document: Mapping[str, object] = shapely.geometry.mapping(shape)
    return document
