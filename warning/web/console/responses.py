"""Responses on the console: which are open at what level, each post's duties with their lists and times, and who closes them."""

from collections.abc import Awaitable, Callable
from html import escape
from uuid import UUID

from nicegui import ui

from warning.account import Account, Act
from warning.response.state import DutyHeld, Response
from warning.web.console.frame import frame
from warning.web.console.visit import Visit
from warning.web.words import SYMBOL, hazard_name, level_word, local_time, zone_name

Verb = Callable[[Account], Awaitable[None]]
EVERY_S = 5.0
CSS = """
.resp{border-left:8px solid var(--line)}.resp.r1{border-color:var(--l1)}.resp.r2{border-color:#c9a400}.resp.r3{border-color:#d9780a}.resp.r4{border-color:var(--l4)}
.resp h2{font-size:1.05rem}.duties{display:grid;gap:.5rem;grid-template-columns:repeat(auto-fill,minmax(min(20rem,100%),1fr))}
.duty{border:1px solid var(--line);border-radius:6px;padding:.45rem .6rem;background:#fff}.duty.late{border-color:#b00020;background:#fdf0f1}
.duty .q-checkbox{flex-wrap:nowrap;align-items:center;display:flex}.responses h1{font-size:1.2rem;line-height:1.4;letter-spacing:0;margin:0;font-weight:700}
.duty.done{background:#eef7f0}.duty p{margin:.15rem 0}.duty label{display:block}.state{font-weight:700}
"""


class ResponsesPage:
    """Drawn anew only when something has changed, so that a half-written remark is never lost to a tick."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self._shown: object = None
        frame(visit, "/responses")
        ui.add_css(CSS)
        with ui.element("main").classes("responses").style("padding:.8rem;width:100%;max-width:78rem;margin:0 auto"):
            ui.html(f"<h1>{visit.t('responses')}</h1><p class='soft small'>{visit.t('responses_about')}</p>", sanitize=False)
            self._body = ui.element("div").style("display:grid;gap:.7rem")
        ui.timer(EVERY_S, self.tick)

    async def tick(self) -> None:
        """Read, and draw what is new."""
        found = await self.visit.parts.response.responses(self.visit.account)
        closed = await self.visit.parts.response.responses(self.visit.account, closed=True)
        now = self.visit.parts.clock.now()
        key = (tuple(found), tuple(closed), tuple(duty.late(now) for one in found for duty in one.duties))
        if repr(key) == self._shown:
            return
        self._shown = repr(key)
        self._body.clear()
        with self._body:
            if not found:
                ui.label(self.visit.t("no_responses")).classes("pane soft")
            for one in found:
                self._response(one)
            if closed:
                with ui.element("section").classes("pane"):
                    ui.html(f"<h2>{self.visit.t('response_closed_title')}</h2>" + "".join(
                        f"<p class='small'>{escape(self._title(one))} · {local_time(one.closed_at or one.changed_at, self.visit.lang)} · "
                        f"{escape(one.closed_who)}: {escape(one.reason)}</p>" for one in closed), sanitize=False)

    def _title(self, one: Response) -> str:
        visit = self.visit
        en = visit.lang == "en"
        level = f"level {one.level.name}" if en else one.level.zh
        return (f"{one.name[en]} {level} ← {SYMBOL[one.warning]} {hazard_name(visit.parts.rule_sets, one.hazard, visit.lang)} "
                f"{level_word(one.warning, visit.lang)} · {(', ' if en else '、').join(zone_name(visit.parts.zones, code, visit.lang) for code in one.zones)}")

    def _response(self, one: Response) -> None:
        visit = self.visit
        now = visit.parts.clock.now()
        due = [duty for duty in one.duties if duty.state != "not_needed"]
        done = sum(duty.state == "done" for duty in due)
        late = sum(duty.late(now) for duty in due)
        with ui.element("section").classes(f"pane resp r{int(one.level)}").props(f'aria-label="{escape(self._title(one))}"'):
            ui.html(f"<h2>{escape(self._title(one))}</h2><p class='small'>{visit.t(f'response_{one.state}')} · {visit.t('response_done_of').format(done=done, all=len(due))}"
                    + (f" · <span class='late-word'>{visit.t('response_nobody').format(count=late)}</span>" if late else "")
                    + f" · {local_time(one.opened_at, visit.lang)}</p>"
                    + (f"<p class='wait small'>⚠ {visit.t('response_plan_note')}</p>" if one.plan in visit.parts.response.unconfirmed else ""), sanitize=False)
            with ui.element("div").classes("duties"):
                for duty in due:
                    self._duty(one, duty)
            if visit.can(Act.OPERATE):
                with ui.element("div").classes("row").style("margin-top:.5rem"):
                    why = ui.input(visit.t("response_reason")).props("dense outlined").style("width:16rem")
                    ui.button(visit.t("response_close"), on_click=lambda: self._close(one.id, str(why.value or ""))).props(
                        "dense outline no-caps color=grey-9")

    def _duty(self, one: Response, duty: DutyHeld) -> None:
        visit = self.visit
        en = visit.lang == "en"
        now = visit.parts.clock.now()
        late = duty.late(now)
        held = ("、", ", ")[en].join(duty.held_by)
        street = bool(held) and duty.zone not in ("", *visit.parts.zones.by_code)
        where = held if street else zone_name(visit.parts.zones, duty.zone, visit.lang) if duty.zone else visit.t("duty_whole")
        with ui.element("div").classes(f"duty {'late' if late else duty.state}"):
            due = ("duty_until_taken", duty.acknowledge_by) if duty.state == "waiting" else ("duty_until_done", duty.done_by)
            said = f"{duty.done_who} {local_time(duty.done_at, visit.lang, now)}" if duty.done_at else duty.acknowledged_who
            ui.html(
                f"<p><b>{escape(where)} · {escape(duty.post[en])}</b>"
                + (f" <span class='soft small'>{visit.t('duty_held')} {escape(held)}</span>" if held and not street else "") + f"</p><p>{escape(duty.words[en])}</p>"
                f"<p class='small'><span class='state'>{visit.t(f'duty_{duty.state}')}</span>"
                + (f" <span class='late-word'>{visit.t('duty_late')}</span>" if late else "") + (f" · {escape(said)}" if said else "")
                + ("" if duty.state == "done" else f" · {visit.t(due[0])} {local_time(due[1], visit.lang, now)}")
                + (f" · {escape(duty.remark)}" if duty.remark else "") + "</p>", sanitize=False)
            for number, text in enumerate(duty.checks):
                box = ui.checkbox(text[en], value=number in duty.ticked)
                if number in duty.ticked or duty.state == "done" or not visit.can(Act.RESPOND):
                    box.disable()
                else:
                    box.on_value_change(lambda event, check=number: self._tick(one.id, duty.id, check) if event.value else None)
            if duty.state == "done" or not visit.can(Act.RESPOND):
                return
            with ui.element("div").classes("row").style("margin-top:.3rem"):
                if duty.state == "waiting":
                    ui.button(visit.t("duty_take"), on_click=lambda: self._take(one.id, duty.id)).props(
                        f'dense no-caps color=primary aria-label="{visit.t("duty_take")}: {escape(duty.words[en])} {escape(where)}"')
                remark = ui.input(visit.t("duty_remark")).props("dense outlined").style("flex:1;min-width:8rem") if duty.checks else None
                ui.button(visit.t("duty_finish"), on_click=lambda: self._done(one.id, duty.id, str(remark.value or "") if remark else "")).props(
                    f'dense outline no-caps color=primary aria-label="{visit.t("duty_finish")}: {escape(duty.words[en])} {escape(where)}"')

    async def _take(self, response_id: UUID, duty_id: int) -> None:
        async def verb(account: Account) -> None:
            await self.visit.parts.response.acknowledge(response_id, duty_id, account=account)

        await self._did(verb)

    async def _tick(self, response_id: UUID, duty_id: int, check: int) -> None:
        async def verb(account: Account) -> None:
            await self.visit.parts.response.tick(response_id, duty_id, check, account=account)

        await self._did(verb)

    async def _done(self, response_id: UUID, duty_id: int, remark: str) -> None:
        async def verb(account: Account) -> None:
            await self.visit.parts.response.done(response_id, duty_id, account=account, remark=remark)

        await self._did(verb)

    async def _close(self, response_id: UUID, reason: str) -> None:
        async def verb(account: Account) -> None:
            await self.visit.parts.response.close(response_id, account=account, reason=reason)

        await self._did(verb)

    async def _did(self, verb: Verb) -> None:
        if await self.visit.act(verb, self.visit.t("recorded")):
            await self.tick()
