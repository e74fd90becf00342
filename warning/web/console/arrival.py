"""One arrival, opened: where it comes from, what it is worth, what had to be mended, what it means here, and the two ways on."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from html import escape
from uuid import UUID

from nicegui import ui

from warning.account import Account, Act
from warning.issue.look import Look
from warning.signature import Standing
from warning.store import arrivals as store
from warning.store import board
from warning.store.arrivals import ArrivalView, Became, Closed
from warning.store.board import ProposalView
from warning.web.console.ask import ask_reason
from warning.web.console.changed import what_changed
from warning.web.console.check import Check
from warning.web.console.confirm import COLOUR, confirmed
from warning.web.console.frame import drill_chip
from warning.web.console.proposals import places, title
from warning.web.console.visit import Visit
from warning.web.words import SYMBOL, explained, level_word, local_time, zone_name


class Opened:
    """Everything is told; of the acts those that this account may try. Whether it may is asked again by the issue desk."""

    def __init__(self, visit: Visit, one: ArrivalView, changed: Callable[[], Awaitable[None]]) -> None:
        self._visit, self._one, self._changed = visit, one, changed

    async def draw(self) -> None:
        visit, one = self._visit, self._one
        ended = await store.closed(visit.parts.database, [became.id for became in one.became])
        ui.html(self._facts(), sanitize=False)
        ui.html(f"<h3>{visit.t('arr_mapped')}</h3>" + ("" if one.became else f"<p class='soft small'>{visit.t('arr_mapped_none')}</p>"), sanitize=False)
        for became in one.became:
            await self._became(became, ended)
        if visit.can(Act.OPERATE):  # what is kept may be of a scope that is not for everybody who signs in
            document = await store.document(visit.parts.database, one.id)
            ui.html(f"<details class='small'><summary>{visit.t('arr_document')}</summary><pre tabindex='0'>{escape(document)}</pre></details>", sanitize=False)

    def _facts(self) -> str:
        visit, one = self._visit, self._one
        times = f" · {visit.t('arr_times').format(n=one.times, at=local_time(one.last_at, visit.lang))}" if one.times > 1 else ""
        good = one.standing is Standing.VALID
        facts = [
            (visit.t("arr_sender"), escape(one.sender)), (visit.t("arr_sent"), local_time(one.sent, visit.lang)),
            (visit.t("arr_at"), f"{local_time(one.at, visit.lang)} · {visit.t(f'arr_{one.how}')}{times}"),
            (visit.t("arr_form"), f"{visit.t(f'arr_form_{one.form}')} · {escape(kind(visit, one))} · {visit.t(f'arr_{one.cap_status.lower()}')}"),
            (visit.t("arr_signature"), f"<b class='{'' if good else 'late-word'}'>{'✓ ' if good else ''}{visit.t(f'arr_{one.standing or Standing.UNSIGNED}')}</b>")]
        lines = "".join(f"<dt>{key}</dt><dd>{value}</dd>" for key, value in facts)
        why = f"<p class='{'wait' if one.waits else 'fault' if one.fate == 'refused' else 'note'} small'><b>{visit.t('arr_why')}</b> {escape(explained(one.why, visit.lang))}</p>"
        mended = "".join(f"<li>{escape(explained(line, visit.lang))}</li>" for line in one.repairs)
        return (
            f"<h2>{escape(called(visit, one.partner))} · {escape(one.identifier)}</h2><dl class='small'>{lines}</dl>{why if one.why else ''}"
            f"<h3>{visit.t('arr_repairs')}</h3>" + (f"<ul class='small'>{mended}</ul>" if mended else f"<p class='soft small'>{visit.t('arr_no_repairs')}</p>"))

    async def _became(self, became: Became, ended: Mapping[UUID, Closed]) -> None:
        visit = self._visit
        proposal = await board.proposal(visit.parts.database, became.id)
        with ui.element("div").classes("became").props(f'role="group" aria-label="{escape(title(visit, proposal))} {escape(places(visit, proposal))}"'):
            with ui.element("div").classes("row"):
                ui.label(f"{SYMBOL[proposal.level]} {level_word(proposal.level, visit.lang)}").classes(f"chip l{proposal.level.value}")
                ui.label(f"{title(visit, proposal)} · {visit.t(proposal.action)}").style("font-weight:700")
                drill_chip(visit, proposal.cap_status)
                ui.label(f"{local_time(proposal.onset, visit.lang)} – {local_time(proposal.expires, visit.lang)}").classes("soft small")
            names = ("、" if visit.lang == "zh" else ", ").join(f"{zone_name(visit.parts.zones, code, visit.lang)} {code}" for code in proposal.zones)
            ui.label(f"{visit.t('zones')}: {names}").classes("small")
            ui.html(_words(visit, proposal, called(visit, self._one.partner)), sanitize=False)
            ui.html(self._end(became, ended.get(became.id)), sanitize=False)
            if proposal.changes:
                ui.html(what_changed(visit, proposal), sanitize=False)
            if became.waits:
                Check(visit, partial(self._look, became.id))
                self._buttons(proposal)

    async def _look(self, proposal: UUID) -> Look:
        return await self._visit.parts.issue.look(proposal)

    def _end(self, became: Became, closed: Closed | None) -> str:
        """What came of it, with who and why."""
        visit = self._visit
        if became.alert:
            return (f"<p class='small'><b>{visit.t('arr_out')}</b> <a href='/console/alert/{escape(became.alert)}?lang={visit.lang}'>{escape(became.alert)}</a></p>")
        if became.waits:
            return f"<p class='wait small'>{visit.t('arr_waiting')} · {visit.t(became.status)}</p>"
        said = "" if closed is None else f" · {escape(closed.who)} {local_time(closed.at, visit.lang)}: {escape(explained(closed.why, visit.lang))}"
        return f"<p class='note small'><b>{visit.t('arr_no' if became.status == 'dismissed' else 'arr_back')}</b>{said}</p>"

    def _buttons(self, proposal: ProposalView) -> None:
        visit = self._visit
        submitted = proposal.status == "submitted"
        with ui.element("div").classes("row acts"):
            ui.link(visit.t("arr_at_desk"), f"/?lang={visit.lang}&proposal={proposal.id}").classes("small")
            if visit.can(Act.APPROVE) or (visit.can(Act.SUBMIT) and not submitted):
                ui.button(visit.t("arr_refuse"), on_click=lambda: self._refuse(proposal)).props("outline no-caps color=grey-9").mark("arr-refuse")
            if submitted and proposal.changes:
                ui.label(visit.t("arr_changed")).classes("soft small")
            elif submitted and visit.can(Act.APPROVE):
                own = proposal.submitted_by == visit.account.name
                sign = ui.button(visit.t("arr_release"), on_click=lambda: self._release(proposal)).props(
                    f"no-caps color={COLOUR[proposal.cap_status != 'Actual'][1]}").mark("arr-release")
                sign.set_enabled(not own)
                if own:
                    ui.label(visit.t("own")).classes("soft small")
            elif submitted:
                ui.label(visit.t("arr_viewer")).classes("soft small")

    async def _release(self, proposal: ProposalView) -> None:
        visit = self._visit
        zone = visit.parts.zones.by_code.get(proposal.zones[0])
        named = (proposal.zones[0],) if zone is None else (zone.name_en, zone.name_zh) if visit.lang == "en" else (zone.name_zh, zone.name_en)
        what = f"{level_word(proposal.level, visit.lang)} · {title(visit, proposal)} · {places(visit, proposal)}"
        if not await confirmed(visit, drill=proposal.cap_status != "Actual", what=what, places=named):
            return

        async def verb(account: Account) -> None:
            await visit.parts.issue.approve(proposal.id, account=account, revision=proposal.revision, status=proposal.cap_status)

        if await visit.act(verb, visit.t("arr_released")):
            await self._changed()

    async def _refuse(self, proposal: ProposalView) -> None:
        visit = self._visit
        about = f"{level_word(proposal.level, visit.lang)} · {title(visit, proposal)} · {places(visit, proposal)}"
        reason = await ask_reason(visit, visit.t("arr_refuse"), about=about, explains=visit.t("arr_refuse_why"))
        if reason is None:
            return

        async def verb(account: Account) -> None:
            if proposal.status == "submitted":  # its partner submitted it: taken from the signature first, then closed
                await visit.parts.issue.give_back(proposal.id, account=account, reason=reason)
            await visit.parts.issue.dismiss(proposal.id, account=account, reason=reason)

        if await visit.act(verb, visit.t("arr_refused_done")):
            await self._changed()


def called(visit: Visit, partner: str) -> str:
    """The partner as people know it; one that is in the settings no more by its name on record."""
    return next((one.called for one in visit.parts.intake.partners if one.name == partner), partner)


def kind(visit: Visit, one: ArrivalView) -> str:
    """An alert, its change or its end; another CAP message by its own name."""
    return visit.t(f"msg_{one.msg_type.lower()}") if one.msg_type in ("Alert", "Update", "Cancel") else one.msg_type


def _words(visit: Visit, proposal: ProposalView, name: str) -> str:
    """The partner's own words, as they stand under headlines of ours in the languages that it speaks; that of the page first."""
    said = {language: part.get("instruction", "") for language, part in proposal.texts.items() if f"{name}: " in part.get("instruction", "")}
    order = ("en-US", "zh-CN") if visit.lang == "en" else ("zh-CN", "en-US")
    blocks = "".join(f"<p class='said small' lang='{language}'>{escape(said[language])}</p>" for language in order if said.get(language))
    return f"<details class='small'><summary>{visit.t('arr_words')}</summary>{blocks}</details>" if blocks else ""
