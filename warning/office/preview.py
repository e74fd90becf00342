"""Preview: what a subscription would have been told of an archive, by the same rules as those by which it will be told."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import shapely

from geo.zone import ZoneSet
from warning.dispatch.audience import Interest, Offices, Reach, in_area, offices, reach, wants
from warning.level import Level
from warning.office.work import Past


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One alert that would have come; ``role`` start, change or end."""

    alert: Past
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Newest first. ``looked_at``: how many alerts the archive holds; ``by_zone``: zone → (how many warnings, the strongest)."""

    told: tuple[Told, ...]
    looked_at: int
    by_zone: dict[str, tuple[int, Level]]


def preview(interest: Interest, archive: Sequence[Past], zones: ZoneSet) -> Preview:
    """Each event's versions in order: a start when place, hazard and level fit, then its changes and its end, whatever their level.

    Left out is what hangs on the moment: pauses, channels that failed, and the silence after an end that another event carries on.
    """
    asked = offices([interest])
    grounds: dict[tuple[tuple[str, ...], str], tuple[Reach, bool]] = {}
    found: list[Told] = []
    counted: dict[str, dict[str, Level]] = {}
    for event, versions in groupby(sorted(archive, key=lambda one: (str(one.event_id), one.version)), key=lambda one: str(one.event_id)):
        told = False
        for alert in versions:
            where, there = _there(alert, asked, zones, grounds)
            if alert.msg_type == "Cancel" or (told and not there):
                if told:
                    found.append(Told(alert=alert, role="end"))
                told = False
                continue
            if told or (there and wants(interest, hazard=alert.hazard, level=alert.level)):
                found.append(Told(alert=alert, role="change" if told else "start"))
                told = True
                for code in where.codes:
                    levels = counted.setdefault(code, {})
                    levels[event] = max(levels.get(event, alert.level), alert.level)
    return Preview(
        told=tuple(sorted(found, key=lambda one: (one.alert.sent, one.alert.version), reverse=True)), looked_at=len(archive),
        by_zone={code: (len(levels), max(levels.values())) for code, levels in counted.items()})


def _there(alert: Past, asked: Offices, zones: ZoneSet, known: dict[tuple[tuple[str, ...], str], tuple[Reach, bool]]) -> tuple[Reach, bool]:
    """Where it was, and whether that is the subscription's place; a year repeats the same places, each is worked out once."""
    key = (alert.zones, "" if alert.polygon is None else json.dumps(alert.polygon, sort_keys=True))
    if key not in known:
        here = [code for code in alert.zones if code in zones.by_code]
        where = reach(here, zones, None if alert.polygon is None else shapely.geometry.shape(dict(alert.polygon)))
        known[key] = where, bool(in_area(asked, where))
    return known[key]
