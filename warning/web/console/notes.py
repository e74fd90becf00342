"""Consultation (会商) on a proposal: what everybody has said, seen on every console at once."""

from html import escape
from uuid import UUID

from nicegui import ui

from warning.account import Account, Act
from warning.issue.consult.desk import LONGEST
from warning.web.console.reading import Reading
from warning.web.console.visit import Visit
from warning.web.words import local_time


class Notes:
    """Redrawn when somebody has said something; what is being typed here stays."""

    def __init__(self, visit: Visit, proposal: UUID, reading: Reading) -> None:
        self._visit, self._proposal = visit, proposal
        self._shown = -1
        ui.html(f"<h2>{escape(visit.t('consult'))}</h2>", sanitize=False)
        self._list = ui.html("", sanitize=False).props('role="log" aria-live="polite"').mark("notes")
        if visit.can(Act.SUBMIT):
            with ui.element("div").classes("row").style("width:100%"):
                self._text = ui.input(visit.t("consult_say")).props(f"dense outlined maxlength={LONGEST}").style("flex:1;min-width:12rem").mark("note")
                self._text.on("keydown.enter", self._say)
                ui.button(visit.t("consult_add"), on_click=self._say).props("outline no-caps color=grey-9")
        self.tick(reading)

    def tick(self, reading: Reading) -> None:
        notes = reading.notes.get(self._proposal, ())
        if len(notes) == self._shown:
            return
        self._shown = len(notes)
        lines = "".join(
            f"<p class='note'><b>{escape(one.who)}</b> <span class='soft small'>{local_time(one.at, self._visit.lang, reading.now)}</span><br>{escape(one.text)}</p>"
            for one in notes)
        self._list.set_content(lines or f"<p class='soft small'>{escape(self._visit.t('consult_none'))}</p>")

    async def _say(self) -> None:
        said = str(self._text.value or "").strip()
        if not said:
            return

        async def verb(account: Account) -> None:
            await self._visit.parts.consult.say(self._proposal, text=said, account=account)

        if await self._visit.act(verb, self._visit.t("consult_done")):
            self._text.set_value("")
            self.tick(await self._visit.watch.reading(fresh=True))
