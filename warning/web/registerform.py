"""The form by which a resident says what he wants: what may be chosen, and what was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from fastapi import Query
from starlette.datastructures import FormData

from channels.message import Lane
from geo.zone import Zone, ZoneSet
from warning.dispatch.kind import kind_of
from warning.dispatch.subscribe import CELL_DEGREES, ResidentSubscription
from warning.errors import Invalid
from warning.level import Level
from warning.roster.address import BadAddress, phone
from warning.web.parts import Parts
from warning.web.words import Lang, hazard_name, level_word

MOST_PLACES, FOUND = 300, 150
"""More places than these are not listed, but found by their names, so many at a time: a page stays under 50 kB."""

Find = Annotated[str, Query(max_length=60)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """``places``: (code, name, latitude, longitude of a point inside); ``ways``: (channel, kind).

    ``search``: there are so many places that they are asked for by name; ``more``: so many of that name are not among ``places``.
    """

    places: Sequence[tuple[str, str, float, float]]
    search: bool
    more: int
    hazards: Sequence[tuple[str, str]]
    levels: Sequence[tuple[str, str]]
    ways: Sequence[tuple[str, str]]


def choices(parts: Parts, lang: Lang, *, find: str = "", chosen: str = "") -> Choices:
    """What this deployment offers, in one language. ``find``: the words by which places of a large one are asked for; ``chosen``: the code of one that is kept."""
    ours: Lane = "actual" if parts.settings.status == "Actual" else "exercise"
    kinds = {channel.name: channel.kind for channel in parts.settings.channels if (channel.option("lane") or ours) == ours}
    ways = [(name, kind_of(name, kinds)) for name in kinds]
    hazards = sorted({rule.hazard.key for rule_set in parts.rule_sets.values() for rule in rule_set.rules})
    zones = [*parts.zones.at("district"), *parts.zones.at("street")]
    search = len(zones) > MOST_PLACES
    found = _found(parts.zones, find.casefold().split(), chosen) if search else zones
    listed = found[:FOUND] if search else zones
    return Choices(
        places=[(zone.code, _told(zone, parts.zones, lang) if search else _name(zone, lang), *_inside(zone)) for zone in listed],
        search=search, more=len(found) - len(listed),
        hazards=[(key, hazard_name(parts.rule_sets, key, lang)) for key in hazards],
        levels=[(level.key, level_word(level, lang)) for level in Level],
        ways=[(name, kind) for name, kind in ways if kind in ("sms", "email")])


def _found(zones: ZoneSet, words: Sequence[str], chosen: str) -> list[Zone]:
    """The chosen one, then those whose own name has every word, then those that have them with the name of the place around them: 鼓楼 南京, or the streets of 浦东."""
    asked = [(zone, own, around) for zone, own, around in _named(zones) if zone.code == chosen or words and all(word in own + around for word in words)]
    return [zone for zone, _, _ in sorted(asked, key=lambda one: (one[0].code != chosen, not all(word in one[1] for word in words)))]


@lru_cache(maxsize=4)
def _named(zones: ZoneSet) -> tuple[tuple[Zone, str, str], ...]:
    """Each place with its own names and those of the place around it, in both languages."""
    def names(zone: Zone | None) -> str:
        return "" if zone is None else f"{zone.code} {zone.name_zh} {zone.name_en} ".casefold()

    return tuple((zone, names(zone), names(zones.by_code.get(zone.parent))) for level in ("district", "street") for zone in zones.at(level))


def _told(zone: Zone, zones: ZoneSet, lang: Lang) -> str:
    """A country has a 鼓楼区 in several cities: which one is said; its code where the city is not known."""
    around = zones.by_code.get(zone.parent)
    which = zone.code if around is None else _name(around, lang)
    return f"{_name(zone, lang)} ({which})" if lang == "en" else f"{_name(zone, lang)}（{which}）"


def _name(zone: Zone, lang: Lang) -> str:
    return zone.name_en if lang == "en" else zone.name_zh


def wished(parts: Parts, form: FormData, lang: Lang) -> ResidentSubscription:
    """A filled form as a registration. Raises Invalid."""
    by_code = {zone.code: zone for zone in parts.zones}
    zone = by_code.get(_word(form, "place"))
    if zone is None:
        raise Invalid("place: choose one of the list")
    begins, ends = _word(form, "quiet_from"), _word(form, "quiet_until")
    if bool(begins) != bool(ends):
        raise Invalid("quiet: give both times, or none")
    lat, lon = _inside(zone)
    return ResidentSubscription(
        channel=_word(form, "channel"), address=typed(_word(form, "address")) or "-", lat=lat, lon=lon, language="en-US" if lang == "en" else "zh-CN",
        hazards=tuple(str(one) for one in form.getlist("hazards") if isinstance(one, str)), min_level=_word(form, "min_level") or "yellow",
        quiet=f"{begins}-{ends}" if begins else "")


def typed(address: str) -> str:
    """An address as people write it; what is none is given back, for the desk to say so."""
    if "@" in address:
        return address
    try:
        return phone(address)
    except BadAddress:
        return address


def kept(form: Mapping[str, object]) -> dict[str, str]:
    """What was typed, to be shown again."""
    return {key: value for key, value in form.items() if isinstance(value, str)}


def _inside(zone: Zone) -> tuple[float, float]:
    """The middle of the cell of a point inside: finer than that nothing is kept."""
    point = zone.geometry.representative_point()
    lat, lon = ((int(value // CELL_DEGREES) + 0.5) * CELL_DEGREES for value in (point.y, point.x))
    return round(lat, 3), round(lon, 3)


def _word(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""
