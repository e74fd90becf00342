"""GCJ-02 is undone exactly; forgetting it moves a place in Shanghai by some five hundred metres."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import shapely
from scipy.spatial import cKDTree

from geo.gcj02 import geometry_to_gcj02, geometry_to_wgs84, to_gcj02, to_wgs84

BOUNDARIES = Path(__file__).parents[2] / "../shared/data/boundaries"


def test_forgetting_the_shift_moves_every_place_in_shanghai_by_300_to_700_metres() -> None:
    lon, lat = np.meshgrid(np.linspace(120.9, 122.0, 12), np.linspace(30.7, 31.8, 12))
    shifted_lon, shifted_lat = to_gcj02(lon, lat)
    # By hand: a degree of latitude is 111.0 km here, one of longitude that times the cosine of the latitude.
    metres = np.hypot((shifted_lon - lon) * 111_000 * np.cos(np.radians(lat)), (shifted_lat - lat) * 111_000)
    assert metres.min() > 300
    assert metres.max() < 700


def test_people_s_square_is_shifted_east_and_south() -> None:
    lon, lat = to_gcj02(121.4737, 31.2304)
    assert float(lon) == pytest.approx(121.4737 + 430.6 / (111_320 * math.cos(math.radians(31.2304))), abs=2e-5)
    assert float(lat) == pytest.approx(31.2304 - 216.2 / 111_320, abs=2e-5)


def test_places_outside_china_are_left_alone() -> None:
    lon, lat = to_gcj02([2.35, -74.0], [48.85, 40.7])
    assert lon.tolist() == [2.35, -74.0]
    assert lat.tolist() == [48.85, 40.7]


def test_there_and_back_is_the_same_place() -> None:
    lon, lat = np.array([121.47, 87.6, 110.3]), np.array([31.23, 43.8, 20.0])
    back_lon, back_lat = to_wgs84(*to_gcj02(lon, lat))
    assert np.abs(back_lon - lon).max() < 1e-9
    assert np.abs(back_lat - lat).max() < 1e-9


def test_an_unknown_place_stays_unknown_and_spoils_no_other() -> None:
    lon, lat = to_wgs84([np.nan, 121.47822306], [31.0, 31.22845774])
    assert np.isnan(lon[0])
    assert float(lon[1]) == pytest.approx(121.4737, abs=1e-7)
    assert float(lat[1]) == pytest.approx(31.2304, abs=1e-7)


def test_a_polygon_is_moved_vertex_by_vertex() -> None:
    box = shapely.box(121.4, 31.2, 121.5, 31.3)
    assert geometry_to_wgs84(geometry_to_gcj02(box)).equals_exact(box, 1e-9)
    assert not geometry_to_gcj02(box).equals_exact(box, 1e-3)


def test_the_district_files_in_both_systems_agree_to_their_six_decimals() -> None:
    shifted, true = (BOUNDARIES / f"shanghai_districts_{crs}.geojson" for crs in ("gcj02", "wgs84"))
    if not shifted.exists():
        pytest.skip("no ../shared/data")
    pairs = zip(json.loads(shifted.read_text())["features"], json.loads(true.read_text())["features"], strict=True)
    for gcj, wgs in pairs:
        ours = geometry_to_wgs84(shapely.from_geojson(json.dumps(gcj["geometry"])))
        theirs = shapely.from_geojson(json.dumps(wgs["geometry"]))
        # The rings of the two files start at different vertices: each of ours must have one of theirs within rounding.
        distance, _ = cKDTree(shapely.get_coordinates(theirs)).query(shapely.get_coordinates(ours))
        assert np.max(distance) < 1e-6
