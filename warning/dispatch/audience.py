"""Audience: whom an alert concerns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from geo.overlapping import Polygons, overlapping, polygons
from geo.zone import ZoneSet
from warning.dispatch.pause import Pause, with_stand_ins
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
    """What an office or a broadcast asked for. No polygon and no zones = everywhere; no hazards = every hazard.

    ``stand_in``: told only when somebody before it did not answer, though its place fits.
    """

    subscription_id: int
    hazards: tuple[str, ...]
    min_level: Level
    zones: tuple[str, ...]
    polygon: BaseGeometry | None
    stand_in: bool = False


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offices:
    """Everybody who asked by place, with what is worked out of their polygons once and used for every alert."""

    interests: tuple[Interest, ...]
    outlines: Polygons
    drawn: NDArray[np.int64]
    everywhere: NDArray[np.int64]
    by_code: Mapping[str, Sequence[int]]
    pauses: tuple[Pause, ...] = ()


def offices(interests: Sequence[Interest]) -> Offices:
    """Ready to be asked: who drew a polygon, who wants everything, and who named which zone."""
    by_code: dict[str, list[int]] = {}
    for number, interest in enumerate(interests):
        for code in interest.zones:
            by_code.setdefault(code, []).append(number)
    drawn = [number for number, interest in enumerate(interests) if interest.polygon is not None]
    return Offices(
        interests=tuple(interests), by_code=by_code, drawn=np.array(drawn, dtype=np.int64),
        outlines=polygons(np.array([interests[number].polygon for number in drawn], dtype=np.object_)),
        everywhere=np.array([n for n, i in enumerate(interests) if i.polygon is None and not i.zones], dtype=np.int64))


def in_area(asked: Offices, where: Reach) -> list[Interest]:
    """Whose place is warned: a polygon overlaps with area (an edge or a corner is not enough), or a zone is covered, or everywhere is asked for."""
    named = [numbers for code, numbers in asked.by_code.items() if any(there.startswith(code) for there in where.codes)]
    found = np.concatenate((asked.drawn[overlapping(asked.outlines, where.ground)], asked.everywhere, *(np.array(numbers) for numbers in named)))
    return [asked.interests[number] for number in np.unique(found).tolist()]


def concerned(asked: Offices, where: Reach, *, hazard: str, level: Level, now: datetime) -> tuple[list[int], list[int]]:
    """The subscriptions whose place is warned, and those of them that are told of what begins; stand-ins for who pauses in both."""
    there = in_area(asked, where)
    return with_stand_ins(
        [one.subscription_id for one in there], [one.subscription_id for one in there if wants(one, hazard=hazard, level=level)],
        asked.pauses, active={one.subscription_id for one in asked.interests} if asked.pauses else (), now=now)


def own_ground(interest: Interest, where: Reach, zones: ZoneSet) -> BaseGeometry:
    """The warned part of somebody's own place; all that is warned for who asked for everywhere."""
    if interest.polygon is not None:
        return interest.polygon.intersection(where.ground)
    named = [zone.geometry for zone in zones if zone.code in where.codes and zone.code.startswith(interest.zones)]
    return unary_union(named).intersection(where.ground) if interest.zones and named else where.ground


def wants(interest: Interest, *, hazard: str, level: Level) -> bool:
    """Hazard AND level; the place is ``in_area``'s. A stand-in wants nothing by itself."""
    return not interest.stand_in and (not interest.hazards or hazard in interest.hazards) and level >= interest.min_level


def must_answer(*, kind: str, role: str, level: Level) -> bool:
    """Offices answer for what begins or changes at orange and above, whoever is on the roster when it is called; nobody answers an end-notice."""
    return role != "end" and (kind == "duty" or kind == "office" and level >= ANSWERED_FROM)
