"""The proposal that somebody was looking at waits no more: what became of it, and where to go on; nothing is put in its place unasked."""

from collections.abc import Callable
from html import escape
from uuid import UUID

from nicegui import ui

from warning.store.board import AlertView
from warning.web.console.following import chip, name
from warning.web.console.reading import Reading
from warning.web.console.visit import Visit


def issued(reading: Reading, proposal: UUID) -> AlertView | None:
    """What it was issued as, when it was."""
    return next((alert for alert in (*reading.recent, *reading.in_force) if alert.proposal_id == proposal), None)


def gone(visit: Visit, alert: AlertView | None, *, onward: Callable[[], None] | None) -> None:
    """``onward`` opens the first of those that wait; None when none does."""
    with ui.element("div").props('role="status"').style("display:grid;gap:.5rem;min-height:40vh;align-content:start"):
        if alert is None:
            ui.label(visit.t("gone")).classes("wait")
        else:
            ui.html(f"<p>{escape(visit.t('gone_issued'))} {chip(visit, alert)} <a href='/console/alert/{escape(alert.identifier)}?lang={visit.lang}'>"
                    f"{escape(name(visit, alert))} · {escape(visit.t('gone_watch'))}</a></p>", sanitize=False).classes("wait")
        if onward is not None:
            ui.button(visit.t("gone_next"), on_click=onward).props("no-caps color=primary").style("justify-self:start")
        else:
            ui.label(visit.t("nothing_waits")).classes("soft")
