"""Sheets: the residents' pages as text, for the server and for a copy on a disk alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment

from geo.zone import Zone
from warning.level import Level
from warning.store.board import AlertView
from warning.web.links import Links, live
from warning.web.overview import cards, small_map, strongest, words
from warning.web.pages import Copy, render
from warning.web.parts import Parts
from warning.web.related import ancestors
from warning.web.snapshot import Snapshot, parsed
from warning.web.words import Lang

LISTED, TOLD, READ = 150, 60, 8
"""Places on one page, warnings on the city's by their places, and on a place's page with all their words: so it stays under 50 kB whatever is in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What every page is made with. ``copy`` is set for a page that nobody will answer for once it lies on a disk."""

    jinja: Environment
    parts: Parts
    lang: Lang
    now: datetime
    links: Links = live
    copy: Copy | None = None

    def sheet(self, template: str, path: str, **values: object) -> str:
        return render(self.jinja, self.parts, template, self.lang, self.now, self.links, self.copy, path=path, **values)


def city(press: Press, snapshot: Snapshot) -> str:
    """Everything in force, and the districts with their colours."""
    zones = press.parts.zones
    listed = zones.at("district")
    if len(listed) > LISTED:
        listed = zones.at("city") or listed
    levels = _levels(press, snapshot, listed)
    return press.sheet(
        "city.html", "/", cards=cards(snapshot.in_force, press.lang, most=TOLD), lifted=snapshot.lifted, listed=listed, levels=levels,
        drawn=small_map(zones, levels), schematic=zones.schematic)


def place(press: Press, snapshot: Snapshot, zone: Zone) -> str:
    """What is in force at one place, until when, and what to do."""
    standings = snapshot.concerning(zone.code, ancestors(press.parts.zones, zone.code))
    told = cards(standings, press.lang, most=READ)
    inside = press.parts.zones.inside(zone.code)[:LISTED]
    return press.sheet(
        "place.html", f"/place/{zone.code}", place=zone, cards=told, inside=inside, levels=_levels(press, snapshot, inside),
        texts={s.alert.identifier: words(s.cap, press.lang) for card in told for s in card.standings})


def _levels(press: Press, snapshot: Snapshot, zones: Sequence[Zone]) -> dict[str, Level]:
    return strongest(snapshot, zones, {zone.code: ancestors(press.parts.zones, zone.code) for zone in zones})


def one(press: Press, alert: AlertView) -> str:
    """One warning with its state."""
    return press.sheet(
        "alert.html", f"/alert/{alert.identifier}", alert=alert, info=words(parsed(alert.cap_xml), press.lang), state=alert.state(press.now),
        issuer=press.parts.issuers.get(alert.issuer))


def archive(press: Press, alerts: Sequence[AlertView], *, older: str) -> str:
    """What was issued, newest first; ``older``: the query that goes on where this page ends, empty = there is no more."""
    return press.sheet("archive.html", "/archive", older=older, rows=[(alert, alert.state(press.now)) for alert in alerts])
