"""Grids and zones of the map workloads: Shanghai's districts, China's counties, or shapes like them where the borders are not at hand."""

import gzip
import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.grid import Grid
from geo.zone import Zone

_COUNTIES = Path(__file__).parents[2] / "../shared/data/boundaries/china_counties_wgs84_simplified.geojson.gz"
SHANGHAI = Grid(kind="regular_ll", ny=140, nx=130, lat0=30.605, lon0=120.855, dlat=0.01, dlon=0.01)
EAST_CHINA = Grid(kind="regular_ll", ny=1200, nx=1000, lat0=25.005, lon0=115.005, dlat=0.01, dlon=0.01)
CHINA = Grid(kind="regular_ll", ny=800, nx=1400, lat0=15.025, lon0=70.025, dlat=0.05, dlon=0.05)


@lru_cache(maxsize=1)
def counties() -> tuple[tuple[Zone, ...], str]:
    """2,875 county-like zones, and what to say of them in the note."""
    if not _COUNTIES.exists():
        return tuple(_zone(str(number), shape) for number, shape in enumerate(cells(2875, shapely.box(74, 18, 134, 53), bend=0.05))), "synthetic counties"
    with gzip.open(_COUNTIES, "rt", encoding="utf-8") as file:
        features = json.load(file)["features"]
    shapes = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
    return tuple(_zone(feature["properties"]["adcode"], shape) for feature, shape in zip(features, shapes, strict=True)), "counties"


def inside(zones: tuple[Zone, ...], grid: Grid) -> tuple[Zone, ...]:
    """Those that have a point of theirs on the grid."""
    box = shapely.box(*grid.bounds)
    return tuple(zone for zone in zones if box.contains(zone.geometry.representative_point()))


def cells(count: int, area: BaseGeometry, *, bend: float, seed: int = 4) -> list[shapely.MultiPolygon]:
    """``count`` Voronoi cells that fill ``area`` without gap, their shared borders bent by waves of ``bend`` degrees."""
    rng = np.random.default_rng(seed)
    west, south, east, north = area.bounds
    points = np.empty((0, 2))
    while len(points) < count:
        more = rng.uniform((west, south), (east, north), (4 * count, 2))
        points = np.concatenate((points, more[shapely.contains_xy(area, more[:, 0], more[:, 1])]))
    plain = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points[:count]), extend_to=area))
    bent = shapely.make_valid(shapely.transform(shapely.segmentize(plain, bend / 2), lambda xy: xy + bend * _waves(xy, bend)))
    found = [shapely.intersection(piece, area) for piece in bent]
    return [shapely.MultiPolygon([part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]) for shape in found]


def _waves(xy: NDArray[np.float64], bend: float) -> NDArray[np.float64]:
    turns = xy / bend
    return 0.3 * np.column_stack((np.sin(turns[:, 1]) + np.sin(2.3 * turns[:, 0]) / 2, np.sin(1.3 * turns[:, 0]) + np.sin(2.9 * turns[:, 1]) / 2))


def _zone(code: str, geometry: BaseGeometry) -> Zone:
    return Zone(code=code, name_zh="", name_en="", level="district", geometry=geometry)
