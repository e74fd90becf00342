"""Places: which zones of ours a partner's areas mean. Codes first, compared by their beginning; else the ground that they draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians

import shapely
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from geo.zone import Zone, ZoneSet
from warning import cap

_KM_A_DEGREE = 111.2
_LEAST_KM = 0.1
"""A circle without a radius is a point (CAP 1.2 §3.2.4); it is the zone that it lies in."""
_LENGTHS = (2, 4, 6, 9, 12, 14, 15)
"""Digits of an area code by its level: province, city, county, town, village, and the platform's longer ones."""
_OURS = ("", cap.GBT2260, cap.CPEAS)
"""valueNames that stand for GB/T 2260 and what is built on it; another name may number other things with the same digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """``told``: what was left out or read generously. ``doubt``: why a person has to look before it goes out; empty when nobody has to.
    ``ours``: a place of ours was named, be it outside the partner's own area.
    """

    zones: tuple[Zone, ...]
    ours: bool
    told: tuple[str, ...] = ()
    doubt: str = ""


def places(areas: Sequence[cap.Area], zones: ZoneSet, *, area: str) -> Found:
    """The zones of ours that ``areas`` name, inside the partner's own ``area`` (a prefix; empty = everywhere)."""
    known = _ByStem(zones)
    given = [one for part in areas for one in part.geocodes]
    codes = [one.value for one in given if one.value.isascii() and one.value.isdigit() and len(one.value) in _LENGTHS]
    told = [f"geocode {one.value[:40]!r} is no area code, left out" for one in given if one.value not in codes]
    strange = sorted({one.name for one in given if one.value in codes and one.name not in _OURS})
    if codes:
        found, missed = [], []
        for code in dict.fromkeys(codes):
            here = known.of(code)
            found += here
            missed += [] if here else [code]
        told += [f"geocode {code} is no place of ours" for code in missed if found]
    else:
        found = _of_ground(areas, zones)
    inside = list(dict.fromkeys(one for zone in found for one in _within(zone, known, area)))
    outside = [zone.code for zone in dict.fromkeys(found) if not any(zone.code == one.code for one in inside)]
    if inside and outside:
        told.append(f"left out, outside {area}: {', '.join(outside)}")
    doubt = f"its geocodes are called {', '.join(strange)}, which was read as area codes" if codes and strange else ""
    return Found(zones=tuple(inside), ours=bool(found), told=(*told, *([doubt] if doubt else [])), doubt=doubt)


def stem(code: str) -> str:
    """310000 and 310000000000 are 31, 310115000000 is 310115, 310115103000 is 310115103."""
    found = code[:12]
    while len(found) > 6 and found.endswith("000"):
        found = found[:-3]
    while len(found) in (4, 6) and found.endswith("00"):
        found = found[:-2]
    return found


class _ByStem:
    """Zones by the stem of their code, and by every beginning of it, so that a document with thousands of codes costs no search each."""

    def __init__(self, zones: ZoneSet) -> None:
        self._exact: dict[str, list[Zone]] = {}
        self._beginning: dict[str, list[Zone]] = {}
        for zone in zones:
            own = stem(zone.code)
            self._exact.setdefault(own, []).append(zone)
            for end in range(1, len(own)):
                self._beginning.setdefault(own[:end], []).append(zone)

    def of(self, code: str) -> list[Zone]:
        """The zone of this very code; else the smallest that holds it (a town is its district, never the whole city); else the largest inside it."""
        wanted = stem(code)
        for end in range(len(wanted), 1, -1):
            if wanted[:end] in self._exact:
                return self._exact[wanted[:end]]
        inside = self._beginning.get(wanted, [])
        return [zone for zone in inside if not any(stem(zone.code)[:end] in self._exact for end in range(len(wanted) + 1, len(stem(zone.code))))]

    def exactly(self, code: str) -> list[Zone]:
        return self._exact.get(stem(code), [])


def _within(zone: Zone, known: _ByStem, area: str) -> list[Zone]:
    """``zone`` where the partner may warn all of it; of a larger one the partner's own part."""
    own = stem(area)
    if zone.code.startswith(own):
        return [zone]
    return known.exactly(area) if own.startswith(stem(zone.code)) else []


def _of_ground(areas: Sequence[cap.Area], zones: ZoneSet) -> list[Zone]:
    """Districts that a polygon or circle overlaps with area: a touching edge is not enough."""
    grounds: list[BaseGeometry] = [shapely.Polygon([(lon, lat) for lat, lon in ring]) for part in areas for ring in part.polygons]
    grounds += [_round(one) for part in areas for one in part.circles]
    if not grounds:
        return []
    ground = shapely.union_all(shapely.make_valid(grounds))
    return [zone for zone in zones.at("district") if zone.geometry.intersection(ground).area > 0]


def _round(circle: cap.Circle) -> BaseGeometry:
    """A degree of longitude is shorter than one of latitude: without that a circle would miss its east and west."""
    degrees = max(circle.radius_km, _LEAST_KM) / _KM_A_DEGREE
    return affinity.scale(shapely.Point(circle.lon, circle.lat).buffer(degrees), xfact=1 / max(cos(radians(circle.lat)), 0.01))
