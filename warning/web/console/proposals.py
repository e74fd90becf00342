"""The list of proposals, most urgent first, with the age of their data."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from nicegui import ui

from warning.store.board import ProposalView
from warning.web.body import read_body
from warning.web.console.frame import drill_chip
from warning.web.console.reading import Reading
from warning.web.console.visit import Visit
from warning.web.words import ACTION_REASON, SYMBOL, hazard_name, level_word, span, zone_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A drawn proposal; ``tick`` keeps its age and its mark right without drawing it anew (a keyboard keeps its place)."""

    visit: Visit
    proposal: ProposalView
    button: ui.element
    age: ui.label

    def tick(self, reading: Reading, chosen: UUID | None) -> None:
        is_chosen = self.proposal.id == chosen
        self.age.set_text(age(self.visit, self.proposal, reading))
        self.button.classes(add="chosen" if is_chosen else "", remove="" if is_chosen else "chosen")
        self.button.props(f'aria-pressed="{str(is_chosen).lower()}"')


def proposal_list(visit: Visit, reading: Reading, choose: Callable[[UUID], None]) -> list[Entry]:
    """One button per proposal: reachable by Tab, opened by Enter."""
    entries: list[Entry] = []
    ui.html(f"<h2>{visit.t('proposals')} ({len(reading.proposals)})</h2>", sanitize=False)
    if not reading.proposals:
        ui.label(visit.t("nothing_waits")).classes("soft")
    for proposal in reading.proposals:
        button = ui.element("button").classes(f"entry b{proposal.level.value}").props('type="button"')
        button.on("click", lambda _, key=proposal.id: choose(key))
        with button:
            with ui.element("div").classes("row"):
                ui.label(f"{SYMBOL[proposal.level]} {level_word(proposal.level, visit.lang)}").classes(f"chip l{proposal.level.value}")
                ui.label(title(visit, proposal)).style("font-weight:700")
                if drill_chip(visit, proposal.cap_status):
                    button.classes(add="drillentry")
            ui.label(places(visit, proposal))
            ui.label(f"{visit.t(proposal.status)} · {visit.t(proposal.action)} · {reason(visit, proposal)}").classes("soft small")
            entries.append(Entry(visit=visit, proposal=proposal, button=button, age=ui.label().classes("soft small")))
    return entries


def title(visit: Visit, proposal: ProposalView) -> str:
    """The hazard's name, or the names of all that it may be."""
    body = read_body(proposal.body)
    named = body.hazard_en if visit.lang == "en" else body.hazard_zh
    return named or hazard_name(visit.parts.rule_sets, proposal.hazard, visit.lang)


def places(visit: Visit, proposal: ProposalView) -> str:
    names = [zone_name(visit.parts.zones, code, visit.lang) for code in proposal.zones[:4]]
    return ("、" if visit.lang == "zh" else ", ").join(names) + ("…" if len(proposal.zones) > 4 else "")


def reason(visit: Visit, proposal: ProposalView) -> str:
    words = ACTION_REASON.get(proposal.reason)
    return proposal.reason if words is None else words[visit.lang == "en"]


def age(visit: Visit, proposal: ProposalView, reading: Reading) -> str:
    """How old the data are, by the desk's clock."""
    since = proposal.data_time or proposal.created_at
    return f"{visit.t('data_age')} {span((reading.now - since).total_seconds(), visit.lang)}{' ' if visit.lang == 'en' else ''}{visit.t('ago')}"
