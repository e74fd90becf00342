"""What was changed on submission, before and after, for the person who signs second."""

from datetime import datetime
from html import escape

from warning.level import Level
from warning.store.board import ProposalView
from warning.web.console.visit import Visit
from warning.web.console.wording import LANGUAGES, PARTS
from warning.web.textdiff import marked
from warning.web.words import BEIJING, SYMBOL, hazard_name, level_word, zone_name

_NAMES = dict(LANGUAGES)


def what_changed(visit: Visit, proposal: ProposalView) -> str:
    """A table: what, as proposed, as submitted. Texts are marked word by word."""
    head = f"<p class='wait small'>{escape(visit.t('submitted_by'))} {escape(proposal.submitted_by or '—')}</p>"
    rows = "".join(_rows(visit, proposal))
    if not rows:
        return f"{head}<p class='soft small'>{escape(visit.t('nothing_changed'))}</p>"
    names = "".join(f"<th scope='col'>{escape(visit.t(key))}</th>" for key in ("before", "after"))
    return f"{head}<table class='grid check'><caption class='small' style='text-align:left;font-weight:700'>{escape(visit.t('what_changed'))}</caption><tr><th></th>{names}</tr>{rows}</table>"


def _rows(visit: Visit, proposal: ProposalView) -> list[str]:
    changes, found = proposal.changes, []
    if "hazard" in changes:
        found.append(_row(visit.t("hazard"), *(hazard_name(visit.parts.rule_sets, key, visit.lang) for key in (proposal.hazard, str(changes["hazard"])))))
    if "level" in changes:
        found.append(_row(visit.t("level"), _level(visit, proposal.level), _level(visit, Level.of(str(changes["level"])))))
    if isinstance(zones := changes.get("zones"), list):
        found.append(_row(visit.t("zones"), _zones(visit, list(proposal.zones)), _zones(visit, [str(code) for code in zones])))
    if changes.get("circle") or changes.get("polygon"):
        found.append(_row(visit.t("area"), visit.t("area_zones"), visit.t("area_circle" if changes.get("circle") else "area_drawn")))
    if "expires" in changes:
        after = datetime.fromisoformat(str(changes["expires"]))
        found.append(_row(visit.t("expires"), _time(proposal.expires), _time(after)))
    if isinstance(texts := changes.get("texts"), dict):
        for language, words in texts.items():
            for part in PARTS:
                before, after_text = proposal.texts.get(language, {}).get(part, ""), str(words.get(part, ""))
                if part in words and before != after_text:
                    found.append(f"<tr><th scope='row'>{escape(str(_NAMES.get(language, language)))} · {escape(visit.t(part))}</th><td colspan='2' lang='{escape(language)}'>{marked(before, after_text)}</td></tr>")
    if changes.get("override"):
        found.append(f"<tr><th scope='row'>{escape(visit.t('override'))}</th><td colspan='2' class='fault'>{escape(str(changes['override']))}</td></tr>")
    return found


def _row(what: str, before: str, after: str) -> str:
    return f"<tr><th scope='row'>{escape(what)}</th><td><del>{escape(before)}</del></td><td><ins>{escape(after)}</ins></td></tr>"


def _level(visit: Visit, level: Level) -> str:
    return f"{SYMBOL[level]} {level_word(level, visit.lang)}"


def _zones(visit: Visit, codes: list[str]) -> str:
    return ("、" if visit.lang == "zh" else ", ").join(zone_name(visit.parts.zones, code, visit.lang) for code in codes)


def _time(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")
