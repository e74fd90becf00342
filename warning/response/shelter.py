"""Shelter: where people can go (应急避难场所, assembly points), and which of them lie near a place."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import shapely
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from warning.dispatch.refuge import Refuge
from warning.errors import ConfigError

WITHIN_KM = 5.0
"""Beyond an hour's walk a shelter is of no help to somebody on foot."""
_KM_PER_DEGREE = 111.195
"""Of latitude, on the sphere of the mean radius 6371 km."""

Word = Annotated[str, Field(min_length=1)]


class _ShelterIn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    kind: Literal["shelter", "assembly_point"] = "shelter"
    name_zh: Word
    name_en: Word
    address: str = ""
    places: Annotated[int, Field(ge=0)] = 0
    hazards: tuple[str, ...] = Field(default=(), description="for which it is fit; empty = every hazard")
    example: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelter:
    """``places`` 0 = not known; ``hazards`` empty = fit for every hazard. A park is no shelter from a typhoon."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    address: str
    places: int
    hazards: tuple[str, ...]
    lon: float
    lat: float


class Shelters:
    """All of a deployment's, asked by place."""

    def __init__(self, shelters: Sequence[Shelter]) -> None:
        self.all = tuple(shelters)
        self._tree = shapely.STRtree([Point(one.lon, one.lat) for one in self.all])

    def near(self, ground: BaseGeometry, *, hazard: str, most: int = 3, within_km: float = WITHIN_KM) -> list[Refuge]:
        """The ``most`` nearest to ``ground`` (WGS 84) that are fit for the hazard: those inside by the distance from its middle, then those around it."""
        if not self.all or ground.is_empty:
            return []
        narrow = math.cos(math.radians(ground.centroid.y))
        flat = shapely.transform(ground, lambda xy: xy * (narrow, 1.0))
        middle = flat.centroid
        reach = within_km / _KM_PER_DEGREE
        around = self._tree.query(shapely.box(*(np.array(ground.bounds) + np.array([-reach / narrow, -reach, reach / narrow, reach]))))
        found = []
        for number in around.tolist():
            one = self.all[number]
            if one.hazards and hazard not in one.hazards:
                continue
            at = Point(one.lon * narrow, one.lat)
            km = flat.distance(at) * _KM_PER_DEGREE
            if km <= within_km:
                found.append((km, middle.distance(at), one.code, _refuge(one, km)))
        return [near for *_, near in sorted(found, key=lambda one: one[:3])[:most]]


def load_shelters(folders: Iterable[Path], *, real: bool) -> Shelters:
    """Every ``*.geojson`` of the folders (those that are there), one point a shelter; a later folder replaces a code of an earlier one.

    Examples are left out where there are others, and always where this deployment warns for ``real``. Raises ConfigError with file and number.
    """
    found: dict[str, tuple[bool, Shelter]] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.geojson")):
            try:
                features = list(json.loads(path.read_text(encoding="utf-8"))["features"])
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise ConfigError(f"{path}: is no GeoJSON FeatureCollection of points ({type(error).__name__}: {error})") from error
            for number, feature in enumerate(features, 1):
                example, shelter = _shelter(path, number, feature)
                found[shelter.code] = example, shelter
    own = [shelter for example, shelter in found.values() if not example]
    return Shelters(own if own or real else [shelter for _, shelter in found.values()])


def _refuge(one: Shelter, km: float) -> Refuge:
    return Refuge(code=one.code, kind=one.kind, name_zh=one.name_zh, name_en=one.name_en, address=one.address, places=one.places,
                  lat=one.lat, lon=one.lon, km=km)


def _shelter(path: Path, number: int, feature: object) -> tuple[bool, Shelter]:
    where = f"{path}: shelter {number}"
    try:
        assert isinstance(feature, dict)
        point = shapely.geometry.shape(feature["geometry"])
        about = _ShelterIn.model_validate(feature["properties"])
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (AssertionError, KeyError, TypeError, AttributeError, ValueError, shapely.errors.ShapelyError) as error:
        raise ConfigError(f"{where}: is no feature with a geometry and properties ({type(error).__name__}: {error})") from error
    if not isinstance(point, Point) or point.is_empty or not (-180 <= point.x <= 180 and -90 <= point.y <= 90):
        raise ConfigError(f"{where}: {about.code}: give its gate as one point in degrees WGS 84")
    return about.example, Shelter(
        code=about.code, kind=about.kind, name_zh=about.name_zh, name_en=about.name_en, address=about.address, places=about.places,
        hazards=about.hazards, lon=point.x, lat=point.y)
