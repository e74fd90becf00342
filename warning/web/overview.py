"""The residents' overview: alike warnings become one card, every district gets one colour on a small map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import shapely
from shapely.geometry.base import BaseGeometry

from geo.zone import Zone, ZoneSet
from warning.cap import Alert, Info, info_in
from warning.level import Level
from warning.web.snapshot import Snapshot, Standing
from warning.web.words import CAP_LANGUAGE, Lang

MAP_ZONES = 60
"""More districts than this are listed, not drawn: the page stays under 50 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One hazard in one colour, wherever it is warned: thirty-five like warnings read as one. ``more`` are counted and not told one by one."""

    hazard: str
    level: Level
    standings: tuple[Standing, ...]
    info: Info
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MapZone:
    """A district's outline in the picture's own units, with the strongest colour that concerns it."""

    code: str
    path: str
    x: float
    y: float
    level: Level | None


def cards(standings: Sequence[Standing], lang: Lang, *, most: int) -> list[Card]:
    """Strongest first; ``info`` is the newest one of the group, in this language where it has that. Some ``most`` warnings are told in all, one of each card at least."""
    groups: dict[tuple[str, Level], list[Standing]] = {}
    for standing in standings:
        groups.setdefault((standing.alert.hazard, standing.alert.level), []).append(standing)
    made: list[Card] = []
    for (hazard, level), group in sorted(groups.items(), key=lambda one: -one[0][1]):
        told = tuple(group[:max(1, most)])
        most -= len(told)
        made.append(Card(hazard=hazard, level=level, standings=told, info=words(group[0].cap, lang), more=len(group) - len(told)))
    return made


def words(cap: Alert, lang: Lang) -> Info:
    """The Info in this language, else the nearest that a reader of it may understand."""
    return info_in(cap, CAP_LANGUAGE[lang]) or cap.infos[0]


def strongest(snapshot: Snapshot, zones: Sequence[Zone], parents: Mapping[str, Sequence[str]]) -> dict[str, Level]:
    """The strongest level that concerns each zone. Each warning is looked at once: there may be ten thousand, and thousands of zones."""
    reached: dict[str, Level] = {}
    named: dict[str, Level] = {}
    for standing in snapshot.in_force:
        level = standing.alert.level
        for known, codes in ((reached, standing.codes), (named, standing.alert.zones)):
            for code in codes:
                known[code] = max(level, known.get(code, level))
    found: dict[str, Level] = {}
    for zone in zones:
        levels = [level for level in (reached.get(zone.code), *(named.get(parent) for parent in parents.get(zone.code, ()))) if level is not None]
        if levels:
            found[zone.code] = max(levels)
    return found


def small_map(zones: ZoneSet, levels: Mapping[str, Level]) -> list[MapZone]:
    """The districts in a 300 wide picture, outlines coarse; empty when there are too many to draw."""
    drawn = outlines(tuple(zones.at("district")))
    return [
        MapZone(code=code, path=path, x=x, y=y, level=levels.get(code)) for code, path, x, y in drawn
    ]


@lru_cache(maxsize=4)
def outlines(districts: tuple[Zone, ...]) -> tuple[tuple[str, str, float, float], ...]:
    """(code, SVG path, label x, label y); equirectangular with the middle's cosine, north up."""
    if not 0 < len(districts) <= MAP_ZONES:
        return ()
    west, south, east, north = shapely.union_all([shapely.box(*zone.geometry.bounds) for zone in districts]).bounds
    squeeze = 0.86  # cos of about 31° N; a city needs no more
    scale = 300 / max((east - west) * squeeze, north - south)
    found = []
    for zone in districts:
        shape = shapely.transform(zone.geometry, lambda xy: (xy - (west, north)) * (squeeze * scale, -scale))
        simple = shapely.simplify(shape, 1.2)
        label = simple.representative_point()
        found.append((zone.code, _path(simple), round(label.x, 1), round(label.y, 1)))
    return tuple(found)


def _path(shape: BaseGeometry) -> str:
    """Whole units are fine enough; islets below four square units are left out."""
    parts = sorted(shapely.get_parts(shape), key=lambda part: -part.area)
    kept = [part for part in parts if part.area >= 4] or parts[:1]
    rings = []
    for part in kept:
        points = [f"{round(x)} {round(y)}" for x, y in part.exterior.coords]
        short = [point for index, point in enumerate(points) if index == 0 or point != points[index - 1]]
        rings.append("M" + "L".join(short) + "Z")
    return "".join(rings)
