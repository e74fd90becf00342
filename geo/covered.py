"""Covered: how much of each zone a ground takes, as exact shares of the zone's own area."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.zone import Zone

_EARTH_KM = 6371.0088
# Below a millionth of a zone two borders merely meet.
_MEETING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """``share`` is 0..1 of the zone's own area; ``km2`` what that is on the sphere."""

    zone: Zone
    share: float
    km2: float


def covered(ground: BaseGeometry, zones: Iterable[Zone]) -> list[Covered]:
    """The zones that ``ground`` (WGS 84) touches with more than their borders, most covered first.

    Areas are taken on Lambert's cylindrical equal-area map, (λ, sin φ), so that a share in the north counts as one in the south.
    """
    within = [zone for zone in zones if zone.geometry.intersects(ground)]
    drawn = shapely.transform(ground, _equal_area)
    found: list[Covered] = []
    for zone in within:
        own = shapely.transform(zone.geometry, _equal_area)
        part = float(shapely.intersection(own, drawn).area)
        if part > _MEETING * own.area:
            found.append(Covered(zone=zone, share=min(part / own.area, 1.0), km2=part * _EARTH_KM**2))
    return sorted(found, key=lambda one: (-one.share, one.zone.code))


def area_km2(ground: BaseGeometry) -> float:
    """On the sphere of the mean radius."""
    return float(shapely.transform(ground, _equal_area).area) * _EARTH_KM**2


def _equal_area(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    radians = np.radians(lonlat)
    return np.column_stack((radians[:, 0], np.sin(radians[:, 1])))
