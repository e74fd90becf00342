"""Zone files: GeoJSON, GeoPackage and Shapefile become a ZoneSet in WGS 84, or an error that names the feature."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyogrio.errors
import pyogrio.raw
import pyproj
import pyproj.exceptions
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.gcj02 import geometry_to_wgs84
from geo.zone import LEVELS, Zone, ZoneSet

ZoneCrs = Literal["wgs84", "gcj02"]
# The intermediate "city districts" unit of Beijing, Tianjin, Shanghai and Chongqing is not a place of its own (GB/T 2260).
_MUNICIPALITIES = ("11", "12", "31", "50")


class ZoneFileError(ValueError):
    """A zone file cannot be used; the message names the file, the feature and the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneProperties:
    """Which property of a feature holds what; an empty name means that the file has none.

    Without ``level``/``parent`` the fixed values given to ``load_zones`` hold; without names the code stands in.
    """

    code: str
    name_zh: str = ""
    name_en: str = ""
    level: str = ""
    parent: str = ""


def load_zones(
    path: Path,
    *,
    crs: ZoneCrs,
    properties: ZoneProperties,
    level: str = "district",
    parent: str = "",
    repair: bool = False,
    layer: str | None = None,
    encoding: str | None = None,
) -> ZoneSet:
    """Every feature of ``path`` as a Zone with a valid WGS 84 (multi)polygon, in the order of the file.

    A coordinate system stated by the file is honoured (projected ones are reprojected); a file that states none must
    hold degrees. ``crs="gcj02"`` then takes the GCJ-02 shift out. With ``repair`` an invalid polygon is made valid and
    the repair said in ``ZoneSet.notes``. ``encoding`` is for shapefiles without a .cpg (old Chinese ones are GBK).
    Raises ZoneFileError for an unreadable file, a missing property, an invalid polygon, coordinates that are no degrees,
    an unknown level, or a code that occurs twice.
    """
    columns, wkb, stated = _read(path, layer, encoding)
    for wanted in (properties.code, properties.name_zh, properties.name_en, properties.level, properties.parent):
        if wanted and wanted not in columns:
            raise ZoneFileError(f"{path.name}: no property {wanted!r}; the file has {', '.join(sorted(columns)) or 'none'}")
    codes = [fold_municipality(_text(value)) for value in columns[properties.code]]
    _refuse_duplicates(path, codes)
    reproject = _reprojection(path, stated)
    zones: list[Zone] = []
    notes: list[str] = []
    for row, (code, blob) in enumerate(zip(codes, wkb, strict=True)):
        name_zh = _value(columns, properties.name_zh, row) or code
        where = f"{path.name}: feature {row + 1} ({code or 'no code'} {name_zh})"
        if not code:
            raise ZoneFileError(f"{where}: property {properties.code!r} is empty; every zone needs a code")
        geometry = shapely.from_wkb(blob) if blob is not None else None
        if reproject is not None and geometry is not None:
            geometry = _reprojected(geometry, reproject)
        geometry, note = checked_polygon(geometry, where=where, repair=repair)
        if note:
            notes.append(note)
        zone_level = _value(columns, properties.level, row) or level
        if zone_level not in LEVELS:
            raise ZoneFileError(f"{where}: level {zone_level!r} is not one of {', '.join(LEVELS)}")
        zones.append(
            Zone(
                code=code,
                name_zh=name_zh,
                name_en=_value(columns, properties.name_en, row) or name_zh,
                level=zone_level,
                parent=fold_municipality(_value(columns, properties.parent, row) or parent),
                geometry=geometry_to_wgs84(geometry) if crs == "gcj02" else geometry,
            )
        )
    if not zones:
        raise ZoneFileError(f"{path.name}: the file holds no feature")
    return ZoneSet(zones=tuple(zones), origin=f"{path.name} ({crs})", notes=tuple(notes))


def checked_polygon(geometry: BaseGeometry | None, *, where: str, repair: bool) -> tuple[BaseGeometry, str]:
    """A valid, flat (multi)polygon in degrees, and what was repaired ("" when nothing). Raises ZoneFileError naming ``where``."""
    if geometry is None or geometry.is_empty:
        raise ZoneFileError(f"{where}: no geometry; remove the feature or give it a polygon")
    if not isinstance(geometry, Polygon | MultiPolygon):
        raise ZoneFileError(f"{where}: a {geometry.geom_type}, not a polygon")
    flat = shapely.force_2d(geometry)
    west, south, east, north = flat.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ZoneFileError(
            f"{where}: coordinates {west:g} {south:g} .. {east:g} {north:g} are no longitude/latitude degrees; "
            "give the file its coordinate system (or lon before lat)"
        )
    if flat.is_valid:
        return flat, ""
    fault = shapely.is_valid_reason(flat)
    if not repair:
        raise ZoneFileError(f"{where}: invalid polygon: {fault}; mend the file, or load it with repair=True")
    mended = _polygonal(shapely.make_valid(flat))
    if mended.is_empty:
        raise ZoneFileError(f"{where}: invalid polygon: {fault}; nothing with an area is left after the repair")
    return mended, f"{where}: repaired: {fault}"


def fold_municipality(code: str) -> str:
    """310100 ("districts of Shanghai", GB/T 2260) is folded into 310000; any other code is given back."""
    if len(code) == 6 and code[:2] in _MUNICIPALITIES and code[2:] == "0100":
        return code[:2] + "0000"
    return code


def _read(
    path: Path, layer: str | None, encoding: str | None
) -> tuple[Mapping[str, NDArray[np.object_]], Sequence[bytes | None], str | None]:
    """Columns by property name, WKB per feature, and the coordinate system the file states."""
    if not path.exists():
        raise ZoneFileError(f"{path.name}: no such file in {path.parent}")
    try:
        meta, _, wkb, data = pyogrio.raw.read(path, layer=layer, encoding=encoding)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError, UnicodeError) as error:
        raise ZoneFileError(f"{path.name}: cannot be read as GeoJSON, GeoPackage or Shapefile: {error}") from error
    if wkb is None:
        raise ZoneFileError(f"{path.name}: a table without geometry, not a zone file")
    return dict(zip(meta["fields"], data, strict=True)), wkb, meta["crs"]


def _reprojection(path: Path, stated: str | None) -> pyproj.Transformer | None:
    """The way from the stated coordinate system to WGS 84; None when the file states none or is there already."""
    if not stated:
        return None
    try:
        source = pyproj.CRS.from_user_input(stated)
    except pyproj.exceptions.CRSError as error:
        raise ZoneFileError(f"{path.name}: coordinate system {stated!r} is unknown: {error}") from error
    if source.is_geographic and source.to_epsg() in (4326, 4979):
        return None
    if not (source.is_geographic or source.is_projected):
        raise ZoneFileError(f"{path.name}: coordinate system {source.name!r} is neither geographic nor projected")
    return pyproj.Transformer.from_crs(source, 4326, always_xy=True)


def _reprojected(geometry: BaseGeometry, transformer: pyproj.Transformer) -> BaseGeometry:
    return shapely.transform(geometry, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))


def _polygonal(geometry: BaseGeometry) -> BaseGeometry:
    """Only the parts with an area: a repair may leave loose lines and points."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return shapely.union_all([part for part in parts if isinstance(part, Polygon)])


def _refuse_duplicates(path: Path, codes: Sequence[str]) -> None:
    twice = sorted(code for code, count in Counter(codes).items() if count > 1 and code)
    if twice:
        raise ZoneFileError(f"{path.name}: code {', '.join(twice)} occurs more than once; a code names one zone")


def _value(columns: Mapping[str, NDArray[np.object_]], name: str, row: int) -> str:
    return _text(columns[name][row]) if name else ""


def _text(value: object) -> str:
    """A property as text; a code stored as a number (310101.0) reads 310101, a missing one reads empty."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()
