"""The map of the main page: zones by what is in force, the cells over threshold, the chosen proposal, and what a place that was clicked is told."""

from collections.abc import Callable, Sequence
from html import escape

from nicegui import ui
from nicegui.events import GenericEventArguments

from warning.store.board import AlertView
from warning.web.console.following import chip, name
from warning.web.console.ground import numbers
from warning.web.console.reading import Reading
from warning.web.console.visit import Visit
from warning.web.console.zonemap import ZoneMap, ahead, hatches
from warning.web.words import SYMBOL, local_time, zone_name

_TOLD = 8


class MapView:
    """Opened with the page. What all consoles see alike comes from papers; only what this one has chosen is told to it alone."""

    def __init__(self, visit: Visit, reading: Reading, *, shown: Callable[[], None]) -> None:
        """``shown`` is called when the browser has drawn the colours for the first time."""
        self._visit = visit
        self._reading = reading
        ahead(visit.watch.ground, visit.lang, (reading.paint, reading.over))
        ui.html(hatches(), sanitize=False)
        self.element = ZoneMap(visit, visit.watch.ground, label=visit.t("map"), find=True)
        self.element.on("zone", self._asked)
        self.element.on("shown", lambda: shown(), args=[])

    def show(self, reading: Reading, chosen: str, zones: Sequence[str]) -> None:
        """``chosen``: the proposal whose zones are outlined and whose cells are laid darkly over the others; empty = none."""
        self._reading = reading
        self.element.show("paint", reading.paint)
        self.element.show("over", reading.over)
        self.element.show("chosen", {"cells": chosen, "zones": numbers(self._visit.watch.ground, zones)})

    def _asked(self, event: GenericEventArguments) -> None:
        """Somebody wants to know about a place."""
        self.element.run_method("tell", event.args, told(self._visit, self._reading, str(event.args)))


def told(visit: Visit, reading: Reading, code: str) -> str:
    """HTML: the place, what is in force there, and which proposals name it."""
    zones, lang = visit.parts.zones, visit.lang
    if code not in zones.by_code:
        return escape(code)
    around, at = {code}, zones[code].parent
    while at and at not in around:
        around.add(at)
        at = zones[at].parent if at in zones.by_code else ""
    inside = {zone.code for zone in zones if zone.parent == code}
    here = [alert for alert in reading.in_force if around & set(alert.zones)]
    part = [alert for alert in reading.in_force if alert not in here and inside & set(alert.zones)]
    waiting = [one for one in reading.proposals if (around | inside) & set(one.zones)]
    parent = zones[code].parent
    lines = [f"<b>{escape(zone_name(zones, code, lang))}</b>" + (f" <span class='soft small'>{escape(zone_name(zones, parent, lang))}</span>" if parent else "")]
    lines += [_alert(visit, reading, alert, "") for alert in here[:_TOLD]] + [_alert(visit, reading, alert, visit.t("map_part")) for alert in part[:_TOLD]]
    if not here and not part:
        lines.append(f"<span class='soft'>{escape(visit.t('map_nothing'))}</span>")
    more = max(len(here) - _TOLD, 0) + max(len(part) - _TOLD, 0)
    if more:
        lines.append(f"<span class='soft small'>{escape(visit.t('more_in_force').format(n=more))}</span>")
    lines += [f"<a class='small' href='/console/?lang={lang}&proposal={one.id}'>{SYMBOL[one.level]} {escape(visit.t('proposals'))}: {escape(visit.t(one.status))}</a>"
              for one in waiting[:_TOLD]]
    return "<br>".join(lines)


def _alert(visit: Visit, reading: Reading, alert: AlertView, note: str) -> str:
    extra = f" <span class='soft small'>{escape(note)}</span>" if note else ""
    return (f"{chip(visit, alert)} <a href='/console/alert/{escape(alert.identifier)}?lang={visit.lang}'>{escape(name(visit, alert))}</a>{extra} "
            f"<span class='soft small'>{visit.t('until')} {local_time(alert.expires, visit.lang, reading.now)}</span>")
