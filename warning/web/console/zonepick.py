"""The zones of a form, chosen by name or code from all that may be warned, however many: the page carries only those that are chosen."""

from collections.abc import Callable, Iterable, Sequence

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from geo.zone import Zone, ZoneSet
from warning.web.console.visit import Visit
from warning.web.words import zone_name

MOST = 40
"""So many are offered at a time; who does not see his among them types on."""
Able = Callable[[str], bool]


class ZonePick(Element, component="zonepick.js"):
    """``able`` says whether a zone may be added, by its code; ``changed`` is called after every change."""

    def __init__(self, visit: Visit, able: Able, chosen: Iterable[str], *, enabled: bool, changed: Callable[[], None]) -> None:
        super().__init__()
        self._visit, self._able, self._changed = visit, able, changed
        self._codes: list[str] = []
        self._props.update({"label": visit.t("zones"), "words": {"none": visit.t("zone_none"), "more": visit.t("zone_more")}, "disable": not enabled})
        self._take(chosen)
        self.on("seek", self._seek)
        if enabled:
            self.on("picked", self._picked)

    @property
    def value(self) -> list[str]:
        return list(self._codes)

    def set_value(self, codes: Iterable[str]) -> None:
        """Chosen by another hand than the field's own, such as a drawing."""
        self._take(codes)
        self.update()
        self._changed()

    def offer(self, able: Able) -> None:
        """Another issuer has other zones; of those chosen the ones stay that it may warn."""
        self._able = able
        kept = [code for code in self._codes if able(code)]
        if kept != self._codes:
            self.set_value(kept)

    def _take(self, codes: Iterable[str]) -> None:
        self._codes = list(dict.fromkeys(codes))
        self._props["chosen"] = [self._told(code) for code in self._codes]

    def _told(self, code: str) -> dict[str, str]:
        return {"code": code, "name": zone_name(self._visit.parts.zones, code, self._visit.lang)}

    def _seek(self, event: GenericEventArguments) -> None:
        words = str(event.args)
        offered, more = matching(self._visit.parts.zones, words, self._able)
        self.run_method("offer", words, [self._told(zone.code) for zone in offered], more)

    def _picked(self, event: GenericEventArguments) -> None:
        """Only what was chosen already or may be added; a browser may say anything."""
        self._take(code for code in map(str, event.args) if code in self._codes or (code in self._visit.parts.zones.by_code and self._able(code)))
        self._changed()


def matching(zones: ZoneSet, words: str, able: Able, most: int = MOST) -> tuple[Sequence[Zone], bool]:
    """Zones that may be warned and have ``words`` in one of their names, or begin their code with it: first those whose name or code it is, then those
    whose name begins so, else in their own order. And whether there are more than ``most``."""
    sought = words.strip().casefold()
    ranked: tuple[list[Zone], ...] = ([], [], [])
    for zone in zones:
        names = (zone.name_zh.casefold(), zone.name_en.casefold())
        rank = 0 if sought in (*names, zone.code) else 1 if any(name.startswith(sought) for name in names) else 2
        if (rank < 2 or any(sought in name for name in names) or zone.code.startswith(sought)) and able(zone.code):
            ranked[rank].append(zone)
            if not sought and len(ranked[1]) > most:
                break  # nothing was typed: the first there are
    found = [zone for group in ranked for zone in group]
    return found[:most], len(found) > most
