"""The form by which a resident says what he wants: what may be chosen, and what was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData

from channels.message import Lane
from geo.zone import Zone
from warning.dispatch.kind import kind_of
from warning.dispatch.subscribe import CELL_DEGREES, ResidentSubscription
from warning.errors import Invalid
from warning.level import Level
from warning.roster.address import BadAddress, phone
from warning.web.parts import Parts
from warning.web.words import Lang, hazard_name, level_word


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """``places``: (code, name, latitude, longitude of a point inside); ``ways``: (channel, kind)."""

    places: Sequence[tuple[str, str, float, float]]
    hazards: Sequence[tuple[str, str]]
    levels: Sequence[tuple[str, str]]
    ways: Sequence[tuple[str, str]]


def choices(parts: Parts, lang: Lang) -> Choices:
    """What this deployment offers, in one language."""
    ours: Lane = "actual" if parts.settings.status == "Actual" else "exercise"
    kinds = {channel.name: channel.kind for channel in parts.settings.channels if (channel.option("lane") or ours) == ours}
    ways = [(name, kind_of(name, kinds)) for name in kinds]
    hazards = sorted({rule.hazard.key for rule_set in parts.rule_sets.values() for rule in rule_set.rules})
    zones = [*parts.zones.at("district"), *parts.zones.at("street")]
    return Choices(
        places=[(zone.code, zone.name_en if lang == "en" else zone.name_zh, *_inside(zone)) for zone in zones],
        hazards=[(key, hazard_name(parts.rule_sets, key, lang)) for key in hazards],
        levels=[(level.key, level_word(level, lang)) for level in Level],
        ways=[(name, kind) for name, kind in ways if kind in ("sms", "email")])


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
