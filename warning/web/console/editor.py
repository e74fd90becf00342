"""The chosen proposal: its evidence, its area and texts, the check of what would go out, the consultation, and the signatures."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from nicegui import ui

from warning.account import Account, Act
from warning.issue.look import Look
from warning.level import Level
from warning.store.board import ProposalView
from warning.web.body import read_body
from warning.web.console.area import Area
from warning.web.console.changed import what_changed
from warning.web.console.check import Check
from warning.web.console.confirm import COLOUR, confirmed
from warning.web.console.evidence import evidence_table
from warning.web.console.frame import drill_chip
from warning.web.console.notes import Notes
from warning.web.console.proposals import age, places, reason, title
from warning.web.console.reading import Reading
from warning.web.console.visit import Visit
from warning.web.words import BEIJING, SYMBOL, level_word, span

PARTS = ("headline", "description", "instruction", "sms")
LANGUAGES = (("zh-CN", "中文"), ("en-US", "English"))
TIME = "%Y-%m-%d %H:%M"
CENSUS = "census 2020"

Verb = Callable[[Account], Awaitable[None]]


class Editor:
    """Opened for one revision of one proposal; what is typed lives here until it is submitted."""

    def __init__(self, visit: Visit, proposal: ProposalView, reading: Reading) -> None:
        self.visit = visit
        self.proposal = proposal
        self.body = read_body(proposal.body)
        self.open = proposal.status == "open"
        self.drill = proposal.cap_status != "Actual"
        self.editable = self.open and visit.can(Act.SUBMIT)
        self._ready = False
        self._build(reading)
        self._ready = True

    def tick(self, reading: Reading) -> None:
        """What others have said meanwhile; what is being typed is left alone."""
        self._notes.tick(reading)

    def _build(self, reading: Reading) -> None:
        visit, proposal = self.visit, self.proposal
        with ui.element("div").classes("row"):
            ui.label(f"{SYMBOL[proposal.level]} {level_word(proposal.level, visit.lang)}").classes(f"chip l{proposal.level.value}")
            ui.label(f"{title(visit, proposal)} · {places(visit, proposal)}").style("font-weight:700;font-size:1.1rem")
            ui.label(f"{visit.t(proposal.action)} · {visit.t(proposal.status)}").classes("soft")
            drill_chip(visit, proposal.cap_status)
        self._facts(reading)
        if self.body.evidence:
            with ui.element("div").style("overflow-x:auto;width:100%").props(f'tabindex=0 role=region aria-label="{visit.t("evidence")}"'):
                ui.html(evidence_table(visit, self.body), sanitize=False)
        if not self.open:
            ui.html(what_changed(visit, proposal), sanitize=False).mark("changes")
        self._cause = self._cause_choice()
        with ui.element("div").classes("row").style("width:100%"):
            self._level = ui.select(
                {level.key: f"{SYMBOL[level]} {level_word(level, visit.lang)}" for level in reversed(Level)},
                value=self._stated("level", proposal.level.key), label=visit.t("level"), on_change=self._touched).props("dense outlined")
            self._expires = ui.input(visit.t("expires"), value=self._expires_stated(), on_change=self._touched).props("dense outlined").style("width:11rem")
        self._area = Area(
            visit, self._able, self._zones_stated(), drawn=self._drawn_stated(), circle=_mapping(proposal.changes.get("circle")),
            enabled=self.editable, changed=self._touched)
        self._words = self._texts()
        for field in (self._level, self._expires):
            field.set_enabled(self.editable)
        for text in (one for part in self._words.values() for one in part.values()):
            # Read-only, not disabled: an approver must be able to read, scroll and copy every word.
            text.props(add="" if self.editable else "readonly")
        self._check = Check(visit, self._look)
        self._notes = Notes(visit, proposal.id, reading)
        self._buttons()

    def _touched(self) -> None:
        if self._ready:
            self._check.soon()

    async def _look(self) -> Look:
        """With what stands in the form while it can be edited; as it was submitted afterwards."""
        try:
            changes = self.changes() if self.editable else None
        except ValueError:
            raise ValueError(self.visit.t("bad_time")) from None
        if changes is not None and changes.get("hazard") is None:
            changes.pop("hazard", None)
        return await self.visit.parts.issue.look(self.proposal.id, changes=changes)

    def _facts(self, reading: Reading) -> None:
        visit, proposal = self.visit, self.proposal
        lead = (proposal.onset - reading.now).total_seconds()
        bits = [
            age(visit, proposal, reading), reason(visit, proposal),
            f"{visit.t('lead')} {span(lead, visit.lang)}" if lead > 0 else visit.t("observed")]
        if self.body.affected.population:
            bits.append(f"{visit.t('affected')} {self.body.affected.population:,} ({visit.t('census_2020') if self.body.affected.source == CENSUS else self.body.affected.source})")
        with ui.element("div").classes("row"):
            ui.label(" · ".join(bits)).classes("soft small")
            ui.link(visit.t("explain"), f"/explain/{proposal.id}?lang={visit.lang}").classes("small")
        sites = self.body.affected.sites
        if sites:
            named = ("、" if visit.lang == "zh" else ", ").join(one.en if visit.lang == "en" else one.zh for one in sites[:6])
            ui.label(f"{visit.t('sites')} {len(sites)}: {named}{'…' if len(sites) > 6 else ''}").classes("soft small")
        leaves = [
            alert for alert in reading.in_force if alert.event_id != proposal.event_id and alert.status == proposal.cap_status
            and (alert.issuer, alert.hazard) == (proposal.issuer, proposal.hazard) and set(alert.zones) & set(proposal.zones)]
        if leaves and proposal.action != "cancel":
            names = ", ".join(f"{SYMBOL[alert.level]} {level_word(alert.level, visit.lang)} {alert.identifier}" for alert in leaves)
            ui.label(f"{visit.t('also_leaves')} {names}").classes("wait small")
        note = str(proposal.changes.get("note") or self.body.note)
        if note:
            ui.label(f"{visit.t('reason')}: {note}").classes("wait small")
        if self.open and proposal.returned:
            ui.label(f"{visit.t('returned')}: {proposal.returned}").classes("fault small")

    def _cause_choice(self) -> ui.radio | None:
        if not self.body.cause_to_decide:
            return None
        ui.label(self.visit.t("cause")).classes("wait").style("font-weight:700")
        options = {
            c.hazard: f"{c.en if self.visit.lang == 'en' else c.zh} ({c.event_code})" for c in self.body.cause_to_decide}
        chosen = self.proposal.changes.get("hazard")
        radio = ui.radio(options, value=chosen if chosen in options else None, on_change=self._touched).props("inline dense")
        radio.set_enabled(self.editable)
        return radio

    def _texts(self) -> dict[str, dict[str, ui.textarea]]:
        words: dict[str, dict[str, ui.textarea]] = {}
        edits = self.proposal.changes.get("texts")
        with ui.element("div").classes("texts"):
            for language, name in LANGUAGES:
                shown = dict(self.proposal.texts.get(language, {}))
                if isinstance(edits, dict):
                    shown |= edits.get(language, {})
                with ui.element("div"):
                    words[language] = {
                        part: ui.textarea(f"{name} · {self.visit.t(part)}", value=shown.get(part, ""), on_change=self._touched).props(
                            f'outlined dense autogrow lang="{language}"').style("margin-bottom:.4rem").mark(f"{language}-{part}")
                        for part in PARTS
                    }
        return words

    def _buttons(self) -> None:
        visit, proposal = self.visit, self.proposal
        may_return = not self.open and visit.can(Act.APPROVE)
        if self.editable:
            self._override = ui.input(visit.t("override")).props("dense outlined").style("width:100%").mark("override")
        with ui.element("div").classes("row acts"):
            if self.editable or may_return:
                self._reason = ui.input(visit.t("reason")).props("dense outlined").style("flex:1;min-width:10rem")
            if self.editable:
                ui.button(visit.t("dismiss"), on_click=self._dismiss).props("outline no-caps color=grey-9")
                if visit.parts.issue.fast(
                        proposal.hazard, proposal.level, action=proposal.action, status=proposal.cap_status, account=visit.account):
                    ui.button(visit.t("express"), on_click=self._express).props(f"outline no-caps color={COLOUR[self.drill][1]}").mark("express")
                ui.button(visit.t("submit"), on_click=self._submit).props("no-caps color=primary").mark("submit")
            if may_return:
                own = proposal.submitted_by == visit.account.name
                ui.button(visit.t("return"), on_click=self._return).props("outline no-caps color=grey-9")
                approve = ui.button(visit.t("approve"), on_click=self._ask).props(f"no-caps color={COLOUR[self.drill][1]}").mark("approve")
                approve.set_enabled(not own)
                if own:
                    ui.label(visit.t("own")).classes("soft small")

    def _stated_changes(self) -> Mapping[str, object] | None:
        """None, with a notice, while something is missing."""
        if self._cause is not None and self._cause.value is None:
            ui.notify(self.visit.t("choose_cause"), type="warning", position="top")
            return None
        try:
            return self.changes()
        except ValueError:
            ui.notify(self.visit.t("bad_time"), type="warning", position="top")
            return None

    async def _submit(self) -> None:
        visit, proposal, changes = self.visit, self.proposal, self._stated_changes()
        if changes is None:
            return

        async def verb(account: Account) -> None:
            await visit.parts.issue.submit(proposal.id, account=account, revision=proposal.revision, changes=changes)

        await visit.act(verb, visit.t("done_submit"))

    async def _express(self) -> None:
        visit, proposal, changes = self.visit, self.proposal, self._stated_changes()
        if changes is None or not await self._sure(visit.t("express_why")):
            return

        async def verb(account: Account) -> None:
            await visit.parts.issue.express(
                proposal.id, account=account, revision=proposal.revision, changes=changes, status=proposal.cap_status)

        await visit.act(verb, visit.t("issued"))

    async def _ask(self) -> None:
        visit, proposal = self.visit, self.proposal
        if not await self._sure(""):
            return

        async def verb(account: Account) -> None:
            await visit.parts.issue.approve(proposal.id, account=account, revision=proposal.revision, status=proposal.cap_status)

        await visit.act(verb, visit.t("issued"))

    async def _sure(self, why: str) -> bool:
        """A drill is confirmed with other words, in another colour and by another key than the real thing."""
        visit, proposal = self.visit, self.proposal
        first = visit.parts.zones.by_code.get(self._area.zones[0] if self._area.zones else "")
        named = (proposal.zones[0],) if first is None else (first.name_en, first.name_zh) if visit.lang == "en" else (first.name_zh, first.name_en)
        level = Level.of(str(self._level.value))
        return await confirmed(
            visit, drill=self.drill, what=f"{level_word(level, visit.lang)} · {title(visit, proposal)} · {places(visit, proposal)}", places=named, why=why)

    async def _return(self) -> None:
        async def verb(account: Account) -> None:
            await self.visit.parts.issue.give_back(self.proposal.id, account=account, reason=self._reason.value)

        await self._because(verb, "done_return")

    async def _dismiss(self) -> None:
        async def verb(account: Account) -> None:
            await self.visit.parts.issue.dismiss(self.proposal.id, account=account, reason=self._reason.value)

        await self._because(verb, "done_dismiss")

    async def _because(self, verb: Verb, done: str) -> None:
        if not (self._reason.value or "").strip():
            ui.notify(self.visit.t("reason_needed"), type="warning", position="top")
            return
        await self.visit.act(verb, self.visit.t(done))

    def changes(self) -> dict[str, object]:
        """Only what differs from the data's own proposal. Raises ValueError for an end that is no time."""
        proposal = self.proposal
        found: dict[str, object] = {}
        if self._cause is not None:
            found["hazard"] = self._cause.value
        if self._level.value != proposal.level.key:
            found["level"] = self._level.value
        if set(self._area.zones) != set(proposal.zones):
            found["zones"] = self._area.zones
        if self._area.circle is not None:
            found["circle"] = dict(self._area.circle)
        elif self._area.polygon is not None and self._area.polygon != (proposal.polygon if proposal.reason == "by_hand" else None):
            found["polygon"] = dict(self._area.polygon)
        elif self._area.polygon is None and proposal.reason == "by_hand" and proposal.polygon is not None and self._area.zones:
            found["polygon"] = dict(self._area.whole())  # what was drawn has been cleared: the zones in full
        if self._expires.value != proposal.expires.astimezone(BEIJING).strftime(TIME):
            written = datetime.strptime(self._expires.value.strip(), TIME).replace(tzinfo=BEIJING)
            found["expires"] = written.isoformat()
        texts = {
            language: {part: field.value or "" for part, field in parts.items() if field.value or proposal.texts.get(language, {}).get(part)}
            for language, parts in self._words.items()
            if any((field.value or "") != proposal.texts.get(language, {}).get(part, "") for part, field in parts.items())
        }
        if texts:
            found["texts"] = texts
        for key, given in (("note", "_reason"), ("override", "_override")):
            said = getattr(self, given, None)
            if said is not None and str(said.value or "").strip():
                found[key] = str(said.value).strip()
        return found

    def _able(self, code: str) -> bool:
        """Whether a zone may be chosen: what the proposal names already, and what the issuer may warn."""
        issuer = self.visit.parts.issuers.get(self.proposal.issuer)
        return code in self.proposal.zones or issuer is None or issuer.may_warn(code)

    def _zones_stated(self) -> list[str]:
        changed = self.proposal.changes.get("zones")
        return [str(code) for code in changed] if isinstance(changed, list) else list(self.proposal.zones)

    def _drawn_stated(self) -> Mapping[str, object] | None:
        """What a person drew; the data's own outline is evidence and no drawing."""
        changed = _mapping(self.proposal.changes.get("polygon"))
        return changed or (self.proposal.polygon if self.proposal.reason == "by_hand" else None)

    def _expires_stated(self) -> str:
        changed = self.proposal.changes.get("expires")
        at = datetime.fromisoformat(str(changed)) if changed else self.proposal.expires
        return at.astimezone(BEIJING).strftime(TIME)

    def _stated(self, key: str, otherwise: str) -> str:
        changed = self.proposal.changes.get(key)
        return changed if isinstance(changed, str) else otherwise


def _mapping(value: object) -> Mapping[str, object] | None:
    return value if isinstance(value, Mapping) else None
