"""The list of proposals, most urgent first, with the age of their data; one element for the whole list, however long it is."""

import json
from collections.abc import Callable, Sequence
from html import escape
from uuid import UUID

from nicegui import ui
from nicegui.events import GenericEventArguments

from warning.level import Level
from warning.store.board import ProposalView
from warning.web.body import read_body
from warning.web.console.reading import Reading
from warning.web.console.visit import Visit
from warning.web.words import ACTION_REASON, SYMBOL, hazard_name, level_word, span, zone_name

# The entries are plain HTML: the click finds its own.
_CLICK = "(event) => { const at = event.target.closest('[data-proposal]'); if (at) emit(at.dataset.proposal) }"
# In place, so that a keyboard keeps its place.
_TELL = """for (const [id, words] of Object.entries(%s)) { const at = document.querySelector(`[data-proposal='${id}'] [data-age]`); if (at) at.textContent = words }"""
_MARK = """for (const at of document.querySelectorAll('[data-proposal]')) { const own = at.dataset.proposal === %s; at.classList.toggle('chosen', own); at.setAttribute('aria-pressed', String(own)) }"""


class ProposalList:
    """One button per proposal: reachable by Tab, opened by Enter. Drawn for one set of proposals; ``tick`` keeps ages and the mark right."""

    def __init__(self, visit: Visit, reading: Reading, chosen: UUID | None, choose: Callable[[UUID], None]) -> None:
        self._visit, self._choose, self._chosen = visit, choose, chosen
        self._proposals = {str(proposal.id): proposal for proposal in reading.proposals}
        self._told = {key: age(visit, proposal, reading) for key, proposal in self._proposals.items()}
        entries = "".join(_entry(visit, proposal, self._told[key], chosen=proposal.id == chosen) for key, proposal in self._proposals.items())
        none = f"<p class='soft'>{escape(visit.t('nothing_waits'))}</p>"
        ui.html(f"<h2>{escape(visit.t('proposals'))} ({len(reading.proposals)})</h2>{entries or none}", sanitize=False).style("width:100%").on(
            "click", self._clicked, js_handler=_CLICK)

    def tick(self, reading: Reading, chosen: UUID | None) -> None:
        """Only what has changed travels."""
        ages = {key: age(self._visit, proposal, reading) for key, proposal in self._proposals.items()}
        changed = {key: words for key, words in ages.items() if words != self._told[key]}
        self._told = ages
        if changed:
            ui.run_javascript(_TELL % json.dumps(changed))
        if chosen != self._chosen:
            self._chosen = chosen
            ui.run_javascript(_MARK % json.dumps("" if chosen is None else str(chosen)))

    def _clicked(self, event: GenericEventArguments) -> None:
        proposal = self._proposals.get(str(event.args))
        if proposal is not None:
            self._choose(proposal.id)


def _entry(visit: Visit, proposal: ProposalView, old: str, *, chosen: bool) -> str:
    level, drill = level_of(proposal), proposal.cap_status != "Actual" and not visit.drill
    kinds = f"entry b{level.value}{' drillentry' if drill else ''}{' chosen' if chosen else ''}"
    return (
        f"<button type='button' class='{kinds}' data-proposal='{proposal.id}' aria-pressed='{str(chosen).lower()}'>"
        f"<div class='row'><div class='chip l{level.value}'>{SYMBOL[level]} {escape(level_word(level, visit.lang))}</div>"
        f"<div style='font-weight:700'>{escape(title(visit, proposal))}</div>{'<div class=drillchip>演练 DRILL</div>' if drill else ''}</div>"
        f"<div>{escape(places(visit, proposal))}</div>"
        f"<div class='soft small'>{escape(f'{visit.t(proposal.status)} · {visit.t(proposal.action)} · {reason(visit, proposal)}')}</div>"
        f"<div class='soft small' data-age>{escape(old)}</div></button>")


def level_of(proposal: ProposalView) -> Level:
    """What would go out: the colour that somebody has chosen, else the data's own."""
    chosen = proposal.changes.get("level")
    return proposal.level if chosen is None else Level.of(str(chosen))


def zones_of(proposal: ProposalView) -> Sequence[str]:
    """What would be warned."""
    chosen = proposal.changes.get("zones")
    return [str(code) for code in chosen] if isinstance(chosen, list) else proposal.zones


def title(visit: Visit, proposal: ProposalView) -> str:
    """The hazard's name, or the names of all that it may be."""
    body, chosen = read_body(proposal.body), proposal.changes.get("hazard")
    if isinstance(chosen, str):
        return hazard_name(visit.parts.rule_sets, chosen, visit.lang)
    named = body.hazard_en if visit.lang == "en" else body.hazard_zh
    return named or hazard_name(visit.parts.rule_sets, proposal.hazard, visit.lang)


def places(visit: Visit, proposal: ProposalView, codes: Sequence[str] = ()) -> str:
    """``codes``: other places than it has been given so far."""
    named = codes or zones_of(proposal)
    names = [zone_name(visit.parts.zones, code, visit.lang) for code in named[:4]]
    return ("、" if visit.lang == "zh" else ", ").join(names) + ("…" if len(named) > 4 else "")


def reason(visit: Visit, proposal: ProposalView) -> str:
    words = ACTION_REASON.get(proposal.reason)
    return proposal.reason if words is None else words[visit.lang == "en"]


def age(visit: Visit, proposal: ProposalView, reading: Reading) -> str:
    """How old the data are, by the desk's clock."""
    since = proposal.data_time or proposal.created_at
    return f"{visit.t('data_age')} {span((reading.now - since).total_seconds(), visit.lang)}{' ' if visit.lang == 'en' else ''}{visit.t('ago')}"
