"""Area files: what is read, and what hostile or broken files end in."""

import io
import json
import random
import struct
import time
import zipfile

import pyproj
import pytest
import shapely
from shapely import box

from geo.zone import Zone, ZoneSet
from warning.dispatch.area import checked_area
from warning.errors import Invalid
from warning.office.areafile import MAX_BYTES, read_area

ZONES = ZoneSet(origin="by hand", zones=(Zone(code="310000", name_zh="市", name_en="City", level="city", geometry=box(121, 31, 122, 32)),))
SQUARE = [[121.2, 31.2], [121.4, 31.2], [121.4, 31.4], [121.2, 31.4], [121.2, 31.2]]
BOW_TIE = [[121.2, 31.2], [121.4, 31.4], [121.4, 31.2], [121.2, 31.4], [121.2, 31.2]]


def geojson(ring: list[list[float]] = SQUARE, **more: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}], **more}).encode()


def kml(inner: str, head: str = "") -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{inner}</Document></kml>'.encode()


def placemark(words: str) -> str:
    return f"<Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>{words}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"


def words(ring: list[list[float]] = SQUARE) -> str:
    return "\n ".join(f"{lon},{lat},0" for lon, lat in ring)


def packed(members: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return written.getvalue()


def shapefile(ring: list[list[float]] = SQUARE) -> dict[str, bytes]:
    """One polygon, written by the format's own description (ESRI, 1998); its outer ring runs clockwise."""
    points = ring[::-1]
    west, south, east, north = (f(p[i] for p in points) for f, i in ((min, 0), (min, 1), (max, 0), (max, 1)))
    content = struct.pack("<i4d2ii", 5, west, south, east, north, 1, len(points), 0) + b"".join(struct.pack("<2d", *p) for p in points)

    def head(length: int) -> bytes:
        return struct.pack(">7i", 9994, 0, 0, 0, 0, 0, length // 2) + struct.pack("<2i8d", 1000, 5, west, south, east, north, 0, 0, 0, 0)

    record = struct.pack(">2i", 1, len(content) // 2) + content
    return {"x.shp": head(100 + len(record)) + record, "x.shx": head(108) + struct.pack(">2i", 50, len(content) // 2)}


def bounds(content: bytes, crs: str = "wgs84") -> list[float]:
    found = read_area(content, zones=ZONES, crs="gcj02" if crs == "gcj02" else "wgs84")
    return [round(float(edge), 3) for edge in shapely.from_geojson(json.dumps(dict(found.polygon))).bounds]


@pytest.mark.parametrize("content", [
    geojson(), geojson()[:-1] + b', "name": "office"}', b"\xef\xbb\xbf" + geojson(), json.dumps({"type": "Polygon", "coordinates": [SQUARE]}).encode(),
    kml(placemark(words())), kml(f"<Folder><Folder>{placemark(words())}</Folder></Folder>"), packed({"doc.kml": kml(placemark(words()))}),
    packed(shapefile()), packed({f"office/{name}": data for name, data in shapefile().items()} | {"office/readme.txt": b"x"}),
], ids=["geojson", "named", "marked", "geometry", "kml", "folders", "kmz", "shapefile", "in a folder"])
def test_the_same_square_from_every_form(content: bytes) -> None:
    assert bounds(content) == [121.2, 31.2, 121.4, 31.4]


def test_a_shapefile_in_another_coordinate_system_is_brought_into_degrees() -> None:
    there = pyproj.Transformer.from_crs(4326, 32651, always_xy=True)  # UTM 51 N
    ring = [list(there.transform(lon, lat)) for lon, lat in SQUARE]
    prj = pyproj.CRS.from_epsg(32651).to_wkt("WKT1_ESRI").encode()
    assert bounds(packed(shapefile(ring) | {"x.prj": prj})) == [121.2, 31.2, 121.4, 31.4]
    with pytest.raises(Invalid, match=r"are no longitude and latitude in degrees: save it as WGS 84 \(EPSG:4326\), or pack the .prj"):
        read_area(packed(shapefile(ring)), zones=ZONES)


def test_an_old_geojson_that_names_its_coordinate_system_is_believed() -> None:
    there = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
    ring = [list(there.transform(lon, lat)) for lon, lat in SQUARE]
    assert bounds(geojson(ring, crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}})) == [121.2, 31.2, 121.4, 31.4]
    assert bounds(geojson(crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}})) == [121.2, 31.2, 121.4, 31.4]
    with pytest.raises(Invalid, match="its coordinate system is not known here"):
        read_area(geojson(crs={"type": "name", "properties": {"name": "EPSG:999999"}}), zones=ZONES)


def test_the_shift_of_chinese_web_maps_is_taken_out() -> None:
    shifted = bounds(geojson(), "gcj02")
    assert 0.003 < 121.2 - shifted[0] < 0.006
    assert 0.001 < abs(31.2 - shifted[1]) < 0.004


def test_a_polygon_that_crosses_itself_is_mended_and_told() -> None:
    found = read_area(geojson(BOW_TIE), zones=ZONES)
    shape = shapely.from_geojson(json.dumps(dict(found.polygon)))
    assert (shape.is_valid, shape.geom_type, round(shape.area, 6)) == (True, "MultiPolygon", 0.02)  # two triangles of 0.2 · 0.1 / 2
    assert found.notes[0].startswith("mended: Self-intersection")
    with pytest.raises(Invalid, match="draw it without crossing lines, or upload it as a file, which mends it"):
        checked_area({"type": "Polygon", "coordinates": [BOW_TIE]}, zones=ZONES)


def test_points_lines_and_links_are_left_out_and_told() -> None:
    found = read_area(kml(placemark(words()) + "<Placemark><Point><coordinates>121,31</coordinates></Point></Placemark>"
                          "<NetworkLink><Link><href>http://169.254.169.254/</href></Link></NetworkLink>"), zones=ZONES)
    assert found.notes == ("1 links to other files were not followed: pack everything into this one", "1 points or lines were left out: only areas count")


NAN = b'{"type": "Polygon", "coordinates": [[[NaN, 31], [121.4, 31.2], [121.4, 31.4], [NaN, 31]]]}'
LAUGHS = '<!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(("content", "told"), [
    (b"", "is empty"),
    (b"GIF89a", "is neither GeoJSON, nor a zipped Shapefile, nor KML"),
    (b"[1, 2]", "is JSON but no GeoJSON"),
    (b'{"type": "Nonsense"}', "is no valid GeoJSON"),
    (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested too deeply|no valid GeoJSON"),
    (NAN, "is neither GeoJSON"),
    (b" " * (MAX_BYTES + 1), "at most 4,194,304 are read"),
    (b'{"type": "FeatureCollection", "features": []}', "holds no polygon: draw the border as a closed area"),
    (b'{"type": "Point", "coordinates": [121.2, 31.2]}', r"holds no polygon \(1 points or lines were left out"),
    (geojson([[121.2, 31.2], [121.3, 31.2], [121.4, 31.2], [121.2, 31.2]]), "have no area"),
    (geojson([[lat, lon] for lon, lat in SQUARE]), "no longitude and latitude in degrees"),
    (geojson([[lon - 90, lat] for lon, lat in SQUARE]), r"lies outside of every zone .* this deployment warns inside 121.00–122.00 east, 31.00–32.00 north"),
    (kml(placemark(words()), LAUGHS), "has a DOCTYPE"),
    (kml(placemark(words()), '<!DOCTYPE kml SYSTEM "http://169.254.169.254/x">'), "has a DOCTYPE"),
    (kml("<Folder>" * 100 + "</Folder>" * 100), "nested deeper than 32"),
    (kml(placemark("121.2;31.2 121.4;31.2 121.4;31.4")), "a corner is written as longitude,latitude"),
    (kml(placemark("121.2,31.2 121.4,nan 121.4,31.4")), "a corner is not a number"),
    (kml(placemark("121.2,31.2")), "fewer than three corners"),
    (b"<html><body>log in</body></html>", "is XML but no KML"),
    (packed({"readme.txt": b"x"}), "the zip holds no .shp"),
    (packed({"x.shp": b"x"}), "has no .shx beside"),
    (packed({"a.shp": b"x", "b.shp": b"x"}), "holds 2 Shapefiles"),
    (packed({"x.shp": b"x" * 200, "x.shx": b"x" * 200}), "the Shapefile cannot be read"),
    (packed({f"{n}.txt": b"" for n in range(100)}), "the zip holds 100 files, at most 64"),
    (packed(shapefile())[:200], "the zip is damaged"),
])
def test_a_file_that_cannot_be_used_ends_in_an_error_that_names_the_mend(content: bytes, told: str) -> None:
    with pytest.raises(Invalid, match=f"^file: .*({told})"):
        read_area(content, zones=ZONES)


def test_longitude_and_latitude_the_wrong_way_round_are_told_where_both_are_degrees() -> None:
    near = ZoneSet(origin="by hand", zones=(Zone(code="1", name_zh="甲", name_en="A", level="city", geometry=box(40, 10, 41, 11)),))
    with pytest.raises(Invalid, match="it would fit with longitude before latitude: swap them"):
        read_area(geojson([[10.2, 40.2], [10.4, 40.2], [10.4, 40.4], [10.2, 40.2]]), zones=near)


def test_a_zip_bomb_is_counted_as_it_unpacks_and_costs_no_memory() -> None:
    bomb = packed({"x.shp": b"\0" * 64 * 1024 * 1024, "x.shx": b"\0"})
    assert len(bomb) < 100_000
    with pytest.raises(Invalid, match="unpacks to more than 32 MB"):
        read_area(bomb, zones=ZONES)
    shared = packed({"x.shp": b"\0" * 20 * 1024 * 1024, "x.shx": b"\0" * 20 * 1024 * 1024})  # each alone would do
    with pytest.raises(Invalid, match="unpacks to more than 32 MB"):
        read_area(shared, zones=ZONES)
    lying = bomb.replace(struct.pack("<I", 64 * 1024 * 1024), struct.pack("<I", 100))  # its directory says 100 bytes
    with pytest.raises(Invalid, match="^file: "):
        read_area(lying, zones=ZONES)


def test_a_name_that_climbs_out_of_the_archive_writes_nothing_there(tmp_path_factory: pytest.TempPathFactory) -> None:
    there = tmp_path_factory.mktemp("elsewhere") / "x"
    members = {f"../../../../../..{there}{name[1:]}": data for name, data in shapefile().items()}
    assert bounds(packed(members)) == [121.2, 31.2, 121.4, 31.4]
    assert list(there.parent.iterdir()) == []


def test_a_tangle_made_to_be_costly_is_refused_soon() -> None:
    chance = random.Random(7)
    tangle = [[121 + chance.random(), 31 + chance.random()] for _ in range(19_000)]
    began = time.process_time()
    with pytest.raises(Invalid, match="cross each other more than 500 times"):
        read_area(geojson([*tangle, tangle[0]]), zones=ZONES)
    assert time.process_time() - began < 10
    with pytest.raises(Invalid, match="has 20,002 corners, at most 20,000"):
        read_area(geojson([*[[121 + n / 30_000, 31.5 + (n % 2) / 1000] for n in range(20_001)], [121, 31.5]]), zones=ZONES)
