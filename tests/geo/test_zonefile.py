"""Zone files become zones in WGS 84, or an error that names the feature and the mend."""

import json
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from geo.gcj02 import geometry_to_gcj02
from geo.zonefile import ZoneFileError, ZoneProperties, fold_municipality, load_zones

NAMES = ZoneProperties(code="code", name_zh="zh", name_en="en", level="level", parent="parent")
CODE_ONLY = ZoneProperties(code="code")
EAST = shapely.box(121.5, 31.0, 122.0, 31.5)
WEST = shapely.box(121.0, 31.0, 121.5, 31.5)
BOW_TIE = shapely.Polygon([(121, 31), (122, 32), (122, 31), (121, 32)])


def geojson(folder: Path, *features: tuple[str, BaseGeometry | None], crs: str = "", **extra: str) -> Path:
    path = folder / "zones.geojson"
    rows = [
        {
            "type": "Feature",
            "properties": {"code": code, "zh": "东", "en": "East", "level": "district", "parent": "310100", **extra},
            "geometry": None if geometry is None else mapping(geometry),
        }
        for code, geometry in features
    ]
    document: dict[str, object] = {"type": "FeatureCollection", "features": rows}
    if crs:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def written(path: Path, driver: str, geometry: BaseGeometry, crs: str) -> Path:
    pyogrio.raw.write(
        path,
        np.array([shapely.to_wkb(geometry)], dtype=object),
        [np.array(["310115"], dtype=object)],
        np.array(["code"], dtype=object),
        driver=driver,
        geometry_type=geometry.geom_type,
        crs=crs,
    )
    return path


def test_properties_are_mapped_to_codes_names_level_and_parent(tmp_path: Path) -> None:
    zones = load_zones(geojson(tmp_path, ("310115", EAST)), crs="wgs84", properties=NAMES)
    zone = zones["310115"]
    assert (zone.name_zh, zone.name_en, zone.level, zone.parent) == ("东", "East", "district", "310000")
    assert zone.geometry.equals(EAST)


def test_gcj02_files_have_the_shift_taken_out(tmp_path: Path) -> None:
    path = geojson(tmp_path, ("310115", geometry_to_gcj02(EAST)))
    assert load_zones(path, crs="gcj02", properties=NAMES)["310115"].geometry.equals_exact(EAST, 1e-6)
    assert not load_zones(path, crs="wgs84", properties=NAMES)["310115"].geometry.equals_exact(EAST, 1e-3)


@pytest.mark.parametrize(("name", "driver"), [("zones.gpkg", "GPKG"), ("zones.shp", "ESRI Shapefile")])
def test_geopackage_and_shapefile_are_read(tmp_path: Path, name: str, driver: str) -> None:
    path = written(tmp_path / name, driver, EAST, "EPSG:4326")
    zone = load_zones(path, crs="wgs84", properties=CODE_ONLY, level="street", parent="310000")["310115"]
    assert zone.geometry.equals(EAST)
    assert (zone.name_zh, zone.level, zone.parent) == ("310115", "street", "310000")


def test_a_file_that_states_a_projected_system_is_reprojected(tmp_path: Path) -> None:
    # By hand: web Mercator has x = 6378137 * lon in radians, and y = 0 at the equator.
    metres = shapely.box(0, 0, 6378137 * np.pi / 180, 6378137 * np.pi / 180)
    path = written(tmp_path / "zones.gpkg", "GPKG", metres, "EPSG:3857")
    west, south, east, north = load_zones(path, crs="wgs84", properties=CODE_ONLY)["310115"].geometry.bounds
    assert (west, south, east) == pytest.approx((0, 0, 1), abs=1e-9)
    # The Gudermannian of one degree: 1 - (pi/180)^2 / 6 degrees.
    assert north == pytest.approx(1 - (np.pi / 180) ** 2 / 6, abs=1e-6)


def test_metres_without_a_stated_system_are_refused_by_name(tmp_path: Path) -> None:
    path = written(tmp_path / "zones.shp", "ESRI Shapefile", shapely.box(350_000, 3_450_000, 351_000, 3_451_000), "EPSG:32651")
    path.with_suffix(".prj").unlink()
    with pytest.raises(ZoneFileError, match=r"zones.shp: feature 1 \(310115 310115\): coordinates .* give the file its coordinate"):
        load_zones(path, crs="wgs84", properties=CODE_ONLY)


def test_swapped_axes_are_refused_by_name(tmp_path: Path) -> None:
    swapped = shapely.box(31.0, 121.0, 31.5, 121.5)
    with pytest.raises(ZoneFileError, match=r"feature 1 \(310115 东\).*lon before lat"):
        load_zones(geojson(tmp_path, ("310115", swapped)), crs="wgs84", properties=NAMES)


def test_an_invalid_polygon_is_refused_with_its_name_and_fault(tmp_path: Path) -> None:
    path = geojson(tmp_path, ("310101", EAST), ("310115", BOW_TIE))
    with pytest.raises(ZoneFileError, match=r"feature 2 \(310115 东\): invalid polygon: Self-intersection.*repair=True"):
        load_zones(path, crs="wgs84", properties=NAMES)


def test_an_invalid_polygon_is_repaired_on_request_and_the_repair_said(tmp_path: Path) -> None:
    zones = load_zones(geojson(tmp_path, ("310115", BOW_TIE)), crs="wgs84", properties=NAMES, repair=True)
    # Two triangles of base 1 and height 1/2 remain.
    assert zones["310115"].geometry.is_valid
    assert zones["310115"].geometry.area == pytest.approx(0.5)
    assert zones.notes == (
        "zones.geojson: feature 1 (310115 东): repaired: Self-intersection[121.5 31.5]",
    )


def test_a_code_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ZoneFileError, match="code 310115 occurs more than once"):
        load_zones(geojson(tmp_path, ("310115", EAST), ("310115", WEST)), crs="wgs84", properties=NAMES)


def test_a_missing_property_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ZoneFileError, match="no property 'adcode'; the file has code, en, level, parent, zh"):
        load_zones(geojson(tmp_path, ("310115", EAST)), crs="wgs84", properties=ZoneProperties(code="adcode"))


def test_features_without_code_or_polygon_and_unknown_levels_are_named(tmp_path: Path) -> None:
    with pytest.raises(ZoneFileError, match=r"feature 2 .*'code' is empty"):
        load_zones(geojson(tmp_path, ("310115", EAST), ("", WEST)), crs="wgs84", properties=NAMES)
    with pytest.raises(ZoneFileError, match=r"feature 1 \(310115 东\): no geometry"):
        load_zones(geojson(tmp_path, ("310115", None)), crs="wgs84", properties=NAMES)
    with pytest.raises(ZoneFileError, match=r"feature 1 .*a LineString, not a polygon"):
        load_zones(geojson(tmp_path, ("310115", shapely.LineString([(1, 1), (2, 2)]))), crs="wgs84", properties=NAMES)
    with pytest.raises(ZoneFileError, match="level 'planet' is not one of city, district, street, cell"):
        load_zones(geojson(tmp_path, ("310115", EAST), level="planet"), crs="wgs84", properties=NAMES)


def test_a_file_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "zones.geojson").write_text("not a map")
    with pytest.raises(ZoneFileError, match="zones.geojson: cannot be read as GeoJSON"):
        load_zones(tmp_path / "zones.geojson", crs="wgs84", properties=NAMES)
    with pytest.raises(ZoneFileError, match="absent.geojson: no such file"):
        load_zones(tmp_path / "absent.geojson", crs="wgs84", properties=NAMES)


def test_the_intermediate_code_of_a_municipality_is_folded_into_the_city() -> None:
    assert [fold_municipality(code) for code in ("310100", "310115", "320100")] == ["310000", "310115", "320100"]
