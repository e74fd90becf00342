"""Site: a place with an owner (a bridge, an underpass, a work site), told of risks that no public warning speaks of."""

import csv
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import shapely
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from shapely.geometry.base import BaseGeometry

from geo.zone import Zone
from warning.errors import ConfigError

_METRES_PER_DEGREE = 111_195.0
"""Of latitude, on the sphere of the mean radius 6371 km."""

Word = Annotated[str, Field(min_length=1)]


class SiteIn(BaseModel):
    """One site as a file has it; GeoJSON properties and CSV columns bear these names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", description="what packs bind to: bridge, crane, underpass …")]
    name_zh: Word
    name_en: Word
    owner: Word
    buffer_m: Annotated[float, Field(ge=0, le=50_000)] = 0
    channel: str = Field(default="", description="the way to the owner, as under channels: in the settings; empty = shown, not sent")
    address: str = ""
    language: Literal["zh-CN", "en-US"] = "zh-CN"
    lane: Literal["actual", "exercise"] = "exercise"
    example: bool = Field(default=False, description="a fictitious one: never loaded where warnings are real")


@dataclass(frozen=True, kw_only=True)
class Site:
    """``geometry`` is WGS 84 with its buffer in metres applied: a polygon with area, also for a point and a line."""

    about: SiteIn
    geometry: BaseGeometry

    @property
    def code(self) -> str:
        return self.about.code

    @property
    def kind(self) -> str:
        return self.about.kind

    @cached_property
    def zone(self) -> Zone:
        """The site as something that data are laid over."""
        return Zone(code=self.code, name_zh=self.about.name_zh, name_en=self.about.name_en, level="site", geometry=self.geometry)


def load_sites(folders: Iterable[Path], *, real: bool) -> tuple[Site, ...]:
    """Every ``*.geojson`` and ``*.csv`` of the folders (those that are there); a later file may replace a code of an earlier folder.

    CSV has the columns of ``SiteIn`` and ``lon``, ``lat`` or ``wkt``. Example sites are left out where there are others, and always where
    this deployment warns for ``real``. Raises ConfigError with file, number of the site, and what is wrong.
    """
    found: dict[str, Site] = {}
    for folder in folders:
        own: dict[str, str] = {}
        for path in sorted([*folder.glob("*.geojson"), *folder.glob("*.csv")]):
            rows = _geojson(path) if path.suffix == ".geojson" else _csv(path)
            for number, (properties, shape) in enumerate(rows, 1):
                site = _site(path, number, properties, shape)
                if site.code in own:
                    raise ConfigError(f"{path}: site {number}: code {site.code!r} stands in {own[site.code]} already; each needs its own")
                own[site.code] = path.name
                found[site.code] = site
    own_sites = tuple(site for site in found.values() if not site.about.example)
    return own_sites if own_sites or real else tuple(found.values())


def buffered(shape: BaseGeometry, metres: float) -> BaseGeometry:
    """``shape`` (degrees) with a margin in metres, true at its own latitude; exact to a per cent within tens of kilometres."""
    if metres <= 0:
        return shape
    narrow = math.cos(math.radians(shape.centroid.y))
    stretched = shapely.transform(shape, lambda xy: xy * (narrow, 1.0))
    wide = stretched.buffer(metres / _METRES_PER_DEGREE, quad_segs=8)
    return shapely.transform(wide, lambda xy: xy / (narrow, 1.0))


def _site(path: Path, number: int, properties: Mapping[str, object], shape: BaseGeometry) -> Site:
    where = f"{path}: site {number}"
    try:
        about = SiteIn.model_validate(properties)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    if not shape.is_valid or shape.is_empty:
        raise ConfigError(f"{where}: {about.code}: {shapely.is_valid_reason(shape)}; draw it anew")
    west, south, east, north = shape.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise ConfigError(f"{where}: {about.code}: not in degrees WGS 84; convert its coordinates")
    wide = buffered(shape, about.buffer_m)
    if wide.area == 0:
        raise ConfigError(f"{where}: {about.code}: a {shape.geom_type} needs buffer_m; give the metres around it that concern it")
    if bool(about.channel) != bool(about.address):
        raise ConfigError(f"{where}: {about.code}: channel and address belong together; give both or neither")
    return Site(about=about, geometry=wide)


def _geojson(path: Path) -> list[tuple[dict[str, object], BaseGeometry]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return [(dict(one["properties"]), shapely.geometry.shape(one["geometry"])) for one in document["features"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, shapely.errors.ShapelyError) as error:
        raise ConfigError(f"{path}: is no GeoJSON FeatureCollection of sites ({type(error).__name__}: {error})") from error


def _csv(path: Path) -> list[tuple[dict[str, object], BaseGeometry]]:
    rows: list[tuple[dict[str, object], BaseGeometry]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                given: dict[str, object] = {key: value for key, value in row.items() if value and key not in ("lon", "lat", "wkt")}
                shape = shapely.from_wkt(row["wkt"]) if row.get("wkt") else shapely.Point(float(row["lon"]), float(row["lat"]))
                rows.append((given, shape))
    except (OSError, KeyError, TypeError, ValueError, shapely.errors.ShapelyError) as error:
        raise ConfigError(f"{path}: row {len(rows) + 2}: needs lon and lat, or wkt ({type(error).__name__}: {error})") from error
    return rows
