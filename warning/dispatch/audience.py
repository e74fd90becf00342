"""Audience: whom an alert concerns."""

from collections.abc import Sequence
from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from geo.zone import ZoneSet
from warning.level import Level

ANSWERED_FROM = Level.ORANGE
"""Call-and-acknowledge applies to orange and red (the engine's default, to be confirmed by the authority)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The places of an alert, worked out once: every zone code it covers, and its ground as one geometry."""

    codes: frozenset[str]
    ground: BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """What an office or a broadcast asked for. No polygon and no zones = everywhere; no hazards = every hazard."""

    subscription_id: int
    hazards: tuple[str, ...]
    min_level: Level
    zones: tuple[str, ...]
    polygon: BaseGeometry | None


def reach(zone_codes: Sequence[str], zones: ZoneSet, polygon: BaseGeometry | None = None) -> Reach:
    """A warned zone covers the zones inside it; a hand-drawn polygon covers the zones that it overlaps with area."""
    if polygon is not None:
        overlapped = {zone.code for zone in zones if zone.geometry.intersection(polygon).area > 0}
        return Reach(codes=frozenset(overlapped | set(zone_codes)), ground=polygon)
    codes = set(zone_codes)
    grew = True
    while grew:
        inside = {zone.code for zone in zones if zone.parent in codes} - codes
        codes |= inside
        grew = bool(inside)
    ground = unary_union([zones[code].geometry for code in zone_codes])
    return Reach(codes=frozenset(codes), ground=ground)


def place_matches(interest: Interest, where: Reach) -> bool:
    """A polygon must overlap with area: a district that touches by a corner or an edge is not warned."""
    if interest.polygon is not None and interest.polygon.intersection(where.ground).area > 0:
        return True
    if interest.zones:
        return any(
            code in where.codes or any(covered.startswith(code) for covered in where.codes)
            for code in interest.zones
        )
    return interest.polygon is None


def concerned(interest: Interest, *, hazard: str, level: Level, where: Reach) -> bool:
    """Hazard AND level AND place."""
    return (
        (not interest.hazards or hazard in interest.hazards)
        and level >= interest.min_level
        and place_matches(interest, where)
    )


def must_answer(*, kind: str, role: str, level: Level) -> bool:
    """Offices answer for what begins or changes at orange and above; nobody answers an end-notice."""
    return kind == "office" and role != "end" and level >= ANSWERED_FROM
