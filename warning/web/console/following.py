"""What is in force, strongest first, each with its end and what may follow; one element for the whole list, however long it is."""

import json
from html import escape

from nicegui import ui
from nicegui.events import GenericEventArguments

from warning.account import Account, Act
from warning.level import Level
from warning.store.board import AlertView
from warning.web.console.ask import ask_reason
from warning.web.console.once import Once
from warning.web.console.reading import Reading
from warning.web.console.visit import Visit
from warning.web.followup import Follow, colours_of, needs_reason, offered, propose
from warning.web.retract import retract
from warning.web.words import SYMBOL, hazard_name, level_word, local_time, span, zone_name

MOST = 60
"""So many are listed; of more the weakest are counted."""
FIRST = 10
"""So many fill a screen: a page opens with these."""

# The buttons are plain HTML: the click finds its own.
_CLICK = "(event) => { const at = event.target.closest('[data-follow]'); if (at) emit(at.dataset.follow, at.dataset.alert) }"


class InForce:
    """Drawn for one set of alerts: those that fill a screen, and the rest by ``more``; ``tick`` keeps what is left of each right without touching anything else."""

    def __init__(self, visit: Visit, reading: Reading) -> None:
        self._visit = visit
        self._once = Once()
        self._alerts = {alert.identifier: alert for alert in reading.in_force}
        self._told: dict[str, str] = {}
        with ui.element("div").style("width:100%") as self._box:
            heading = f"<h2>{visit.t('in_force')} ({len(reading.in_force)})</h2>"
            self._put(reading, 0, FIRST, before=heading, after="" if reading.in_force else f"<p class='soft'>{visit.t('no_alerts')}</p>")

    def more(self, reading: Reading) -> None:
        """Below the first, which stay as they are: somebody may be pressing one of their buttons."""
        rest = len(reading.in_force) - MOST
        with self._box:
            self._put(reading, FIRST, MOST, after=f"<p class='soft small'>{self._visit.t('more_in_force').format(n=rest)}</p>" if rest > 0 else "")

    def _put(self, reading: Reading, start: int, stop: int, *, before: str = "", after: str = "") -> None:
        shown = reading.in_force[start:stop]
        self._told |= {alert.identifier: _left(self._visit, alert, reading) for alert in shown}
        items = "".join(_item(self._visit, alert, self._told[alert.identifier]) for alert in shown)
        if items or before or after:
            ui.html(before + (f"<ul class='plain'>{items}</ul>" if items else "") + after, sanitize=False).style("width:100%").on("click", self._chosen, js_handler=_CLICK)

    def tick(self, reading: Reading) -> None:
        """Only the words that have changed travel."""
        changed = {}
        for identifier in self._told:
            words = _left(self._visit, self._alerts[identifier], reading)
            if words != self._told[identifier]:
                changed[identifier] = self._told[identifier] = words
        if changed:
            ui.run_javascript(
                f"for (const [id, words] of Object.entries({json.dumps(changed)})) {{ const at = document.querySelector(`[data-left='${{id}}']`); "
                "if (at) at.textContent = words }")

    async def _chosen(self, event: GenericEventArguments) -> None:
        how, identifier = event.args
        alert = self._alerts.get(str(identifier))
        if alert is not None:
            await self._once(lambda: follow_up(self._visit, alert, Follow(how)))


async def follow_up(visit: Visit, alert: AlertView, how: Follow) -> bool:
    """One click makes the proposal and opens it; what needs a reason asks for it first. False when nothing was made."""
    reason = ""
    if needs_reason(how, alert, _colours(visit, alert)):
        said = await ask_reason(
            visit, visit.t(f"follow_{how}"), about=f"{SYMBOL[alert.level]} {level_word(alert.level, visit.lang)} · {name(visit, alert)}", explains=visit.t(f"follow_{how}_why"))
        if said is None:
            return False
        reason = said
    made = []

    async def verb(account: Account) -> None:
        if how is Follow.RETRACT:
            made.append((await retract(visit.parts, alert.identifier, reason=reason, account=account)).proposal)
        else:
            made.append(await propose(visit.parts, alert.identifier, how, account=account, reason=reason))

    if not await visit.act(verb, visit.t("follow_made")):
        return False
    await visit.watch.reading(fresh=True)  # the page that opens shows what is new in it
    ui.navigate.to(f"/?lang={visit.lang}&proposal={made[0]}")
    return True


def follow_buttons(visit: Visit, alert: AlertView) -> str:
    """HTML; nothing for somebody who may not submit."""
    if not visit.can(Act.SUBMIT):
        return ""
    return "".join(
        f"<button type='button' class='mini' data-follow='{how}' data-alert='{escape(alert.identifier)}' "
        f"aria-label='{escape(visit.t(f'follow_{how}'))}: {escape(name(visit, alert))}'>{escape(visit.t(f'follow_{how}'))}</button>"
        for how in offered(alert, _colours(visit, alert)))


def name(visit: Visit, alert: AlertView) -> str:
    places = [zone_name(visit.parts.zones, code, visit.lang) for code in alert.zones[:3]]
    return f"{hazard_name(visit.parts.rule_sets, alert.hazard, visit.lang)} · {('、' if visit.lang == 'zh' else ', ').join(places)}{'…' if len(alert.zones) > 3 else ''}"


def chip(visit: Visit, alert: AlertView) -> str:
    """The level, and beside real warnings that it is a drill."""
    drill = " <span class='chip' style='background:#6f3aa0;color:#fff'>演练 DRILL</span>" if alert.status != "Actual" and not visit.drill else ""
    return f"<span class='chip l{alert.level.value}'>{SYMBOL[alert.level]} {level_word(alert.level, visit.lang)}</span>{drill}"


def _item(visit: Visit, alert: AlertView, left: str) -> str:
    return (
        f"<li class='entry b{alert.level.value}' style='cursor:default'><div class='row'>{chip(visit, alert)}<b>{escape(name(visit, alert))}</b></div>"
        f"<div class='small' data-left='{escape(alert.identifier)}'>{escape(left)}</div>"
        f"<div class='row'><a class='small' href='/console/alert/{escape(alert.identifier)}?lang={visit.lang}'>{visit.t('timeline')}</a>"
        f"{follow_buttons(visit, alert)}</div></li>")


def _left(visit: Visit, alert: AlertView, reading: Reading) -> str:
    left = span((alert.expires - reading.now).total_seconds(), visit.lang)
    return f"{visit.t('until')} {local_time(alert.expires, visit.lang, reading.now)} · {visit.t('left')} {left}"


def _colours(visit: Visit, alert: AlertView) -> list[Level]:
    issuer = visit.parts.issuers.get(alert.issuer)
    return colours_of(alert, None if issuer is None else visit.parts.rule_sets.get(issuer.rule_set))
