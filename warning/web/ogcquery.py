"""The query parameters of OGC API – Features (17-069r4 §7.15) and EDR (19-086r6 §8.2): what is not valid is refused with 400."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import shapely
from shapely.errors import GEOSException

DEFAULT_LIMIT, MOST = 100, 1000


class BadQuery(ValueError):
    """Says which parameter, and what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Closed; None = open."""

    begin: datetime | None
    end: datetime | None

    def within(self, at: datetime) -> "Interval | None":
        """The instant ``at``, when it lies in the interval."""
        inside = (self.begin is None or self.begin <= at) and (self.end is None or at <= self.end)
        return Interval(begin=at, end=at) if inside else None


def only(given: Iterable[str], known: set[str]) -> None:
    """Requirement /req/core/query-param-unknown."""
    if strange := sorted(set(given) - known):
        raise BadQuery(f"{', '.join(strange)}: no such parameter; there is {', '.join(sorted(known))}")


def boxes_of(bbox: str | None) -> list[shapely.Geometry] | None:
    """The box, two of them where it crosses the antimeridian. Heights (six numbers) are let pass."""
    if bbox is None:
        return None
    try:
        numbers = [float(part) for part in bbox.split(",")]
    except ValueError as error:
        raise BadQuery("bbox: four numbers by comma: west,south,east,north") from error
    if len(numbers) == 6:
        numbers = [*numbers[0:2], *numbers[3:5]]
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise BadQuery("bbox: four numbers by comma: west,south,east,north")
    west, south, east, north = numbers
    if not (-90 <= south <= north <= 90 and -180 <= west <= 180 and -180 <= east <= 180):
        raise BadQuery("bbox: south must not be north of north; degrees of longitude -180 to 180, of latitude -90 to 90")
    if west <= east:
        return [shapely.box(west, south, east, north)]
    return [shapely.box(west, south, 180, north), shapely.box(-180, south, east, north)]


def interval_of(words: str | None) -> Interval | None:
    """An instant, ``begin/end``, ``../end`` or ``begin/..``."""
    if words is None:
        return None
    begin, slash, end = words.partition("/")
    if not slash:
        at = _instant(begin)
        return Interval(begin=at, end=at)
    ends = [None if part in ("", "..") else _instant(part) for part in (begin, end)]
    if ends == [None, None]:
        raise BadQuery("datetime: one end of the interval must be given")
    if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        raise BadQuery("datetime: the interval ends before it begins")
    return Interval(begin=ends[0], end=ends[1])


def limit_of(word: str | None) -> int:
    """More than the most is allowed, and gives the most (/req/core/fc-limit-response-1)."""
    return DEFAULT_LIMIT if word is None else min(_whole("limit", word, least=1), MOST)


def offset_of(word: str | None) -> int:
    return 0 if word is None else _whole("offset", word, least=0)


def point_of(coords: str | None) -> tuple[float, float]:
    """Longitude and latitude of ``POINT(121.5 31.2)``."""
    if not coords:
        raise BadQuery("coords: needed, e.g. POINT(121.54 31.22)")
    try:
        shape = shapely.from_wkt(coords)
    except (GEOSException, TypeError) as error:
        raise BadQuery("coords: is no well-known text; e.g. POINT(121.54 31.22)") from error
    if not isinstance(shape, shapely.Point) or shape.is_empty or not (-180 <= shape.x <= 180 and -90 <= shape.y <= 90):
        raise BadQuery("coords: a POINT(longitude latitude) in degrees")
    return shape.x, shape.y


def _instant(word: str) -> datetime:
    try:
        at = datetime.fromisoformat(word.replace(" ", "+"))
    except ValueError as error:
        raise BadQuery(f"datetime: {word!r} is no RFC 3339 time, e.g. 2024-09-20T00:30:00Z") from error
    if not 1800 <= at.year <= 2999:
        raise BadQuery(f"datetime: {word!r} is out of reach; years 1800 to 2999")
    if at.tzinfo is None or "T" not in word.upper():
        raise BadQuery(f"datetime: {word!r} has no zone; write Z or an offset, e.g. 2024-09-20T08:30:00+08:00")
    return at


def _whole(name: str, word: str, *, least: int) -> int:
    if not word.isdecimal() or len(word) > 9 or int(word) < least:
        raise BadQuery(f"{name}: a whole number from {least} on")
    return int(word)
