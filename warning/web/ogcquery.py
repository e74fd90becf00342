"""The query parameters of OGC API – Features (17-069r4 §7.15) and EDR (19-086r6 §8.2): what is not valid is refused with 400."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import shapely
from shapely.errors import GEOSException

from warning.level import Level

DEFAULT_LIMIT, MOST = 100, 1000
ITEMS: Final[Sequence[Mapping[str, object]]] = (
    {"name": "bbox", "in": "query", "style": "form", "explode": False, "description": "west,south,east,north in degrees (WGS 84); heights are let pass",
     "schema": {"type": "array", "items": {"type": "number"}, "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}]},
     "example": [121.3, 30.8, 122, 31.4]},
    {"name": "datetime", "in": "query", "style": "form", "explode": False, "description": "an instant, or begin/end with .. for open, RFC 3339", "schema": {"type": "string"}},
    {"name": "limit", "in": "query", "style": "form", "explode": False, "description": "how many on one page",
     "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT}},
    {"name": "offset", "in": "query", "description": "so many are passed over; to read all, follow the links next instead", "schema": {"type": "integer", "minimum": 0, "default": 0}},
    {"name": "cursor", "in": "query", "description": "of the link next", "schema": {"type": "string"}},
    {"name": "hazard", "in": "query", "schema": {"type": "string"}, "example": "rainstorm"},
    {"name": "level", "in": "query", "schema": {"type": "string", "enum": [level.key for level in Level]}},
    {"name": "zone", "in": "query", "schema": {"type": "string"}, "example": "310115"},
    {"name": "f", "in": "query", "schema": {"type": "string"}, "description": "json"},
)
"""What items are asked by, as requirements fc-bbox-definition, fc-time-definition and fc-limit-definition write it, which no type of Python says."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where a page goes on: as of the moment at which the first one was asked for, after the last warning of the one before.

    Counting would miss a warning for each that ends between two pages; and one that is updated meanwhile is still told as it was at that moment.
    """

    at: datetime
    after: tuple[datetime, str]

    def word(self) -> str:
        sent, identifier = self.after
        return "~".join((f"{self.at:%Y-%m-%dT%H:%M:%S.%fZ}", f"{sent:%Y-%m-%dT%H:%M:%S.%fZ}", identifier))


def cursor_of(word: str | None) -> Cursor | None:
    if word is None:
        return None
    try:
        at, sent, identifier = word.split("~")
        return Cursor(at=_instant(at), after=(_instant(sent), identifier))
    except ValueError as error:
        raise BadQuery("cursor: is none of a link next; begin again without it") from error


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
