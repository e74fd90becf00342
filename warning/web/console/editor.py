"""The chosen proposal: its evidence, both languages side by side, and the signatures."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from html import escape

from nicegui import ui

from warning.account import Account, Act
from warning.level import Level
from warning.store.board import ProposalView
from warning.watch.explain import words_of
from warning.web.body import Body, EvidenceView, read_body
from warning.web.console.proposals import age, places, reason, title
from warning.web.console.reach import reach_panel
from warning.web.console.reading import Reading
from warning.web.console.visit import Visit
from warning.web.words import BEIJING, SYMBOL, level_word, span, zone_name

_PARTS = ("headline", "description", "instruction")
_TIME = "%Y-%m-%d %H:%M"

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
        self._build(reading)

    def _build(self, reading: Reading) -> None:
        visit, proposal = self.visit, self.proposal
        with ui.element("div").classes("row"):
            ui.label(f"{SYMBOL[proposal.level]} {level_word(proposal.level, visit.lang)}").classes(f"chip l{proposal.level.value}")
            ui.label(f"{title(visit, proposal)} · {places(visit, proposal)}").style("font-weight:700;font-size:1.1rem")
            ui.label(f"{visit.t(proposal.action)} · {visit.t(proposal.status)}").classes("soft")
            if self.drill and not visit.drill:
                ui.label(visit.t("drill")).classes("chip").style("background:#6f3aa0;color:#fff")
        self._facts(reading)
        if self.body.evidence:
            ui.html(_evidence_table(visit, self.body), sanitize=False)
        reach_panel(visit, proposal.id)
        self._cause = self._cause_choice()
        with ui.element("div").classes("row").style("width:100%"):
            self._level = ui.select(
                {level.key: f"{SYMBOL[level]} {level_word(level, visit.lang)}" for level in reversed(Level)},
                value=self._stated("level", proposal.level.key), label=visit.t("level")).props("dense outlined")
            offered = self._offered()
            self._zones = ui.select(
                {code: zone_name(visit.parts.zones, code, visit.lang) for code in offered}, multiple=True,
                value=self._zones_stated(), label=visit.t("zones")).props("dense outlined use-chips").style("min-width:14rem;flex:1")
            self._expires = ui.input(visit.t("expires"), value=self._expires_stated()).props("dense outlined").style("width:11rem")
        self._words = self._texts()
        for field in (self._level, self._zones, self._expires):
            field.set_enabled(self.editable)
        for text in (one for part in self._words.values() for one in part.values()):
            # Read-only, not disabled: an approver must be able to read, scroll and copy every word.
            text.props(add="" if self.editable else "readonly")
        self._buttons()

    def _facts(self, reading: Reading) -> None:
        visit, proposal = self.visit, self.proposal
        lead = (proposal.onset - reading.now).total_seconds()
        bits = [
            age(visit, proposal, reading), reason(visit, proposal),
            f"{visit.t('lead')} {span(lead, visit.lang)}" if lead > 0 else visit.t("observed")]
        if self.body.affected.population:
            bits.append(f"{visit.t('affected')} {self.body.affected.population:,} ({self.body.affected.source})")
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
        if proposal.submitted_by and not self.open:
            changed = ", ".join(sorted(proposal.changes)) or "—"
            ui.label(f"{visit.t('submitted_by')} {proposal.submitted_by} · {visit.t('changed')}: {changed}").classes("wait small")
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
        radio = ui.radio(options, value=chosen if chosen in options else None).props("inline dense")
        radio.set_enabled(self.editable)
        return radio

    def _texts(self) -> dict[str, dict[str, ui.textarea]]:
        words: dict[str, dict[str, ui.textarea]] = {}
        edits = self.proposal.changes.get("texts")
        with ui.element("div").classes("texts"):
            for language, name in (("zh-CN", "中文"), ("en-US", "English")):
                shown = dict(self.proposal.texts.get(language, {}))
                if isinstance(edits, dict):
                    shown |= edits.get(language, {})
                with ui.element("div"):
                    words[language] = {
                        part: ui.textarea(f"{name} · {self.visit.t(part)}", value=shown.get(part, "")).props(
                            f'outlined dense autogrow lang="{language}"').style("margin-bottom:.4rem")
                        for part in _PARTS
                    }
        return words

    def _buttons(self) -> None:
        visit, proposal = self.visit, self.proposal
        with ui.element("div").classes("row acts"):
            may_return = not self.open and visit.can(Act.APPROVE)
            if self.editable or may_return:
                self._reason = ui.input(visit.t("reason")).props("dense outlined").style("flex:1;min-width:10rem")
            if self.editable:
                ui.button(visit.t("dismiss"), on_click=self._dismiss).props("outline no-caps color=grey-9")
                ui.button(visit.t("submit"), on_click=self._submit).props("no-caps color=primary").mark("submit")
            if may_return:
                own = proposal.submitted_by == visit.account.name
                ui.button(visit.t("return"), on_click=self._return).props("outline no-caps color=grey-9")
                approve = ui.button(visit.t("approve"), on_click=self._ask).props(
                    f"no-caps color={'deep-purple-8' if self.drill else 'red-9'}").mark("approve")
                approve.set_enabled(not own)
                if own:
                    ui.label(visit.t("own")).classes("soft small")

    async def _submit(self) -> None:
        visit, proposal = self.visit, self.proposal
        if self._cause is not None and self._cause.value is None:
            ui.notify(visit.t("choose_cause"), type="warning", position="top")
            return
        try:
            changes = self.changes()
        except ValueError:
            ui.notify(visit.t("bad_time"), type="warning", position="top")
            return

        async def verb(account: Account) -> None:
            await visit.parts.issue.submit(proposal.id, account=account, revision=proposal.revision, changes=changes)

        await visit.act(verb, visit.t("done_submit"))

    async def _ask(self) -> None:
        """Approving is asked twice, and a drill asks in other words and another colour than the real thing."""
        visit, proposal = self.visit, self.proposal
        with ui.dialog() as dialog, ui.card().style("border-top:10px solid " + ("#6f3aa0" if self.drill else "#c4161c")):
            ui.label(visit.t("drill") if self.drill else visit.t("live")).style("font-weight:700;font-size:1.2rem")
            ui.label(f"{level_word(proposal.level, visit.lang)} · {title(visit, proposal)} · {places(visit, proposal)}")
            ui.label(visit.t("confirm_drill" if self.drill else "confirm_live"))
            with ui.element("div").classes("row"):
                ui.button(visit.t("cancel_dialog"), on_click=lambda: dialog.submit(False)).props("outline no-caps color=grey-9")
                ui.button(visit.t("confirm"), on_click=lambda: dialog.submit(True)).props(
                    f"no-caps color={'deep-purple-8' if self.drill else 'red-9'}").mark("confirm")
        if await dialog:
            async def verb(account: Account) -> None:
                await visit.parts.issue.approve(proposal.id, account=account, revision=proposal.revision)

            await visit.act(verb, visit.t("issued"))

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
        if set(self._zones.value) != set(proposal.zones):
            found["zones"] = list(self._zones.value)
        if self._expires.value != proposal.expires.astimezone(BEIJING).strftime(_TIME):
            written = datetime.strptime(self._expires.value.strip(), _TIME).replace(tzinfo=BEIJING)
            found["expires"] = written.isoformat()
        texts = {
            language: {part: field.value or "" for part, field in parts.items()}
            for language, parts in self._words.items()
            if any((field.value or "") != proposal.texts.get(language, {}).get(part, "") for part, field in parts.items())
        }
        if texts:
            found["texts"] = texts
        if (self._reason.value or "").strip():
            found["note"] = self._reason.value.strip()
        return found

    def _offered(self) -> list[str]:
        """The zones that the issuer may warn, and those already chosen."""
        issuer = self.visit.parts.issuers.get(self.proposal.issuer)
        able = [zone.code for zone in self.visit.parts.zones if issuer is None or issuer.may_warn(zone.code)]
        return list(dict.fromkeys([*self.proposal.zones, *self._zones_stated(), *able]))[:500]

    def _zones_stated(self) -> list[str]:
        changed = self.proposal.changes.get("zones")
        return [str(code) for code in changed] if isinstance(changed, list) else list(self.proposal.zones)

    def _expires_stated(self) -> str:
        changed = self.proposal.changes.get("expires")
        at = datetime.fromisoformat(str(changed)) if changed else self.proposal.expires
        return at.astimezone(BEIJING).strftime(_TIME)

    def _stated(self, key: str, otherwise: str) -> str:
        changed = self.proposal.changes.get(key)
        return changed if isinstance(changed, str) else otherwise


def _evidence_table(visit: Visit, body: Body) -> str:
    head = "".join(
        f"<th scope='col'>{escape(visit.t(key))}</th>" for key in ("zones", "peak", "rule_row", "share", "known"))
    rows = "".join(_evidence_row(visit, view) for view in body.evidence[:12])
    return f"<table class='grid'><caption class='soft small' style='text-align:left'>{visit.t('evidence')}</caption><tr>{head}</tr>{rows}</table>"


def _evidence_row(visit: Visit, view: EvidenceView) -> str:
    peak = "—" if view.peak is None else f"<b>{view.peak:.1f}</b> {escape(view.units)}"
    flags = [visit.t("observed")] if view.observed else []
    if view.extrapolated:
        flags.append(visit.t("extrapolated"))
    if view.goes_on in ("unknown", "no"):
        flags.append("⚠ " + visit.t(f"goes_on_{view.goes_on}"))
    if view.unconfirmed:
        flags.append("⚠ " + visit.t("unconfirmed"))
    test = words_of(view.test)[visit.lang == "en"]
    rule = f"{escape(test)}<br><span class='soft'>{escape(view.row)} v{escape(view.version)} {escape(' · '.join(flags))}</span>{_beside(visit, view)}"
    cells = [escape(zone_name(visit.parts.zones, view.zone, visit.lang)), peak, rule, f"{view.share:.0%}",
             f"{view.known_share:.0%}{_known_until(visit, view)}"]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _known_until(visit: Visit, view: EvidenceView) -> str:
    """"known until 06:00 of 10:00", where the data end before the rule's lead does."""
    if not view.ends_early or view.asked_until is None:
        return ""
    reached = "—" if view.known_until is None else view.known_until.astimezone(BEIJING).strftime(_TIME)
    asked = view.asked_until.astimezone(BEIJING).strftime(_TIME)
    return f"<br><span class='soft'>⚠ {escape(visit.t('known_until'))} {reached} / {asked}</span>"


def _beside(visit: Visit, view: EvidenceView) -> str:
    """What gauges and ensembles say of the same row, a line each."""
    lines = []
    if view.gauges:
        named = ", ".join(f"{one.station} {one.value:.1f} {one.units}" for one in view.gauges)
        more = "" if view.gauges_over <= len(view.gauges) else f" … ({view.gauges_over})"
        lines.append(f"{visit.t('gauges_over')}: {named}{more}")
    if view.disagreement is not None:
        one = view.disagreement
        lines.append(f"⚠ {visit.t('gauges_disagree')}: {one.said:.1f} → {one.measured:.1f} mm / {one.hours:g} h ({one.gauges})")
    if view.likelihood is not None:
        chance = view.likelihood
        asked = "" if chance.asked is None else f" / {chance.asked:.0%}"
        highest, mean = ("?" if part is None else f"{part:.0%}" for part in (chance.highest, chance.mean))
        lines.append(f"{visit.t('likelihood')}: {highest}{asked} ({visit.t('area_mean')} {mean})")
        if chance.missing:
            lines.append(f"⚠ {visit.t('members_missing')}: {', '.join(map(str, chance.missing))}")
        lines += [f"⚠ {doubt}" for doubt in chance.doubts]
    return "".join(f"<br><span class='soft'>{escape(line)}</span>" for line in lines)
