"""Area file: the ground of an office from GeoJSON, a zipped Shapefile or KML; hostile files end in an error that names the mend.

Nothing of an archive is written under a name of its own, nothing that a file points to is fetched, and what a file may cost is bounded: its bytes,
what it unpacks to, its corners, its crossing lines.
"""

import io
import json
import math
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

import numpy as np
import pyogrio.errors
import pyogrio.raw
import pyproj
import pyproj.exceptions
import shapely
from shapely.errors import GEOSException
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from geo.gcj02 import geometry_to_wgs84
from geo.zone import ZoneSet
from warning import xml
from warning.dispatch.area import MAX_CORNERS, on_ground
from warning.errors import CapError, Invalid

MAX_BYTES = 4 * 1024 * 1024
MAX_UNPACKED = 32 * 1024 * 1024
MAX_MEMBERS = 64
MAX_CROSSINGS = 500
_SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_ZIP_FAULTS = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError, UnicodeError)

Crs = Literal["wgs84", "gcj02"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaFile:
    """A valid polygon in WGS 84 as GeoJSON, and what was mended or left out on the way, for whoever has uploaded it to look at."""

    polygon: Mapping[str, object]
    notes: tuple[str, ...]
    corners: int
    square_km: float


def read_area(content: bytes, *, zones: ZoneSet, crs: Crs = "wgs84") -> AreaFile:
    """What kind of file it is, its first bytes say, not its name. ``crs="gcj02"``: drawn on a Chinese web map. Raises Invalid."""
    if len(content) > MAX_BYTES:
        _refuse(f"has {len(content):,} bytes, at most {MAX_BYTES:,} are read: simplify the borders, or leave out other layers")
    if not content.strip():
        _refuse("is empty: choose the file again")
    notes: list[str] = []
    stated: str | None = None
    if content.startswith(b"PK"):
        pieces, stated = _from_zip(content, notes)
    elif content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        pieces = _from_kml(content, notes)
    else:
        pieces, stated = _from_geojson(content, notes)
    if not pieces:
        _refuse("holds no polygon" + (f" ({'; '.join(notes)})" if notes else "") + ": draw the border as a closed area and save it again")
    shape = _whole(_in_degrees(pieces, stated), notes)
    if crs == "gcj02":
        shape = geometry_to_wgs84(shape)
    shape = shapely.set_precision(shape, 1e-6)
    try:
        on_ground(shape, zones)
    except Invalid as error:
        raise Invalid(str(error).replace("polygon:", "file:", 1)) from error
    polygon: dict[str, object] = json.loads(shapely.to_geojson(shape))
    area, _ = pyproj.Geod(ellps="WGS84").geometry_area_perimeter(shape)
    return AreaFile(polygon=polygon, notes=tuple(notes), corners=int(shapely.get_num_coordinates(shape)), square_km=abs(area) / 1e6)


def _refuse(why: str) -> NoReturn:
    raise Invalid(f"file: {why}")


def _whole(pieces: Sequence[BaseGeometry], notes: list[str]) -> BaseGeometry:
    """One valid (multi)polygon of all; what crosses itself is mended and told."""
    corners = int(sum(shapely.get_num_coordinates(piece) for piece in pieces))
    if corners > MAX_CORNERS:
        _refuse(f"has {corners:,} corners, at most {MAX_CORNERS:,} are kept: simplify it to 10 m in the program that made it")
    west, south, east, north = shapely.total_bounds(np.array(pieces, dtype=np.object_))
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        _refuse(f"coordinates {west:g} {south:g} … {east:g} {north:g} are no longitude and latitude in degrees: "
                "save it as WGS 84 (EPSG:4326), or pack the .prj into the zip")
    whole: list[BaseGeometry] = []
    for piece in pieces:
        if not piece.is_valid:
            if _crossings(piece) > MAX_CROSSINGS:
                _refuse(f"has a polygon whose lines cross each other more than {MAX_CROSSINGS} times: mend it in the program that made it")
            notes.append(f"mended: {shapely.is_valid_reason(piece)}; look at the map whether it is what you meant")
            piece = shapely.make_valid(piece)
        whole += [part for part in shapely.get_parts(shapely.get_parts(piece)) if isinstance(part, Polygon) and part.area > 0]
    if not whole:
        _refuse("its polygons have no area: draw at least three corners that do not lie on one line")
    try:
        return shapely.union_all(whole)
    except GEOSException as error:
        raise Invalid("file: its polygons cannot be joined: mend them in the program that made them") from error


def _crossings(shape: BaseGeometry) -> int:
    """How many pairs of its lines touch without being neighbours, counted until it is clear that they are too many."""
    lines: list[BaseGeometry] = []
    for part in shapely.get_parts(shape):
        for ring in (part.exterior, *part.interiors):
            points = shapely.get_coordinates(ring)
            lines += [LineString(pair) for pair in np.stack((points[:-1], points[1:]), axis=1)]
    tree, found = shapely.STRtree(lines), 0
    for begin in range(0, len(lines), 50):
        hits = tree.query(lines[begin:begin + 50], predicate="intersects").shape[1]
        found += max(0, hits - 3 * len(lines[begin:begin + 50]))  # itself and two neighbours
        if found > 4 * MAX_CROSSINGS:
            break
    return found // 2


def _in_degrees(pieces: Sequence[BaseGeometry], stated: str | None) -> list[BaseGeometry]:
    flat = [shapely.force_2d(piece) for piece in pieces]
    if not stated:
        return flat
    try:
        source = pyproj.CRS.from_user_input(stated)
        if source.is_geographic and source.to_epsg() in (4326, 4979):
            return flat
        there = pyproj.Transformer.from_crs(source, 4326, always_xy=True)
        return [shapely.transform(piece, lambda xy: np.column_stack(there.transform(xy[:, 0], xy[:, 1]))) for piece in flat]
    except pyproj.exceptions.ProjError as error:
        raise Invalid("file: its coordinate system is not known here: save it as WGS 84 (EPSG:4326)") from error


# GeoJSON


def _from_geojson(content: bytes, notes: list[str]) -> tuple[list[BaseGeometry], str | None]:
    def constant(_: str) -> NoReturn:
        raise ValueError("not a number")

    try:
        document = json.loads(content.decode("utf-8-sig"), parse_constant=constant)
    except RecursionError as error:
        raise Invalid("file: is nested too deeply to be GeoJSON") from error
    except ValueError as error:
        raise Invalid("file: is neither GeoJSON, nor a zipped Shapefile, nor KML: save it as one of these, in UTF-8") from error
    if not isinstance(document, dict):
        _refuse("is JSON but no GeoJSON: it begins with a Feature, a FeatureCollection or a geometry")
    try:
        shape = shapely.from_geojson(json.dumps(document))
    except (GEOSException, RecursionError) as error:
        raise Invalid(f"file: is no valid GeoJSON: {str(error)[:200]}") from error
    named = document.get("crs")
    properties = named.get("properties") if isinstance(named, dict) else None
    name = str(properties.get("name", "")) if isinstance(properties, dict) else ""
    return _polygons([shape], notes), None if "CRS84" in name else name or None


def _polygons(shapes: Sequence[BaseGeometry], notes: list[str]) -> list[BaseGeometry]:
    """The polygons of nested collections; the rest is counted and told."""
    found: list[BaseGeometry] = []
    others = 0
    waiting = list(shapes)
    while waiting:
        shape = waiting.pop()
        if shape is None or shape.is_empty:
            continue
        if isinstance(shape, Polygon):
            found.append(shape)
        elif shape.geom_type in ("MultiPolygon", "GeometryCollection"):
            waiting += list(shapely.get_parts(shape))
        else:
            others += 1
    if others:
        notes.append(f"{others} points or lines were left out: only areas count")
    return found[::-1]


# KML


def _from_kml(content: bytes, notes: list[str]) -> list[BaseGeometry]:
    try:
        root = xml.parse(content, max_bytes=MAX_UNPACKED)
    except CapError as error:
        raise Invalid(f"file: {str(error).removeprefix('the document ')}") from error
    if not str(root.tag).endswith("}kml") and root.tag != "kml":
        _refuse("is XML but no KML: export it as KML, GeoJSON or a zipped Shapefile")
    links = sum(1 for _ in root.iter("{*}NetworkLink"))
    if links:
        notes.append(f"{links} links to other files were not followed: pack everything into this one")
    found: list[BaseGeometry] = []
    for polygon in root.iter("{*}Polygon"):
        rings = [_ring(element.text or "") for bound in ("outerBoundaryIs", "innerBoundaryIs")
                 for element in polygon.iterfind(f"{{*}}{bound}/{{*}}LinearRing/{{*}}coordinates")]
        if rings:
            found.append(Polygon(rings[0], rings[1:]))
    others = sum(1 for name in ("Point", "LineString") for _ in root.iter(f"{{*}}{name}"))
    if others:
        notes.append(f"{others} points or lines were left out: only areas count")
    return found


def _ring(words: str) -> list[tuple[float, float]]:
    corners: list[tuple[float, float]] = []
    for word in words.split():
        parts = word.split(",")
        try:
            lon, lat = float(parts[0]), float(parts[1])
        except (ValueError, IndexError) as error:
            raise Invalid("file: a corner is written as longitude,latitude; one of them is not") from error
        if not (math.isfinite(lon) and math.isfinite(lat)):
            _refuse("a corner is not a number: export it again")
        corners.append((lon, lat))
    if len(corners) < 3:
        _refuse("a polygon has fewer than three corners: draw it again")
    return corners


# Zip: a Shapefile, or KMZ


def _from_zip(content: bytes, notes: list[str]) -> tuple[list[BaseGeometry], str | None]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/") and not Path(name).name.startswith("._")]
            if len(names) > MAX_MEMBERS:
                _refuse(f"the zip holds {len(names)} files, at most {MAX_MEMBERS} are looked at: pack one Shapefile only")
            shapes = [name for name in names if name.lower().endswith(".shp")]
            documents = [name for name in names if name.lower().endswith(".kml")]
            if not shapes and documents:
                return _from_kml(dict(_unpacked(archive, {".kml": documents[0]}))[".kml"], notes), None
            if len(shapes) != 1:
                _refuse("the zip holds no .shp: pack .shp, .shx, .dbf and .prj together" if not shapes else
                        f"the zip holds {len(shapes)} Shapefiles: pack one only")
            stem = shapes[0][:-4]
            members = {ending: name for name in names for ending in _SHAPEFILE if name.lower() == (stem + ending).lower()}
            if ".shx" not in members:
                _refuse("the zip has no .shx beside the .shp: pack .shp, .shx, .dbf and .prj together")
            return _from_shapefile(dict(_unpacked(archive, members)), notes)
    except _ZIP_FAULTS as error:
        raise Invalid("file: the zip is damaged or locked with a password: pack it again without one") from error


def _unpacked(archive: zipfile.ZipFile, members: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """By ending; what the directory says of sizes is not believed, the bytes are counted as they come."""
    left = MAX_UNPACKED
    for ending, name in members.items():
        with archive.open(name) as member:
            data = member.read(left + 1)
        left -= len(data)
        if left < 0:
            _refuse(f"the zip unpacks to more than {MAX_UNPACKED // 1024 // 1024} MB: simplify the borders")
        yield ending, data


def _from_shapefile(parts: Mapping[str, bytes], notes: list[str]) -> tuple[list[BaseGeometry], str | None]:
    with tempfile.TemporaryDirectory(prefix="xxs-area-") as folder:
        for ending, data in parts.items():
            (Path(folder) / f"area{ending}").write_bytes(data)  # under our own name: the archive's may point anywhere
        try:
            meta, _, wkb, _ = pyogrio.raw.read(Path(folder) / "area.shp", columns=[])
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError, UnicodeError) as error:
            raise Invalid("file: the Shapefile cannot be read: export it again and pack .shp, .shx, .dbf and .prj together") from error
    shapes = shapely.from_wkb([blob for blob in (wkb if wkb is not None else []) if blob is not None], on_invalid="ignore")
    if meta["crs"] is None:
        notes.append("no .prj: its coordinates were taken as WGS 84 degrees")
    return _polygons(list(shapes), notes), meta["crs"]
