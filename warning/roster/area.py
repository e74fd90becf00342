"""Area: what a zone code says by itself: 310000 ⊃ 310115 ⊃ 310115140 ⊃ 310115140001 (GB/T 2260, NBS)."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from geo.zone import ZoneSet
from warning.account import stem


class AreaLevel(StrEnum):
    """市 → 区 → 街镇 → 居村."""

    CITY = "city"
    DISTRICT = "district"
    TOWN = "town"
    VILLAGE = "village"


def level_of(zone: str) -> AreaLevel:
    """By the digits that are left without the zeros that stand for "all of it"."""
    digits = len(stem(zone))
    if digits <= 4:
        return AreaLevel.CITY
    return AreaLevel.DISTRICT if digits <= 6 else AreaLevel.TOWN if digits <= 9 else AreaLevel.VILLAGE


def encloses(outer: str, inner: str) -> bool:
    """A zone encloses itself."""
    return inner.startswith(stem(outer))


def concerned(zone: str, warned: Collection[str], zones: ZoneSet) -> bool:
    """Whether a post of ``zone`` is called when ``warned`` (every code an alert covers, see dispatch.audience.reach) is warned.

    Its zone is warned; or all the zones inside it are; or it is no zone of ours (a street without a border) and lies in one that is.
    Unknown is never "not concerned": without a border the street counts wherever its district does.
    """
    if zone in warned:
        return True
    if zone in zones.by_code:
        inside = zones.inside(zone)
        return bool(inside) and all(one.code in warned for one in inside)
    return any(encloses(code, zone) for code in warned)


def audience_codes(zone: str, zones: ZoneSet) -> tuple[str, ...]:
    """What a subscription of the post asks for, so that changes and ends find it: its stem, or the nearest zone of ours around it."""
    if zone in zones.by_code or any(code.startswith(stem(zone)) for code in zones.by_code):
        return (stem(zone),)
    around = sorted((code for code in zones.by_code if encloses(code, zone)), key=lambda code: len(stem(code)))
    return (around[-1],) if around else (stem(zone),)


def nearest(zone: str, candidates: Sequence[str]) -> str | None:
    """The smallest candidate that encloses ``zone`` and is not the zone itself."""
    around = [code for code in candidates if encloses(code, zone) and stem(code) != stem(zone)]
    return max(around, key=lambda code: len(stem(code)), default=None)
