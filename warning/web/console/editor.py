"""The chosen proposal: its evidence, its area and texts, the check of what would go out, the consultation, and the signatures."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
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
from warning.web.console.drafts import Draft
from warning.web.console.evidence import evidence_table
from warning.web.console.frame import drill_chip
from warning.web.console.notes import Notes
from warning.web.console.once import Once
from warning.web.console.proposals import age, level_of, places, reason, title, zones_of
from warning.web.console.reading import Reading
from warning.web.console.visit import Visit
from warning.web.console.wording import Wording
from warning.web.words import BEIJING, SYMBOL, level_word, local_time, span

TIME = "%Y-%m-%d %H:%M"
CENSUS = "census 2020"

Verb = Callable[[Account], Awaitable[None]]


class Editor:
    """Opened for one revision of one proposal; what is typed is kept as a draft until it is submitted or given up."""

    def __init__(self, visit: Visit, proposal: ProposalView, reading: Reading, *, anew: Callable[[], Awaitable[None]]) -> None:
        """``anew`` draws the page as it is after an act, without waiting for its next look."""
        self.visit = visit
        self.proposal = proposal
        self._anew = anew
        self._once = Once()
        self.body = read_body(proposal.body)
        self.open = proposal.status == "open"
        self.drill = proposal.cap_status != "Actual"
        self.editable = self.open and visit.can(Act.SUBMIT)
        self._draft = visit.watch.drafts.of(visit.account.name, str(proposal.id)) if visit.can(Act.SUBMIT) else None
        # Onto another revision nothing is laid unasked: somebody else may have written there.
        self._given = self._draft.changes if self.editable and self._draft is not None and self._draft.revision == proposal.revision else proposal.changes
        self._ready = False
        self._build(reading)
        self._ready = True

    def tick(self, reading: Reading) -> None:
        """What others have said meanwhile; what is being typed is left alone."""
        self._notes.tick(reading)

    def _build(self, reading: Reading) -> None:
        visit, proposal = self.visit, self.proposal
        with ui.element("div").classes("row"):
            level = level_of(proposal)
            ui.label(f"{SYMBOL[level]} {level_word(level, visit.lang)}").classes(f"chip l{level.value}")
            ui.label(f"{title(visit, proposal)} · {places(visit, proposal)}").style("font-weight:700;font-size:1.1rem")
            ui.label(f"{visit.t(proposal.action)} · {visit.t(proposal.status)}").classes("soft")
            drill_chip(visit, proposal.cap_status)
        self._facts(reading)
        self._drafted(reading)
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
            visit, self._able, self._zones_stated(), drawn=self._drawn_stated(), circle=_mapping(self._given.get("circle")),
            enabled=self.editable, changed=self._touched)
        self._words = Wording(
            visit, proposal.texts, _mapping(self._given.get("texts")) or {}, by_hand=proposal.reason == "by_hand", enabled=self.editable, changed=self._touched)
        for field in (self._level, self._expires):
            field.set_enabled(self.editable)
        self._check = Check(visit, self._look)
        self._notes = Notes(visit, proposal.id, reading)
        self._buttons()

    def _touched(self) -> None:
        if self._ready:
            self._keep()
            self._check.soon()

    def _keep(self) -> None:
        """An end that is no time yet is the one thing that is not kept."""
        if self._ready and not self._once.taken:
            self.visit.watch.drafts.keep(self.visit.account.name, str(self.proposal.id), Draft(
                revision=self.proposal.revision, changes=self.changes(strict=False), at=self.visit.parts.clock.now()))

    def _drop(self) -> None:
        self.visit.watch.drafts.drop(self.visit.account.name, str(self.proposal.id))

    def _drafted(self, reading: Reading) -> None:
        """That what is shown was never submitted; or that there is something of one's own that is not shown."""
        visit, draft = self.visit, self._draft
        if draft is None:
            return
        taken = self._given is draft.changes

        async def take() -> None:
            visit.watch.drafts.keep(visit.account.name, str(self.proposal.id), replace(draft, revision=self.proposal.revision))
            await self._anew()

        async def give_up() -> None:
            self._drop()
            await self._anew()

        with ui.element("div").classes("row wait small").mark("draft"):
            said = "draft_taken" if taken else "draft_other" if self.open else "draft_waits"
            ui.label(f"{visit.t(said)} ({local_time(draft.at, visit.lang, reading.now)})")
            if not taken and self.editable:
                ui.button(visit.t("draft_take"), on_click=take).props("outline dense no-caps color=grey-9")
            ui.button(visit.t("draft_drop"), on_click=give_up).props("outline dense no-caps color=grey-9")

    async def _look(self) -> Look:
        """With what stands in the form while it can be edited; as it was submitted afterwards."""
        if not self.editable:
            return await self.visit.parts.issue.look(self.proposal.id)
        self._words.follow(await self.visit.parts.issue.form_texts(self.proposal.id, changes=self._asked()))
        found = await self.visit.parts.issue.look(self.proposal.id, changes=self._asked())
        self._override.set_visibility(bool(found.alert and found.unlike or self._override.value))
        return found

    def _asked(self) -> Mapping[str, object]:
        """What is asked about, while a cause may be open."""
        try:
            return {key: value for key, value in self.changes().items() if value is not None}
        except ValueError:
            raise ValueError(self.visit.t("bad_time")) from None

    def _facts(self, reading: Reading) -> None:
        visit, proposal = self.visit, self.proposal
        lead = (proposal.onset - reading.now).total_seconds()
        bits = [age(visit, proposal, reading), reason(visit, proposal)]
        if lead > 0 or self.body.evidence:
            bits.append(f"{visit.t('lead')} {span(lead, visit.lang)}" if lead > 0 else visit.t("observed"))
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
        chosen = self._given.get("hazard")
        radio = ui.radio(options, value=chosen if chosen in options else None, on_change=self._touched).props("inline dense")
        radio.set_enabled(self.editable)
        return radio

    def _buttons(self) -> None:
        visit, proposal = self.visit, self.proposal
        may_return = not self.open and visit.can(Act.APPROVE)
        if self.editable:
            self._override = ui.input(visit.t("override"), value=str(self._given.get("override") or ""), on_change=self._keep).props("dense outlined").style("width:100%").mark("override")
            self._override.set_visibility(bool(self._override.value))
        with ui.element("div").classes("row acts"):
            if self.editable or may_return:
                self._reason = ui.input(visit.t("reason"), value=str(self._given.get("note") or "") if self.editable else "", on_change=self._keep if self.editable else None).props(
                    "dense outlined").style("flex:1;min-width:10rem")
            if self.editable:
                ui.button(visit.t("dismiss"), on_click=lambda: self._once(self._dismiss)).props("outline no-caps color=grey-9")
                if visit.parts.issue.fast(
                        proposal.hazard, proposal.level, action=proposal.action, status=proposal.cap_status, account=visit.account):
                    ui.button(visit.t("express"), on_click=lambda: self._once(self._express)).props(f"outline no-caps color={COLOUR[self.drill][1]}").mark("express")
                ui.button(visit.t("submit"), on_click=lambda: self._once(self._submit)).props("no-caps color=primary").mark("submit")
            if may_return:
                own = proposal.submitted_by == visit.account.name
                ui.button(visit.t("return"), on_click=lambda: self._once(self._return)).props("outline no-caps color=grey-9")
                approve = ui.button(visit.t("approve"), on_click=lambda: self._once(self._ask)).props(f"no-caps color={COLOUR[self.drill][1]}").mark("approve")
                approve.set_enabled(not own)
                if own:
                    ui.label(visit.t("own")).classes("soft small")

    async def _act(self, verb: Verb, done: str) -> bool:
        if not await self.visit.act(verb, done):
            return False
        self._drop()
        await self._anew()
        return True

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

    async def _submit(self) -> bool:
        visit, proposal, changes = self.visit, self.proposal, self._stated_changes()
        if changes is None:
            return False

        async def verb(account: Account) -> None:
            await visit.parts.issue.submit(proposal.id, account=account, revision=proposal.revision, changes=changes)

        return await self._act(verb, visit.t("done_submit"))

    async def _express(self) -> bool:
        visit, proposal, changes = self.visit, self.proposal, self._stated_changes()
        if changes is None or not await self._sure(visit.t("express_why")):
            return False

        async def verb(account: Account) -> None:
            await visit.parts.issue.express(
                proposal.id, account=account, revision=proposal.revision, changes=changes, status=proposal.cap_status)

        return await self._act(verb, visit.t("issued"))

    async def _ask(self) -> bool:
        visit, proposal = self.visit, self.proposal
        if not await self._sure(""):
            return False

        async def verb(account: Account) -> None:
            await visit.parts.issue.approve(proposal.id, account=account, revision=proposal.revision, status=proposal.cap_status)

        return await self._act(verb, visit.t("issued"))

    async def _sure(self, why: str) -> bool:
        """A drill is confirmed with other words, in another colour and by another key than the real thing."""
        visit, proposal = self.visit, self.proposal
        codes = self._area.zones or list(zones_of(proposal))
        first = visit.parts.zones.by_code.get(codes[0])
        named = (codes[0],) if first is None else (first.name_en, first.name_zh) if visit.lang == "en" else (first.name_zh, first.name_en)
        level = Level.of(str(self._level.value))
        return await confirmed(
            visit, drill=self.drill, what=f"{level_word(level, visit.lang)} · {title(visit, proposal)} · {places(visit, proposal, codes)}", places=named, why=why)

    async def _return(self) -> bool:
        async def verb(account: Account) -> None:
            await self.visit.parts.issue.give_back(self.proposal.id, account=account, reason=self._reason.value)

        return await self._because(verb, "done_return")

    async def _dismiss(self) -> bool:
        async def verb(account: Account) -> None:
            await self.visit.parts.issue.dismiss(self.proposal.id, account=account, reason=self._reason.value)

        return await self._because(verb, "done_dismiss")

    async def _because(self, verb: Verb, done: str) -> bool:
        if not (self._reason.value or "").strip():
            ui.notify(self.visit.t("reason_needed"), type="warning", position="top")
            return False
        return await self._act(verb, self.visit.t(done))

    def changes(self, *, strict: bool = True) -> dict[str, object]:
        """Only what differs from the data's own proposal. Raises ValueError for an end that is no time; unless ``strict`` it is left out."""
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
            try:
                found["expires"] = datetime.strptime(self._expires.value.strip(), TIME).replace(tzinfo=BEIJING).isoformat()
            except ValueError:
                if strict:
                    raise
        texts = self._words.changes()
        if texts is not None:
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
        changed = self._given.get("zones")
        return [str(code) for code in changed] if isinstance(changed, list) else list(self.proposal.zones)

    def _drawn_stated(self) -> Mapping[str, object] | None:
        """What a person drew; the data's own outline is evidence and no drawing."""
        changed = _mapping(self._given.get("polygon"))
        return changed or (self.proposal.polygon if self.proposal.reason == "by_hand" else None)

    def _expires_stated(self) -> str:
        changed = self._given.get("expires")
        at = datetime.fromisoformat(str(changed)) if changed else self.proposal.expires
        return at.astimezone(BEIJING).strftime(TIME)

    def _stated(self, key: str, otherwise: str) -> str:
        changed = self._given.get(key)
        return changed if isinstance(changed, str) else otherwise


def _mapping(value: object) -> Mapping[str, object] | None:
    return value if isinstance(value, Mapping) else None
