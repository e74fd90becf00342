"""Partners' alerts on the console: what came from whom, what became of it here and why; the one that is chosen is opened beside the list."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from uuid import UUID

from nicegui import ui
from sqlalchemy.exc import OperationalError

from warning.exchange.work import Fate, Partner
from warning.store import arrivals as store
from warning.store.arrivals import ArrivalView, FeedView
from warning.web.console import check
from warning.web.console.arrival import Opened, called, kind
from warning.web.console.frame import drill_chip, frame, remember
from warning.web.console.visit import Visit
from warning.web.words import SYMBOL, explained, hazard_name, level_word, local_time, zone_name

EVERY_S = 5.0
CSS = """
.arrivals{display:grid;gap:.7rem;grid-template-columns:minmax(0,1fr);padding:.8rem;width:100%;max-width:90rem;margin:0 auto}
.arrboard{display:grid;gap:.7rem;grid-template-columns:minmax(0,22rem) minmax(0,1fr);align-items:start}
@media(max-width:900px){.arrboard{grid-template-columns:minmax(0,1fr)}.arrlist{max-height:45vh;overflow-y:auto}}
.entry.waits{border-left-color:#8a5a00}.entry .fate{font-weight:700}.entry.bad .fate{color:#b00020}
.arrived dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.15rem .8rem;margin:.3rem 0}.arrived dt{color:var(--soft)}.arrived dd{margin:0;overflow-wrap:anywhere}
.arrived summary{cursor:pointer;font-weight:600;display:list-item}.arrived h3{font-size:.95rem;font-weight:700;line-height:1.4;letter-spacing:0;margin:.6rem 0 .2rem}.arrived ul{margin:.15rem 0;padding-left:1.1rem}
.arrived pre{white-space:pre-wrap;overflow-wrap:anywhere;max-height:24rem;overflow:auto;background:#f7f9fb;border:1px solid var(--line);border-radius:6px;padding:.5rem;font-size:.8rem}
@media(max-width:700px){.partners thead{display:none}.partners tr{display:block;border-bottom:1px solid #e7ebf0;padding:.3rem 0}
.partners td{display:grid;grid-template-columns:7rem minmax(0,1fr);gap:.5rem;border:0;padding:.1rem 0;overflow-wrap:anywhere}.partners td::before{content:attr(data-head);color:var(--soft)}}
.became{border-top:1px solid #e7ebf0;padding:.5rem 0;display:grid;gap:.35rem;grid-template-columns:minmax(0,1fr)}.said{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}
"""


class ArrivalsPage:
    """Drawn anew only where something has changed, so that nobody who reads or is about to sign loses the place."""

    def __init__(self, visit: Visit, chosen: UUID | None) -> None:
        self.visit = visit
        self.chosen = chosen
        self._shown: dict[str, str] = {}
        self._found: list[ArrivalView] = []
        self._drawing = asyncio.Lock()  # a click in the middle of a look must not mix two arrivals
        frame(visit, "/arrivals")
        ui.add_css(check.CSS + CSS)
        self._away = ui.label(visit.t("database_away")).classes("fault").props('role="alert"').style("width:100%")
        with ui.element("main").classes("arrivals"):
            ui.html(f"<h1>{visit.t('arrivals')}</h1><p class='soft small' style='margin:0'>{visit.t('arrivals_about')}</p>", sanitize=False)
            self._partners = ui.element("section").classes("pane").props(f'aria-label="{visit.t("arr_partners")}"')
            with ui.element("div").classes("arrboard"):
                self._list = ui.element("section").classes("pane arrlist").props(f'tabindex=0 aria-label="{visit.t("arr_all")}"')
                self._open = ui.element("section").classes("pane arrived").props(f'aria-label="{visit.t("evidence")}"')
        ui.timer(EVERY_S, self.tick)

    async def tick(self) -> None:
        """Read, and draw what is new."""
        async with self._drawing:
            try:
                await self._draw()
                self._away.set_visibility(False)
            except OperationalError:
                self._away.set_visibility(True)
                self._shown.clear()  # what was half drawn is drawn anew

    async def _draw(self) -> None:
        database = self.visit.parts.database
        self._found, feeds = await store.arrivals(database), await store.feeds(database)
        if self._new("partners", repr(feeds)):
            self._partners.clear()
            with self._partners:
                ui.html(_partners(self.visit, self.visit.parts.intake.partners, feeds), sanitize=False)
        if self.chosen not in {one.id for one in self._found}:
            self.chosen = next((one.id for one in self._found), None)
        if self._new("list", repr((self.chosen, [(one.id, one.fate, one.became) for one in self._found]))):  # not how often a copy came: a keyboard keeps its place
            self._list.clear()
            with self._list:
                self._entries()
        chosen = next((one for one in self._found if one.id == self.chosen), None)
        if self._new("open", repr(chosen and (chosen.id, chosen.fate, chosen.became))):
            self._open.clear()
            with self._open:
                if chosen is None:
                    ui.label(self.visit.t("arr_none")).classes("soft")
                else:
                    await Opened(self.visit, chosen, self.tick).draw()

    def _entries(self) -> None:
        visit = self.visit
        waiting = sum(one.waits for one in self._found)
        ui.html(f"<h2>{visit.t('arr_all')} ({len(self._found)})" + (f" · {visit.t('arr_waiting')} {waiting}" if waiting else "") + "</h2>", sanitize=False)
        for one in self._found:
            chosen = one.id == self.chosen
            button = ui.element("button").classes(f"entry{' waits' if one.waits else ''}{' bad' if one.fate is Fate.REFUSED else ''}{' chosen' if chosen else ''}")
            button.props(f'type="button" aria-pressed="{str(chosen).lower()}" data-arrival="{one.id}"')
            button.on("click", lambda _, key=one.id: self._choose(key))
            with button:
                with ui.element("div").classes("row"):
                    ui.label(visit.t(outcome(one))).classes("fate")
                    ui.label(called(visit, one.partner)).style("font-weight:700")
                    drill_chip(visit, one.cap_status)
                if one.became:
                    ui.label(meant(visit, one))
                ui.label(one.identifier).classes("small").style("overflow-wrap:anywhere")
                ui.label(" · ".join(filter(None, (
                    kind(visit, one), visit.t(f"arr_{one.standing or 'unsigned'}"), _time(visit, one.at))))).classes("soft small")

    async def _choose(self, arrival: UUID) -> None:
        self.chosen = arrival
        remember("arrival", str(arrival))
        await self.tick()
        # A keyboard keeps its place in the list; on a phone what was opened comes into view.
        ui.run_javascript(f"document.querySelector('[data-arrival=\"{arrival}\"]')?.focus({{preventScroll: true}});"
                          "if (innerWidth <= 900) document.querySelector('.arrived')?.scrollIntoView({block: 'start'})")

    def _new(self, pane: str, key: str) -> bool:
        if self._shown.get(pane) == key:
            return False
        self._shown[pane] = key
        return True


def outcome(one: ArrivalView) -> str:
    """The word for how it stands now: what our people did with a held one counts."""
    if one.waits:
        return "arr_waiting"
    if one.fate in (Fate.HELD, Fate.REDISTRIBUTED):
        ended = {became.status for became in one.became}
        return "arr_out" if "issued" in ended else "arr_no" if "dismissed" in ended else "arr_back"
    return f"arr_{one.fate}"


def meant(visit: Visit, one: ArrivalView) -> str:
    lines = []
    for became in one.became:
        places = ("、" if visit.lang == "zh" else ", ").join(zone_name(visit.parts.zones, code, visit.lang) for code in became.zones[:3])
        lines.append(f"{SYMBOL[became.level]} {level_word(became.level, visit.lang)} {hazard_name(visit.parts.rule_sets, became.hazard, visit.lang)} · {places}"
                     f"{'…' if len(became.zones) > 3 else ''}")
    return " / ".join(lines[:2]) + (f" +{len(lines) - 2}" if len(lines) > 2 else "")


def _partners(visit: Visit, partners: Sequence[Partner], feeds: Mapping[str, FeedView]) -> str:
    """Who may send, how, what happens with it, and how each feed was read last."""
    if not partners:
        return f"<h2>{visit.t('arr_partners')}</h2><p class='soft small'>{escape(visit.t('arr_nobody'))}</p>"
    columns = [escape(visit.t(key)) for key in ("arr_partner", "arr_came", "arr_passes", "arr_feed")]
    rows = "".join("<tr>" + "".join(f"<td data-head='{head}'><div>{cell}</div></td>" for head, cell in zip(columns, (
        f"<b>{escape(one.called)}</b><div class='soft small'>{escape(', '.join(one.senders))}</div>", escape(_ways(visit, one)),
        escape(_passes(visit, one)), _feed(visit, one, feeds.get(one.name))), strict=True)) + "</tr>" for one in partners)
    heads = "".join(f"<th scope='col'>{head}</th>" for head in columns)
    return f"<h2>{visit.t('arr_partners')} ({len(partners)})</h2><table class='grid partners'><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _ways(visit: Visit, one: Partner) -> str:
    ways = [visit.t(key) for key, so in (("arr_push", one.token_hash), ("arr_poll", one.url)) if so]
    return ("、" if visit.lang == "zh" else ", ").join(ways) or visit.t("arr_no_way")


def _passes(visit: Visit, one: Partner) -> str:
    agreed = sorted(set(one.agreed_by))
    return visit.t("arr_auto").format(who=("、" if visit.lang == "zh" else ", ").join(agreed)) if len(agreed) > 1 else visit.t("arr_by_us")


def _feed(visit: Visit, one: Partner, feed: FeedView | None) -> str:
    if not one.url:
        return "—"
    if feed is None:
        return f"<span class='late-word'>{visit.t('arr_feed_never')}</span>"
    said = [*([feed.fault] if feed.fault else []), *feed.odd]
    faults = "".join(f"<div class='late-word'>{escape(explained(line, visit.lang))}</div>" for line in said)
    owed = f" · {visit.t('arr_feed_owed').format(n=feed.owed)}" if feed.owed else ""
    return f"{_time(visit, feed.at)} {'' if said else visit.t('arr_feed_good')}{owed}{faults}"


def _time(visit: Visit, at: datetime) -> str:
    return local_time(at, visit.lang)

