"""Understand: a partner's alert in our own terms, or why it has none. Nothing is guessed that somebody could be hurt by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import shapely

from geo.zone import Zone, ZoneSet
from warning import cap
from warning.errors import Invalid
from warning.level import Level
from warning.nationalxml import level_of
from warning.watch.eventcode import EventCode

VALIDITY = timedelta(hours=24)
"""When an alert says no end: what the national software sets (facts: 24 hours after issue)."""

ACTIONS: Mapping[str, Literal["new", "update", "cancel"]] = {"Alert": "new", "Update": "update", "Cancel": "cancel"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What it warns of, where and until when. ``texts``: the partner's own words, quoted as advice under headlines and descriptions of ours,
    which name colour, place and our time in both languages as every alert of ours does.
    """

    event_code: str
    level: Level
    zones: tuple[str, ...]
    polygon: Mapping[str, object] | None
    onset: datetime
    expires: datetime
    texts: Mapping[str, Mapping[str, str]]
    repairs: tuple[str, ...] = ()


def understand(alert: cap.Alert, *, zones: ZoneSet, codes: Sequence[EventCode], area: str, now: datetime) -> Understood:
    """Raises Invalid that names what is missing: no event code of ours, no colour, no place of ours, over already.

    Places are found by geocode (6, 9, 12 or 14 digits, compared by prefix), else by polygons and circles: zones that they overlap with area.
    """
    info = cap.info_in(alert, "zh-CN")
    if info is None:
        raise Invalid("info: the alert says nothing")
    repairs: list[str] = []
    code = _event_code(info, codes)
    level = level_of(info)
    if level is None:
        raise Invalid("severity: neither a colour nor a severity that stands for one")
    expires = info.expires
    if expires is None:
        expires = alert.sent + VALIDITY
        repairs.append(f"expires is missing: {VALIDITY.total_seconds() / 3600:.0f} hours after it was sent")
    if expires <= now:
        raise Invalid(f"expires: it was over at {expires.isoformat()}")
    found, polygon = _places(info, zones)
    inside = tuple(zone for zone in found if zone.code.startswith(_stem(area)))
    if not inside:
        raise Invalid("area: no place of ours is named" if not found else f"area: this partner may warn {area} only")
    if len(inside) < len(found):
        repairs.append(f"left out, outside {area}: {', '.join(zone.code for zone in found if zone not in inside)}")
    return Understood(
        event_code=code, level=level, zones=tuple(zone.code for zone in inside), polygon=polygon, onset=info.onset or info.effective or alert.sent,
        expires=expires, texts=_texts(alert), repairs=tuple(repairs))


def _event_code(info: cap.Info, codes: Sequence[EventCode]) -> str:
    given = [one.value for one in info.event_codes]
    for code in codes:
        if {code.code, *code.aliases} & set(given):
            return code.code
    named = [code.code for code in codes if info.event.strip().lower() in (code.zh, code.en.lower())]
    if len(named) == 1:
        return named[0]
    raise Invalid(f"eventCode: {', '.join(given) or info.event} is none of ours; add it to event-codes.yaml as a code or an alias")


def _places(info: cap.Info, zones: ZoneSet) -> tuple[list[Zone], Mapping[str, object] | None]:
    geocodes = [one.value for part in info.areas for one in part.geocodes]
    if geocodes:
        stems = [_stem(code) for code in geocodes if code.isdigit()]
        exact = [zone for zone in zones if any(_stem(zone.code) == stem for stem in stems)]
        # A place finer than our zones (a town's 12 digits) is its district, a coarser one is every zone of ours inside it.
        wider = [zone for zone in zones if any(stem.startswith(_stem(zone.code)) or _stem(zone.code).startswith(stem) for stem in stems)]
        return exact or _finest(wider, stems), None
    grounds = [shapely.Polygon([(lon, lat) for lat, lon in ring]) for part in info.areas for ring in part.polygons]
    grounds += [shapely.Point(one.lon, one.lat).buffer(one.radius_km / 111.2) for part in info.areas for one in part.circles]
    if not grounds:
        return [], None
    ground = shapely.union_all(shapely.make_valid(grounds))
    touched = [zone for zone in zones.at("district") if zone.geometry.intersection(ground).area > 0]
    return touched, None


def _finest(wider: Sequence[Zone], stems: Sequence[str]) -> list[Zone]:
    """Of the zones that hold a named place only the smallest, so that a town does not warn its whole city."""
    holding = [zone for zone in wider if any(stem.startswith(_stem(zone.code)) for stem in stems)]
    if not holding:
        return list(wider)
    longest = max(len(_stem(zone.code)) for zone in holding)
    return [zone for zone in holding if len(_stem(zone.code)) == longest]


def _stem(code: str) -> str:
    """310000 and 310000000000 are 31, 310115000000 is 310115, 310115103000 is 310115103."""
    stem = code[:12]
    while len(stem) > 6 and stem.endswith("000"):
        stem = stem[:-3]
    while len(stem) in (4, 6) and stem.endswith("00"):
        stem = stem[:-2]
    return stem


def _texts(alert: cap.Alert) -> dict[str, dict[str, str]]:
    """The partner's own words in our two languages, where it has any, with its name before them."""
    found: dict[str, dict[str, str]] = {}
    for info in alert.infos:
        language = {"zh": "zh-CN", "en": "en-US"}.get(info.language.lower().partition("-")[0])
        words = [one for one in (info.headline, info.description, info.instruction) if one]
        if language is not None and language not in found and words:
            found[language] = {"instruction": f"{info.sender_name or alert.sender}: " + "\n".join(words)}
    return found
