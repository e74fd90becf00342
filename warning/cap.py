"""The nouns of CAP 1.2 (OASIS, July 2010, §3.2), and the rules between them that the XML schema cannot say."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Literal

from warning.level import Level

Status = Literal["Actual", "Exercise", "System", "Test", "Draft"]
MsgType = Literal["Alert", "Update", "Cancel", "Ack", "Error"]
Scope = Literal["Public", "Restricted", "Private"]
Category = Literal["Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"]
ResponseType = Literal["Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"]
Urgency = Literal["Immediate", "Expected", "Future", "Past", "Unknown"]
Severity = Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"]
Certainty = Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"]

Ring = tuple[tuple[float, float], ...]
"""A closed line of (latitude, longitude) in degrees, WGS 84: CAP's order, the reverse of GeoJSON's and shapely's."""

COLOUR = "ColorCode"
"""``parameter`` of our alerts: the colour, ``Blue``, ``Yellow``, ``Orange`` or ``Red`` (the national platform's severity words)."""
SMS_TEXT = "SMSText"
"""``parameter`` of our alerts: the short form that the signers saw."""
EVENT_CODE = "CMA event code"
"""``eventCode`` valueName of the national codes (11B03 = rainstorm)."""
CPEAS = "CPEAS Geographic Code"
"""``geocode`` valueName that CMA uses in WMO's feed: 12 digits."""
GBT2260 = "GB/T 2260"
"""``geocode`` valueName of the 6-digit district code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedValue:
    """A valueName with its value: event codes, parameters, geocodes."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An earlier message: written ``sender,identifier,sent`` (§3.2.1)."""

    sender: str
    identifier: str
    sent: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Centre in degrees WGS 84, radius in kilometres (the national platform's XML has metres)."""

    lat: float
    lon: float
    radius_km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Where: polygons, circles and geocodes count together, as a union. ``altitude``/``ceiling`` in feet above sea level (§3.2.4)."""

    area_desc: str
    polygons: tuple[Ring, ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[NamedValue, ...] = ()
    altitude: float | None = None
    ceiling: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A file that belongs to an Info; ``size`` in bytes, ``digest`` SHA-1 in hex, ``deref_uri`` base64."""

    resource_desc: str
    mime_type: str
    size: int | None = None
    uri: str = ""
    deref_uri: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What is said, in one language. An empty string or tuple is an element that is not there."""

    event: str
    categories: tuple[Category, ...]
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    language: str = "en-US"
    response_types: tuple[ResponseType, ...] = ()
    audience: str = ""
    event_codes: tuple[NamedValue, ...] = ()
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    parameters: tuple[NamedValue, ...] = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One message. ``sent`` never changes; an Update or Cancel is a new Alert that names the earlier ones in ``references``."""

    identifier: str
    sender: str
    sent: datetime
    status: Status
    msg_type: MsgType
    scope: Scope
    source: str = ""
    restriction: str = ""
    addresses: str = ""
    codes: tuple[str, ...] = ()
    note: str = ""
    references: tuple[Reference, ...] = ()
    incidents: tuple[str, ...] = ()
    infos: tuple[Info, ...] = ()

    @property
    def reference(self) -> Reference:
        """How a later message names this one."""
        return Reference(sender=self.sender, identifier=self.identifier, sent=self.sent)


def value_of(values: Iterable[NamedValue], name: str) -> str:
    """The first value called ``name``, or an empty string."""
    return next((v.value for v in values if v.name == name), "")


def colour(info: Info) -> Level | None:
    """The colour of one of our alerts, or None where the document carries none (a partner's)."""
    word = value_of(info.parameters, COLOUR)
    return Level[word.upper()] if word.upper() in Level.__members__ else None


def info_in(alert: Alert, language: str) -> Info | None:
    """The info for a reader of ``language``: the same tag, else the same main language, else English, else the first one."""
    wanted = language.lower()
    for fits in (
        lambda tag: tag == wanted,
        lambda tag: tag.split("-")[0] == wanted.split("-")[0],
        lambda tag: tag.split("-")[0] == "en",
        lambda _tag: True,
    ):
        for info in alert.infos:
            if fits(info.language.lower()):
                return info
    return None


def drill_mark(status: Status, language: str) -> str:
    """The words that stand before every text which is no real warning.

    In code and not in a text file on purpose: an operator may change any wording, but never take this mark away.
    """
    chinese = language.lower().startswith("zh")
    match status:
        case "Actual" | "System":
            return ""
        case "Exercise":
            return "【演练】" if chinese else "[EXERCISE] "
        case "Test":
            return "【测试】" if chinese else "[TEST] "
        case "Draft":
            return "【草稿】" if chinese else "[DRAFT] "


def ring_of(lonlat: Iterable[Sequence[float]], *, decimals: int = 5) -> Ring:
    """A CAP ring from plain (lon, lat) pairs, as shapely's ``polygon.exterior.coords`` gives them.

    Rounded (5 decimals ≈ 1 m), neighbours that fall together are merged, the ring is closed.
    Raises ValueError when fewer than three different corners remain.
    """
    ring: list[tuple[float, float]] = []
    for lon, lat, *_height in lonlat:
        corner = (round(float(lat), decimals), round(float(lon), decimals))
        if not ring or ring[-1] != corner:
            ring.append(corner)
    if ring and ring[0] != ring[-1]:
        ring.append(ring[0])
    if len(set(ring)) < 3:
        raise ValueError(f"a polygon needs three different corners, this one has {len(set(ring))}; give a polygon with an area")
    return tuple(ring)


def lonlat_of(ring: Ring) -> list[tuple[float, float]]:
    """A CAP ring as (lon, lat) pairs, ready for ``shapely.Polygon``."""
    return [(lon, lat) for lat, lon in ring]


def validate(alert: Alert) -> list[str]:
    """What is wrong beyond the schema, one sentence each; an empty list is a sound alert (CAP 1.2 §3.2, §3.3)."""
    problems: list[str] = []
    for field, word in (("identifier", alert.identifier), ("sender", alert.sender)):
        if not word or re.search(r"[\s,<&]", word):
            problems.append(f"{field} {word!r} is empty or has a space, comma, < or &")
    problems += _bad_time("sent", alert.sent)
    if alert.msg_type in ("Update", "Cancel", "Ack", "Error") and not alert.references:
        problems.append(f"{alert.msg_type} names no earlier message in references")
    for reference in alert.references:
        problems += _bad_time(f"reference to {reference.identifier}: sent", reference.sent)
        if re.search(r"[\s,]", reference.sender + reference.identifier) or not reference.sender or not reference.identifier:
            problems.append(f"reference {reference.identifier!r} of {reference.sender!r} is empty or has a space or comma")
        if (reference.sender, reference.identifier) == (alert.sender, alert.identifier):
            problems.append("the alert refers to itself")
        elif _aware(alert.sent, reference.sent) and reference.sent > alert.sent:
            problems.append(f"reference {reference.identifier} was sent after this alert")
    if alert.status == "Exercise" and not alert.note:
        problems.append("an Exercise needs a note that names the exercise")
    if alert.scope == "Restricted" and not alert.restriction:
        problems.append("scope Restricted needs a restriction")
    if alert.scope == "Private" and not alert.addresses:
        problems.append("scope Private needs addresses")
    if any('"' in incident for incident in alert.incidents):
        problems.append("an incident has a quotation mark, which CAP uses to hold names with spaces together")
    for number, info in enumerate(alert.infos, 1):
        problems += [f"info[{number}]: {problem}" for problem in _bad_info(info, alert.sent)]
    problems += _languages_differ(alert.infos)
    problems += [f"{where}: {what}" for where, what in _bad_texts(alert, "alert")]
    return problems


def _aware(*times: datetime) -> bool:
    return all(t.utcoffset() is not None for t in times)


def _bad_time(name: str, at: datetime | None) -> list[str]:
    if at is None:
        return []
    offset = at.utcoffset()
    if offset is None:
        return [f"{name} {at.isoformat()} has no offset; give it a time zone"]
    if at.microsecond or offset.total_seconds() % 60:
        return [f"{name} {at.isoformat()} has a part of a second, or an offset with seconds; CAP cannot write it"]
    return []


def _bad_info(info: Info, sent: datetime) -> Iterator[str]:
    if not info.event:
        yield "event is empty"
    if not info.categories:
        yield "has no category"
    if not re.fullmatch(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", info.language):
        yield f"language {info.language!r} is no language tag such as zh-CN"
    times = (("effective", info.effective), ("onset", info.onset), ("expires", info.expires))
    bad = [problem for name, at in times for problem in _bad_time(name, at)]
    yield from bad
    if info.expires is not None and not bad and _aware(sent):
        if info.expires <= sent:
            yield "expires is not after sent"
        if info.onset is not None and info.expires <= info.onset:
            yield "expires is not after onset"
    for number, area in enumerate(info.areas, 1):
        yield from (f"area[{number}]: {problem}" for problem in _bad_area(area))


def _bad_area(area: Area) -> Iterator[str]:
    if not area.area_desc:
        yield "areaDesc is empty"
    for ring in area.polygons:
        if len(ring) < 4 or ring[0] != ring[-1]:
            yield f"polygon of {len(ring)} points is not closed, or has fewer than 4"
        elif not all(-90 <= lat <= 90 and -180 <= lon <= 180 for lat, lon in ring):
            yield "polygon has a point off the earth; the order is latitude, longitude"
    for circle in area.circles:
        if not (-90 <= circle.lat <= 90 and -180 <= circle.lon <= 180 and 0 <= circle.radius_km < math.inf):
            yield "circle is off the earth, or its radius is below zero"
    if area.ceiling is not None and area.altitude is None:
        yield "ceiling without altitude"
    if not all(v is None or math.isfinite(v) for v in (area.altitude, area.ceiling)):
        yield "altitude or ceiling is no number"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _languages_differ(infos: tuple[Info, ...]) -> list[str]:
    """Every language must tell of the same events: colour, codes, times, places."""
    told: dict[str, list[str]] = {}
    for info in infos:
        places = sorted(repr((a.polygons, a.circles, a.geocodes)) for a in info.areas)
        times = [(at - _EPOCH).total_seconds() if at is not None and _aware(at) else None for at in (info.effective, info.onset, info.expires)]
        fact = repr((info.event_codes, info.urgency, info.severity, info.certainty, times, value_of(info.parameters, COLOUR), places))
        told.setdefault(info.language.lower(), []).append(fact)
    first, *others = [(language, sorted(facts)) for language, facts in told.items()] or [("", [])]
    return [f"{language} does not tell the same as {first[0]}: colour, codes, times or places differ"
            for language, facts in others if facts != first[1]]


_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _bad_texts(value: object, where: str) -> Iterator[tuple[str, str]]:
    """Every string of the tree: no characters that XML cannot hold, no space around it (a reader would trim it)."""
    if isinstance(value, str):
        if _NOT_XML.search(value):
            yield where, "has a control character; take it out"
        if value != value.strip():
            yield where, "begins or ends with space; trim it"
    elif isinstance(value, tuple):
        for number, part in enumerate(value, 1):
            if part == "":
                yield f"{where}[{number}]", "is empty"
            yield from _bad_texts(part, f"{where}[{number}]")
    elif isinstance(value, (Alert, Info, Area, Resource, NamedValue, Reference)):
        for field in fields(value):
            yield from _bad_texts(getattr(value, field.name), f"{where}.{field.name}")
