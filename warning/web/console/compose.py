"""Composing by hand: any issuer, any event code, no grid needed; the same two signatures follow."""

from datetime import timedelta

from nicegui import ui

from warning.account import Account, Act
from warning.issue.hand import HandMade
from warning.level import Level
from warning.web.console.frame import frame
from warning.web.console.visit import Visit
from warning.web.words import SYMBOL, level_word

_PARTS = ("headline", "description", "instruction")


def compose_page(visit: Visit) -> None:
    """The form; what is left empty is worded from the templates."""
    frame(visit, "/compose")
    parts, english = visit.parts, visit.lang == "en"
    hazards = {
        hazard.key: (f"{hazard.en if english else hazard.zh} ({hazard.event_code})", hazard.event_code)
        for rule_set in parts.rule_sets.values() for hazard in rule_set.hazards}
    with ui.element("main").style("padding:.8rem;width:100%;max-width:64rem;margin:0 auto"), ui.element("section").classes("pane"):
        ui.html(f"<h1>{visit.t('compose')}</h1>", sanitize=False)
        with ui.element("div").classes("row"):
            issuer = ui.select({code: i.name_en if english else i.name_zh for code, i in parts.issuers.items()},
                               value=next(iter(parts.issuers)), label=visit.t("issuer")).props("outlined dense").style("min-width:16rem")
            hazard = ui.select({key: label for key, (label, _) in hazards.items()}, value=next(iter(hazards)),
                               label=visit.t("hazard")).props("outlined dense").style("min-width:12rem")
            code = ui.input(visit.t("code"), value=hazards[next(iter(hazards))][1]).props("outlined dense").style("width:8rem")
            level = ui.select({one.key: f"{SYMBOL[one]} {level_word(one, visit.lang)}" for one in reversed(Level)}, value="yellow",
                              label=visit.t("level")).props("outlined dense").style("width:9rem")
        hazard.on_value_change(lambda event: code.set_value(hazards[event.value][1]))
        with ui.element("div").classes("row").style("margin:.5rem 0"):
            zones = ui.select({zone.code: zone.name_en if english else zone.name_zh for zone in list(parts.zones)[:1000]}, multiple=True,
                              value=[], label=visit.t("zones")).props("outlined dense use-chips").style("min-width:20rem;flex:1")
            hours = ui.number(visit.t("hours"), value=6, min=1, max=72).props("outlined dense").style("width:12rem")
        status = _status_choice(visit)
        ui.label(visit.t("by_template")).classes("soft small")
        fields: dict[str, dict[str, ui.textarea]] = {}
        with ui.element("div").classes("texts"):
            for language, name in (("zh-CN", "中文"), ("en-US", "English")):
                with ui.element("div"):
                    fields[language] = {
                        part: ui.textarea(f"{name} · {visit.t(part)}").props(f'outlined dense autogrow lang="{language}"').style("margin-bottom:.4rem")
                        for part in _PARTS}

        async def make() -> None:
            now = parts.clock.now()
            texts = {
                language: {part: field.value for part, field in words.items() if field.value} for language, words in fields.items()}
            hand = HandMade(
                issuer=issuer.value, hazard=hazard.value, event_code=code.value, level=Level.of(level.value), zones=tuple(zones.value),
                onset=now, expires=now + timedelta(hours=float(hours.value or 6)),
                texts={language: words for language, words in texts.items() if words}, status=status.value if status else None)

            async def verb(account: Account) -> None:
                await parts.issue.compose(hand, account=account)

            if await visit.act(verb, visit.t("is_new")):
                ui.navigate.to(f"/?lang={visit.lang}")

        if visit.can(Act.SUBMIT):
            ui.button(visit.t("compose"), on_click=make).props("no-caps color=primary").style("margin-top:.6rem")


def _status_choice(visit: Visit) -> ui.radio | None:
    """Where warnings are real, a single drill can be composed beside them; a drill deployment has no choice to offer."""
    if visit.parts.settings.status != "Actual":
        return None
    return ui.radio({"Actual": visit.t("live"), "Exercise": visit.t("single_drill")}, value="Actual").props("inline dense")
