"""Shelters: which lie near a place, how a message names them, and which files are refused."""

import json
from pathlib import Path

import pytest
from shapely import box

from warning.configfolder import shipped_config
from warning.dispatch.refuge import listed, told
from warning.errors import ConfigError
from warning.response.shelter import Shelter, Shelters, load_shelters

PLACE = box(121.0, 30.0, 121.1, 30.1)


def shelter(code: str, lon: float, lat: float, hazards: tuple[str, ...] = ()) -> Shelter:
    return Shelter(code=code, kind="shelter", name_zh=f"场所{code}", name_en=f"Shelter {code}", address="", places=0, hazards=hazards, lon=lon, lat=lat)


def test_those_inside_come_first_by_their_distance_from_the_middle_then_those_around() -> None:
    shelters = Shelters([shelter("outside", 121.05, 30.12), shelter("edge", 121.09, 30.09), shelter("middle", 121.05, 30.05), shelter("far", 121.05, 30.2)])
    near = shelters.near(PLACE, hazard="rainstorm")
    assert [one.code for one in near] == ["middle", "edge", "outside"]
    # 0.02° of latitude north of the place: 0.02 × 111.195 km.
    assert [round(one.km, 2) for one in near] == [0, 0, 2.22]


def test_a_degree_of_longitude_is_shorter_than_one_of_latitude() -> None:
    # 0.02° east at 30.05° N: 0.02 × 111.195 × cos 30.05° = 1.92 km.
    (near,) = Shelters([shelter("east", 121.12, 30.05)]).near(PLACE, hazard="rainstorm")
    assert round(near.km, 2) == 1.92


def test_five_kilometres_is_the_end_and_three_are_enough() -> None:
    # 5 km = 0.04497° of latitude: one stands at 4.9 km, one at 5.1 km.
    shelters = Shelters([shelter("a", 121.05, 30.1 + 4.9 / 111.195), shelter("b", 121.05, 30.1 + 5.1 / 111.195)])
    assert [one.code for one in shelters.near(PLACE, hazard="rainstorm")] == ["a"]
    many = Shelters([shelter(f"s{n}", 121.05, 30.05 + n / 1000) for n in range(5)])
    assert [one.code for one in many.near(PLACE, hazard="rainstorm")] == ["s0", "s1", "s2"]


def test_a_shelter_that_is_not_fit_for_the_hazard_is_not_named() -> None:
    shelters = Shelters([shelter("park", 121.05, 30.05, ("earthquake",)), shelter("school", 121.06, 30.05)])
    assert [one.code for one in shelters.near(PLACE, hazard="typhoon")] == ["school"]


def test_without_shelters_nothing_is_said() -> None:
    assert Shelters(()).near(PLACE, hazard="rainstorm") == []
    assert told((), chinese=True) == ""


def test_a_message_names_the_place_its_address_and_how_far_it_is() -> None:
    near = Shelters([
        Shelter(code="a", kind="shelter", name_zh="第一中学", name_en="No. 1 School", address="人民路 1 号", places=400, hazards=(), lon=121.05, lat=30.05),
        shelter("b", 121.05, 30.12)]).near(PLACE, hazard="rainstorm")
    assert told(near, chinese=True) == "避难场所：第一中学（人民路 1 号）、场所b（2.2 公里）"
    assert told(near, chinese=False) == "Shelters: No. 1 School (人民路 1 号); Shelter b (2.2 km)"
    assert listed(near)[0] == {"code": "a", "kind": "shelter", "name_zh": "第一中学", "name_en": "No. 1 School", "address": "人民路 1 号",
                               "places": 400, "lat": 30.05, "lon": 121.05, "km": 0.0}


def test_the_fictitious_shelters_are_never_loaded_where_warnings_are_real() -> None:
    folder = shipped_config() / "shelters"
    assert len(load_shelters([folder], real=False).all) == 3
    assert load_shelters([folder], real=True).all == ()


@pytest.mark.parametrize(("properties", "geometry", "fault"), [
    ({"code": "a"}, {"type": "Point", "coordinates": [121, 31]}, r"own.geojson: shelter 1: name_zh: Field required"),
    ({"code": "a", "name_zh": "校", "name_en": "School"}, {"type": "LineString", "coordinates": [[121, 31], [122, 31]]}, "give its gate as one point"),
    ({"code": "a", "name_zh": "校", "name_en": "School"}, {"type": "Point", "coordinates": [340000, 3460000]}, "one point in degrees WGS 84"),
    ({"code": "a", "name_zh": "校", "name_en": "School"}, None, "is no feature with a geometry"),
])
def test_a_wrong_shelter_is_refused_with_file_and_number(tmp_path: Path, properties: object, geometry: object, fault: str) -> None:
    (tmp_path / "own.geojson").write_text(json.dumps({"features": [{"properties": properties, "geometry": geometry}]}), encoding="utf-8")
    with pytest.raises(ConfigError, match=fault):
        load_shelters([tmp_path], real=True)


def test_a_file_that_is_no_collection_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.geojson").write_text("[]", encoding="utf-8")
    with pytest.raises(ConfigError, match="is no GeoJSON FeatureCollection of points"):
        load_shelters([tmp_path], real=True)
