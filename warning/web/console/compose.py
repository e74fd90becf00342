"""Composing by hand: any issuer, any event code, no grid needed; checked before it is made, and the same two signatures follow."""

from collections.abc import Callable
from datetime import timedelta
from html import escape

from nicegui import ui

from warning.account import Account, Act
from warning.cap import Status
from warning.issue.hand import HandMade
from warning.issue.look import Look
from warning.level import Level
from warning.watch.issuer import Issuer
from warning.web.console import check
from warning.web.console.area import Area
from warning.web.console.check import Check
from warning.web.console.drafts import Draft
from warning.web.console.frame import frame
from warning.web.console.once import Once
from warning.web.console.visit import Visit
from warning.web.console.wording import LANGUAGES, PARTS
from warning.web.words import SYMBOL, hazard_name, level_word, local_time, zone_name

_FORM = "compose"


class Compose:
    """The form; what is left empty is worded from the templates."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self._once = Once()
        frame(visit, "/compose")
        ui.add_css(check.CSS)
        parts, english = visit.parts, visit.lang == "en"
        draft = visit.watch.drafts.of(visit.account.name, _FORM)
        given = None if draft is None else draft.hand
        first = next(iter(parts.issuers)) if given is None else given.issuer
        names = self._hazards(first)
        code = next(iter(names)) if given is None else given.event_code
        with (
            ui.element("main").style("padding:.8rem;width:100%;max-width:72rem;margin:0 auto"),
            ui.element("section").classes("pane").style("display:grid;gap:.5rem;grid-template-columns:minmax(0,1fr)"),
        ):
            ui.html(f"<h1>{visit.t('compose')}</h1>", sanitize=False)
            if draft is not None:
                with ui.element("div").classes("row wait small").mark("draft"):
                    ui.label(f"{visit.t('draft_taken')} ({local_time(draft.at, visit.lang, parts.clock.now())})")
                    ui.button(visit.t("draft_drop"), on_click=self._begin_anew).props("outline dense no-caps color=grey-9")
            with ui.element("div").classes("row"):
                self._issuer = ui.select({code: i.name_en if english else i.name_zh for code, i in parts.issuers.items()}, on_change=self._reissued,
                                         value=first, label=visit.t("issuer")).props("outlined dense").style("min-width:16rem;flex:1").mark("issuer")
                self._hazard = ui.select(names, value=code if code in names else next(iter(names)), label=visit.t("hazard"), on_change=self._recoded).props(
                    "outlined dense").style("min-width:12rem;flex:1").mark("hazard")
                self._code = ui.input(visit.t("code"), value=code, on_change=self._touched).props("outlined dense").style("width:8rem")
                self._level = ui.select({one.key: f"{SYMBOL[one]} {level_word(one, visit.lang)}" for one in reversed(Level)}, value="yellow" if given is None else given.level.key,
                                        label=visit.t("level"), on_change=self._touched).props("outlined dense").style("width:9rem").mark("level")
                self._hours = ui.number(visit.t("hours"), value=6 if given is None else (given.expires - given.onset).total_seconds() / 3600, min=1, max=72, on_change=self._touched).props("outlined dense").style("width:10rem")
            self._register = ui.html("", sanitize=False).mark("register")
            self._area = Area(
                visit, self._own().may_warn, () if given is None else given.zones, drawn=None if given is None else given.polygon,
                circle=None if given is None else given.circle, enabled=visit.can(Act.SUBMIT), changed=self._touched)
            self._status = _status_choice(visit, None if given is None else given.status, self._touched)
            ui.label(visit.t("by_template")).classes("soft small")
            self._words: dict[str, dict[str, ui.textarea]] = {}
            with ui.element("div").classes("texts"):
                for language, name in LANGUAGES:
                    with ui.element("div"):
                        self._words[language] = {
                            part: ui.textarea(f"{name} · {visit.t(part)}", value="" if given is None else given.texts.get(language, {}).get(part, ""), on_change=self._touched).props(
                                f'outlined dense autogrow lang="{language}"').style("margin-bottom:.4rem").mark(f"{language}-{part}")
                            for part in PARTS}
            self._check = Check(visit, self._look, at_once=False)
            if visit.can(Act.SUBMIT):
                with ui.element("div").classes("row acts"):
                    ui.button(visit.t("make"), on_click=lambda: self._once(self._make)).props("no-caps color=primary").mark("make")
        self._tell_register()
        if self._area.zones:
            self._check.soon()

    def _touched(self) -> None:
        if not self._once.taken:
            self.visit.watch.drafts.keep(self.visit.account.name, _FORM, Draft(hand=self._hand(), at=self.visit.parts.clock.now()))
        if self._area.zones:
            self._check.soon()

    def _begin_anew(self) -> None:
        self.visit.watch.drafts.drop(self.visit.account.name, _FORM)
        ui.navigate.to(f"/compose?lang={self.visit.lang}")

    def _recoded(self) -> None:
        self._code.set_value(str(self._hazard.value or ""))
        self._touched()

    def _reissued(self) -> None:
        self._area.offer(self._own().may_warn)
        names = self._hazards(str(self._issuer.value))
        self._hazard.set_options(names, value=self._hazard.value if self._hazard.value in names else next(iter(names)))
        self._tell_register()
        self._touched()

    def _hazards(self, issuer: str) -> dict[str, str]:
        """By event code what it means by the issuer's own rules; any other code is typed."""
        rules = self.visit.parts.rule_sets[self.visit.parts.issuers[issuer].rule_set]
        return {one.event_code: f"{one.en if self.visit.lang == 'en' else one.zh} ({one.event_code})" for one in rules.hazards}

    def _own(self) -> Issuer:
        return self.visit.parts.issuers[str(self._issuer.value)]

    def _tell_register(self) -> None:
        self._register.set_content(register(self.visit, self._own()))

    def _hand(self) -> HandMade:
        now = self.visit.parts.clock.now()
        texts = {language: {part: field.value for part, field in words.items() if field.value} for language, words in self._words.items()}
        return HandMade(
            issuer=str(self._issuer.value), hazard="", event_code=str(self._code.value).strip(), level=Level.of(str(self._level.value)),
            zones=tuple(self._area.zones), onset=now, expires=now + timedelta(hours=float(self._hours.value or 6)), polygon=self._area.polygon,
            circle=self._area.circle, texts={language: words for language, words in texts.items() if words},
            status=self._status.value if self._status else None)

    async def _look(self) -> Look:
        return await self.visit.parts.issue.look_by_hand(self._hand(), account=self.visit.account)

    async def _make(self) -> bool:
        visit, hand, made = self.visit, self._hand(), []

        async def verb(account: Account) -> None:
            made.append(await visit.parts.issue.compose(hand, account=account))

        if not await visit.act(verb, visit.t("is_new")):
            return False
        visit.watch.drafts.drop(visit.account.name, _FORM)
        ui.navigate.to(f"/?lang={visit.lang}&proposal={made[0]}")
        return True


def register(visit: Visit, issuer: Issuer) -> str:
    """What the authority may issue, in words; the desk enforces it."""
    lang, parts = visit.lang, visit.parts
    own = f" · {escape(visit.t('own_templates'))}: {escape(', '.join(issuer.wordings))}" if issuer.wordings else ""
    if not issuer.registered:
        return f"<p class='soft small'>{escape(visit.t('register'))}: {escape(visit.t('register_all'))}{own}</p>"
    lines = []
    for entry in issuer.registered:
        hazards = ", ".join(hazard_name(parts.rule_sets, key, lang) for key in entry.hazards) or "*"
        levels = " ".join(f"{SYMBOL[level]} {level_word(level, lang)}" for level in sorted(entry.levels, reverse=True)) or "*"
        zones = ", ".join(zone_name(parts.zones, code, lang) for code in entry.zones) or "*"
        lines.append(f"<li>{escape(hazards)} · {escape(levels)} · {escape(zones)}</li>")
    return f"<div class='soft small'>{escape(visit.t('register'))}:{own}<ul style='margin:0 0 0 1rem'>{''.join(lines)}</ul></div>"


def _status_choice(visit: Visit, chosen: Status | None, changed: Callable[[], None]) -> ui.radio | None:
    """Where warnings are real, a single drill can be composed beside them; a drill deployment has no choice to offer."""
    if visit.parts.settings.status != "Actual":
        ui.label(visit.t("stays_drill")).classes("soft small")
        return None
    return ui.radio({"Actual": visit.t("live"), "Exercise": visit.t("single_drill")}, value=chosen or "Actual", on_change=changed).props("inline dense")
