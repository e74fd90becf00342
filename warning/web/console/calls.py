"""The board of calls: who has answered, who not, how long, and what happens next, to be read from across the room."""

from collections.abc import Callable
from datetime import datetime
from html import escape

from nicegui import ui

from warning.account import Account
from warning.answer.call import OPEN, Attempt, Call
from warning.answer.timetable import DUTY_ROOM
from warning.web.calls import HOWS, STATES, as_csv, of_area, step, took_s
from warning.web.callsheet import as_pdf
from warning.web.console.frame import frame
from warning.web.console.progress import why
from warning.web.console.visit import Visit
from warning.web.words import DELIVERY_WORDS, SYMBOL, level_word, local_time

EVERY_S = 1.0
_MOST = 150
"""Open calls that are drawn one by one; the worst come first."""
CSS = """
.callsum{display:grid;grid-template-columns:repeat(3,1fr);gap:.6rem}.callsum div{border-radius:8px;padding:.3rem .8rem;background:#fff;border:1px solid var(--line);line-height:1.15}
.callsum b{font-size:clamp(1.8rem,5vw,3.4rem);font-variant-numeric:tabular-nums;display:block}.callsum .bad{background:#b00020;color:#fff}.callsum .good b{color:#0d5a2b}
.call{display:grid;grid-template-columns:minmax(11rem,1.1fr) minmax(0,2fr) minmax(9rem,.8fr);gap:.3rem .9rem;align-items:center;background:#fff;border:1px solid var(--line);border-left:9px solid #c98a00;border-radius:6px;padding:.45rem .7rem}
.call.overdue{border-left-color:#b00020;background:#fdf0f1}.call.answered{border-left-color:#0d6b34;padding:.2rem .7rem}.call.ended{border-left-color:#6b7684;padding:.2rem .7rem}
.call .who{font-size:1.12rem;font-weight:700;overflow-wrap:anywhere}.call .time{font-variant-numeric:tabular-nums;font-size:1.25rem;font-weight:700}
.call ol{margin:0;padding-left:1.2rem;font-size:.9rem}.call li.planned{color:var(--soft)}.call li.stopped{color:var(--soft);text-decoration:line-through}
@media(max-width:760px){.call{grid-template-columns:1fr}.callsum{grid-template-columns:1fr 1fr 1fr}.callsum div{padding:.2rem .4rem}}
"""


class CallsPage:
    """Drawn anew only when something has changed; the clocks run on between."""

    def __init__(self, visit: Visit, alert: str) -> None:
        self.visit, self._alert = visit, alert
        self._shown, self._calls = "", list[Call]()
        self._clocks: list[Callable[[datetime], None]] = []
        of_area((), visit.account)  # refused before anything is drawn
        frame(visit, "/calls")
        ui.add_css(CSS)
        with ui.element("main").style("padding:.8rem;width:100%;max-width:90rem;margin:0 auto;display:grid;gap:.6rem"):
            with ui.element("div").classes("row"):
                ui.html(f"<h1 style='font-size:1.3rem;line-height:1.4;margin:0'>{visit.t('call_board')}</h1>", sanitize=False)
                ui.label(visit.t("calls_about")).classes("soft small").style("flex:1;min-width:14rem")
                self._choice = ui.select({"": visit.t("calls_all")}, value="", label=visit.t("calls_alert"), on_change=self._chosen).props(
                    "dense outlined").style("min-width:16rem")
                ui.button(visit.t("calls_csv"), on_click=self._csv).props("dense outline no-caps color=grey-9")
                ui.button(visit.t("calls_pdf"), on_click=self._pdf).props("dense outline no-caps color=grey-9")
            self._body = ui.element("div").style("display:grid;gap:.4rem").props('aria-live="off"')
        ui.timer(EVERY_S, self.tick)

    async def _chosen(self) -> None:
        self._alert = str(self._choice.value or "")
        await self.tick()

    async def tick(self) -> None:
        """Read, draw what is new, let the clocks run. Raises NotAllowed for an office without an area."""
        visit = self.visit
        everything = of_area(await visit.parts.answer.board(), visit.account)
        names = {"": visit.t("calls_all")} | {call.identifier: f"{SYMBOL[call.level]} {call.identifier}" for call in everything}
        if self._alert not in names:
            names[self._alert] = self._alert
        now = visit.parts.clock.now()
        self._calls = [call for call in everything if call.identifier == self._alert] if self._alert else everything
        key = repr((self._calls, list(names)))
        if key != self._shown:
            self._shown = key
            self._choice.set_options(names, value=self._alert)
            self._draw()
        for clock in self._clocks:
            clock(now)

    def _draw(self) -> None:
        visit = self.visit
        waiting = [call for call in self._calls if call.state in OPEN]
        late = [call for call in waiting if call.state == "overdue"]
        answered = [call for call in self._calls if call.state == "answered"]
        self._body.clear()
        self._clocks.clear()
        with self._body:
            if not self._calls:
                ui.label(visit.t("calls_none")).classes("pane soft")
                return
            ui.html(f"<div class='callsum' role='status'><div class='{'bad' if late else ''}'><b>{len(waiting)}</b>{visit.t('calls_open')}</div>"
                    f"<div class='{'bad' if late else ''}'><b>{len(late)}</b>{visit.t('calls_late')}</div>"
                    f"<div class='good'><b>{len(answered)}</b>{visit.t('calls_answered')}</div></div>", sanitize=False)
            for call in sorted(waiting, key=lambda one: (one.state != "overdue", one.opened_at, one.post))[:_MOST]:
                self._open(call)
            if len(waiting) > _MOST:
                ui.label(visit.t("calls_more").format(n=len(waiting) - _MOST)).classes("wait")
            ui.html("".join(_closed(call, visit) for call in [*answered, *(one for one in self._calls if one.state == "ended")][:_MOST]), sanitize=False).style(
                "display:grid;gap:.25rem")

    def _open(self, call: Call) -> None:
        visit = self.visit
        with ui.element("section").classes(f"call {call.state}").props(f'aria-label="{escape(call.post)}"'):
            ui.html(f"<div class='who'>{escape(call.post)}</div><span class='chip l{call.level.value}'>{SYMBOL[call.level]} {level_word(call.level, visit.lang)}</span> "
                    f"<b>{STATES[call.state][visit.lang == 'en']}</b>", sanitize=False)
            ui.html(f"<ol>{''.join(_attempt(one, visit) for one in call.attempts)}</ol>", sanitize=False)
            with ui.element("div"):
                since = ui.label().classes("time")
                following = ui.label().classes("small")
                ui.button(visit.t("calls_enter"), on_click=lambda: self._ask(call)).props(
                    f'dense no-caps color=primary aria-label="{visit.t("calls_enter")} {escape(call.post)}"').style("margin-top:.2rem")

        def run(now: datetime) -> None:
            since.set_text(f"{visit.t('calls_since')} {_minutes(took_s(call, now))}")
            following.set_text(_following(call, visit, now))

        self._clocks.append(run)

    def _ask(self, call: Call) -> None:
        visit = self.visit
        with ui.dialog() as dialog, ui.card().classes("confirm"):
            ui.label(visit.t("calls_enter_title").format(post=call.post)).style("font-weight:700")
            who = ui.input(visit.t("calls_who")).props("autofocus outlined dense").style("width:100%")
            remark = ui.input(visit.t("calls_note")).props("outlined dense").style("width:100%")

            async def enter() -> None:
                async def verb(account: Account) -> None:
                    await visit.parts.answer.enter(call.id, by=str(who.value or ""), note=str(remark.value or ""), account=account)

                if await visit.act(verb, visit.t("calls_entered")):
                    dialog.close()
                    await self.tick()

            with ui.element("div").classes("row").style("justify-content:flex-end"):
                ui.button(visit.t("cancel_dialog"), on_click=dialog.close).props("flat no-caps")
                ui.button(visit.t("calls_enter"), on_click=enter).props("no-caps color=primary")
        dialog.open()

    def _csv(self) -> None:
        ui.download.content(as_csv(self._calls, self.visit.lang, self.visit.parts.clock.now()), "calls.csv", "text/csv")

    def _pdf(self) -> None:
        ui.download.content(as_pdf(self._calls, self.visit.lang, self.visit.parts.clock.now(), drill=self.visit.drill), "calls.pdf", "application/pdf")


def _attempt(one: Attempt, visit: Visit) -> str:
    what = escape(step(one, visit.lang))
    if one.name == DUTY_ROOM and one.state != "planned":
        return ""
    if one.state == "planned":
        return f"<li class='planned'>{local_time(one.due_at, visit.lang, visit.parts.clock.now())} {what}</li>"
    if one.state == "stopped":
        return f"<li class='stopped'>{what}</li>"
    state = visit.t("calls_no_way") if one.state == "no_way" else DELIVERY_WORDS.get(one.delivery, ("", ""))[visit.lang == "en"]
    twice = f" ({visit.t('calls_twice')})" if one.twice else ""
    if one.why and one.state == "called":
        state = f"{state} · {why(one.why, visit.lang)} → {visit.t('calls_pulled')}"
    at = one.tried_at or one.called_at
    return f"<li>{'' if at is None else local_time(at, visit.lang, visit.parts.clock.now())} {what} · {escape(state)}{twice}</li>"


def _closed(call: Call, visit: Visit) -> str:
    how = HOWS[call.answered_how][visit.lang == "en"]
    told = (f"{local_time(call.answered_at, visit.lang, visit.parts.clock.now())} · {visit.t('calls_by')} {escape(call.answered_by)}{f' · {how}' if how else ''}"
            if call.answered_at is not None else "")
    return (f"<section class='call {call.state}'><div><b>{escape(call.post)}</b> <span class='chip l{call.level.value}'>{SYMBOL[call.level]}</span></div>"
            f"<div>{STATES[call.state][visit.lang == 'en']} {told}</div><div class='soft'>{_minutes(took_s(call, call.opened_at)) if call.answered_at else ''}</div></section>")


def _following(call: Call, visit: Visit, now: datetime) -> str:
    if call.next is None:
        return visit.t("calls_nothing_next")
    left = (call.next.due_at - now).total_seconds()
    when = visit.t("calls_now") if left <= 0 else f"{_minutes(left)} {visit.t('calls_in')}" if visit.lang == "zh" else f"{visit.t('calls_in')} {_minutes(left)}"
    return f"{visit.t('calls_next')} {when}：{step(call.next, visit.lang)}" if visit.lang == "zh" else f"{visit.t('calls_next')} {when}: {step(call.next, visit.lang)}"


def _minutes(seconds: float) -> str:
    whole = max(int(seconds), 0)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}" if whole >= 3600 else f"{whole // 60}:{whole % 60:02d}"
