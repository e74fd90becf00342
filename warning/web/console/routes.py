"""Routes on the console: whose turn it is by health, how fast each is, what waits; taking out and putting in; dead letters; who fell back."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape

from nicegui import ui
from sqlalchemy.exc import OperationalError

from channels.message import Reason
from warning.account import Account, Act
from warning.dispatch.breaker import Circuit
from warning.dispatch.mass.work import DeadLetter
from warning.dispatch.meter import of_route
from warning.dispatch.plan import Rate
from warning.dispatch.routekeeper import RouteView
from warning.store import board, progress
from warning.store.board import AlertView
from warning.store.routes import RouteStore
from warning.web.console import stack
from warning.web.console.following import name
from warning.web.console.frame import frame
from warning.web.console.visit import Visit
from warning.web.words import Lang, channel_word, local_time, next_step, say

_Order = Callable[["Line", str, str], Awaitable[bool]]
_Again = Callable[[DeadLetter], Awaitable[None]]
_Click = Callable[[], object]

EVERY_S = 2.0
_ALERTS = 10
_OWED = ("queued", "claimed", "unknown")
_CSS = """
.routes{overflow-x:auto}@media(min-width:641px){.routes td,.routes th{white-space:nowrap}}
.routes .well{color:#0d5a2b;font-weight:700}.routes .ill{color:#b00020;font-weight:700}.routes .out{color:#6b4a00;font-weight:700}
.routes-acts{gap:.3rem}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One route, of all workers that have it. ``open``: workers for which it is silent."""

    channel: str
    route: str
    place: int
    state: str
    workers: int
    open: int
    since: str
    rate: str
    under_way: int
    accepted: int
    failed: int
    notes: tuple[str, ...]
    said: str


async def routes_page(visit: Visit) -> None:
    """Drawn anew whenever the ledger says something else, every two seconds at most."""
    frame(visit, "/routes")
    ui.add_css(stack.CSS)
    ui.add_css(_CSS)
    with ui.element("main").style("padding:.8rem;width:100%;max-width:78rem;margin:0 auto;display:grid;grid-template-columns:minmax(0,1fr);gap:.7rem"):
        ways = ui.element("section").classes("pane")
        dead = ui.element("section").classes("pane")
        fell = ui.element("section").classes("pane")
    drawn: dict[str, str] = {}

    async def draw() -> None:
        try:
            lines, owed = await _lines(visit)
            letters, falls = await _letters(visit)
        except OperationalError:
            return  # what stands there is the newest that is known; the head of the desk says that the database is away
        for key, pane, shown in (("ways", ways, repr((lines, owed))), ("dead", dead, repr(letters)), ("fell", fell, repr(falls))):
            if drawn.get(key) == shown:
                continue
            drawn[key] = shown
            pane.clear()
            with pane:
                if key == "ways":
                    _ways(visit, lines, owed, order)
                elif key == "dead":
                    _dead(visit, letters, again)
                else:
                    _fell(visit, falls)

    async def order(line: Line, act: str, reason: str) -> bool:
        async def verb(account: Account) -> None:
            await RouteStore(visit.parts.database).order(
                line.channel, line.route, act=act, reason=reason, account=account, at=visit.parts.clock.now())

        return await visit.act(verb, visit.t("route_told"))

    async def again(letter: DeadLetter) -> None:
        async def verb(account: Account) -> None:
            await visit.parts.dispatch.retry(letter.deliveries, crowd_ids=letter.crowds, account=account)

        if await visit.act(verb, visit.t("retried")):
            await draw()

    await draw()
    ui.timer(EVERY_S, draw)


async def _lines(visit: Visit) -> tuple[list[Line], dict[str, int]]:
    views, rates = await RouteStore(visit.parts.database).views(), await visit.parts.rates.rates()
    counts = await progress.counts(visit.parts.database)
    owed = {channel: sum(states.get(state, 0) for state in _OWED) for channel, states in counts.items()}
    return lines(views, rates, visit.lang), owed


def lines(views: Sequence[RouteView], rates: Mapping[str, Rate], lang: Lang) -> list[Line]:
    """Health's order within a channel: what a worker would ask first stands first."""
    found: dict[tuple[str, str], list[RouteView]] = {}
    for view in views:
        found.setdefault((view.channel, view.state.route), []).append(view)
    made = [_line(channel, route, seen, rates.get(of_route(channel, route)), lang) for (channel, route), seen in found.items()]
    return sorted(made, key=lambda line: (line.channel, line.place, line.route))


def _line(channel: str, route: str, seen: Sequence[RouteView], rate: Rate | None, lang: Lang) -> Line:
    states = [view.state for view in seen]
    silent = [state for state in states if state.circuit is not Circuit.CLOSED]
    word = ("skipped" if any(state.skipped for state in states) else min(silent, key=lambda state: state.circuit is Circuit.HALF_OPEN).circuit.value
            if silent else "standby" if all(state.weight == 0 for state in states) else "closed")
    limits = [state.rate_per_s for state in states if state.rate_per_s is not None]
    measured = say("route_unmeasured", lang) if rate is None or rate.per_second is None else f"{rate.per_second:,.0f}/s"
    return Line(
        channel=channel, route=route, place=max(state.place for state in states), state=word, workers=len(states), open=len(silent),
        since=local_time(max(state.since for state in states), lang),
        rate=f"{measured} / {f'{sum(limits):,.0f}/s' if len(limits) == len(states) else say('route_unlimited', lang)}",
        under_way=sum(state.under_way for state in states), accepted=sum(state.accepted for state in states),
        failed=sum(state.failed for state in states), notes=tuple(dict.fromkeys(state.note for state in states if state.note)), said=seen[0].said)


def _ways(visit: Visit, found: Sequence[Line], owed: dict[str, int], order: _Order) -> None:
    ui.html(f"<h1>{visit.t('routes')}</h1>", sanitize=False)
    if not found:
        several = any(channel.routes for channel in visit.parts.settings.channels)
        ui.label(visit.t("routes_silent" if several else "routes_none")).classes("wait" if several else "soft")
    for channel in dict.fromkeys(line.channel for line in found):
        mine = [line for line in found if line.channel == channel]
        ui.html(f"<h2 style='margin-top:.6rem'>{escape(channel_word(channel, visit.lang))} <span class='soft small'>{visit.t('routes_owed')} {owed.get(channel, 0):,}</span></h2>"
                f"<div class='routes' tabindex='0' role='region' aria-label='{visit.t('routes')} {escape(channel_word(channel, visit.lang))}'>{table(mine, visit.lang)}</div>", sanitize=False)
        for line in mine:
            with ui.element("div").classes("row routes-acts"):
                ui.label(line.route).style("font-weight:700;min-width:5rem")
                for words in told(line, visit.lang):
                    ui.label(words).classes("small")
                if not visit.can(Act.OPERATE):
                    continue
                if line.state == "skipped":
                    _button(visit, line, "use", partial(order, line, "use", ""))
                else:
                    _button(visit, line, "skip", partial(_ask, visit, line, order))
                if line.open:
                    _button(visit, line, "try", partial(order, line, "try", ""))


def _button(visit: Visit, line: Line, act: str, click: _Click) -> None:
    words = visit.t(f"route_{act}")
    ui.button(words, on_click=click).props(f'outline dense no-caps color={"red-9" if act == "skip" else "primary"} aria-label="{words} {escape(line.route)}"')


def _ask(visit: Visit, line: Line, order: _Order) -> None:
    """A route is taken out with a reason only."""
    with ui.dialog() as dialog, ui.card().style("width:min(26rem,92vw)"):
        ui.label(f"{visit.t('route_skip')}: {channel_word(line.channel, visit.lang)} / {line.route}").style("font-weight:700")
        why = ui.input(visit.t("route_why")).props("outlined dense autofocus").style("width:100%").mark("why")

        async def go() -> None:
            if not str(why.value or "").strip():
                ui.notify(visit.t("reason_needed"), type="warning", position="top")
            elif await order(line, "skip", str(why.value or "")):
                dialog.close()

        with ui.element("div").classes("row").style("justify-content:flex-end;width:100%"):
            ui.button(visit.t("route_skip"), on_click=go).props("no-caps color=red-9")
    dialog.open()


def table(found: Sequence[Line], lang: Lang) -> str:
    """The routes of one channel."""
    rows = []
    for line in found:
        kind = {"closed": "well", "standby": "soft", "skipped": "out"}.get(line.state, "ill")
        some = "" if line.open in (0, line.workers) else f" {say('route_on_workers', lang).format(open=line.open, all=line.workers)}"
        rows.append([str(line.place), f"<b>{escape(line.route)}</b>",
                 f"<span class='{kind}'>{escape(say(f'route_{line.state}', lang))}{escape(some)}</span> <span class='soft'>{say('route_since', lang)} {line.since}</span>",
                 line.rate, f"{line.under_way:,}", f"{line.accepted:,}", f"{line.failed:,}"])
    return stack.stacked(say("routes_head", lang).split("|"), rows)


def told(line: Line, lang: Lang) -> list[str]:
    """What is wrong with a route and what to do, and what was last ordered. What an adapter knows of its gateway is quoted as it said it."""
    found = []
    if line.state in ("open", "half_open", "skipped"):
        found.append(say(f"route_{line.state}_next", lang))
    elif line.notes:
        found.append(f"{say('route_trouble', lang)}: {'; '.join(line.notes)}")
    if line.said:
        who, _, rest = line.said.partition(" ")
        act, _, why = rest.partition(": ")
        found.append(f"{say('route_ordered', lang)}: {' '.join(filter(None, [who, say(f'route_{act}', lang), why]))}")
    return found


async def _letters(visit: Visit) -> tuple[list[tuple[AlertView, DeadLetter]], list[tuple[AlertView, str, int]]]:
    """Of the newest alerts: what failed, and how many were told by another channel because no receipt came."""
    newest = await board.alerts(
        visit.parts.database, now=visit.parts.clock.now(), active=False, status=visit.parts.settings.status, limit=_ALERTS)
    dead, fell = [], []
    for alert in newest:
        dead += [(alert, letter) for letter in await progress.dead_letters(visit.parts.database, alert.identifier)]
        people: dict[str, int] = {}
        for step in await progress.steps(visit.parts.database, alert.identifier):
            people[step.channel] = people.get(step.channel, 0) + step.fell_back
        fell += [(alert, channel, count) for channel, count in people.items() if count]
    return dead, fell


def _dead(visit: Visit, letters: Sequence[tuple[AlertView, DeadLetter]], again: _Again) -> None:
    ui.html(f"<h2>{visit.t('dead_letters')} ({sum(letter.count for _, letter in letters):,})</h2>", sanitize=False)
    if not letters:
        ui.label(visit.t("dead_none")).classes("soft")
    for alert, letter in letters:
        with ui.element("div").classes("fault small"):
            ui.label(f"{name(visit, alert)} · {channel_word(letter.channel, visit.lang)} · {reason_word(letter.reason, visit.lang)} × {letter.count:,}").style("font-weight:700")
            ui.label(f"{visit.t('next_step')}: {next_step(letter.reason, visit.lang)}")
            with ui.element("div").classes("row"):
                ui.link(visit.t("timeline"), f"/alert/{alert.identifier}?lang={visit.lang}").classes("small")
                if visit.can(Act.OPERATE):
                    ui.button(f"{visit.t('retry')} ({letter.count:,})", on_click=lambda _, one=letter: again(one)).props("outline dense no-caps color=red-9")


def reason_word(reason: str, lang: Lang) -> str:
    return say(f"why_{reason}", lang) if reason in set(Reason) else reason


def _fell(visit: Visit, falls: Sequence[tuple[AlertView, str, int]]) -> None:
    ui.html(f"<h2>{visit.t('fell_back')}</h2>", sanitize=False)
    if not falls:
        ui.label(visit.t("fell_back_none")).classes("soft")
    for alert, channel, people in falls:
        ui.label(f"{name(visit, alert)}: {visit.t('fell_back_people').format(people=people, channel=channel_word(channel, visit.lang))}").classes("small")
