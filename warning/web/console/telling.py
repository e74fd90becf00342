"""Telling an event's story in tables: versions and signatures, calls, what the data said, acts; as HTML, nothing of it acts."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from warning.store.story import Called, Story, Version
from warning.watch.explain import number, unit, words_of
from warning.web.body import read_body
from warning.web.console.stack import stacked
from warning.web.console.visit import Visit
from warning.web.words import ACTION_REASON, SYMBOL, level_word, local_time, zone_name

_PLACES = 6


def versions(visit: Visit, told: Story, *, here: str) -> str:
    """Oldest first; the one that the page is about is marked."""
    rows = [[
        f"{one.version}{' ◀' if one.identifier == here else ''}",
        f"<span class='chip l{one.level.value}'>{SYMBOL[one.level]} {level_word(one.level, visit.lang)}</span> {visit.t(f'msg_{one.msg_type.lower()}')}",
        f"<a href='/console/alert/{escape(one.identifier)}?lang={visit.lang}'>{_time(visit, one.sent)}</a>", _time(visit, one.expires),
        escape(_places(visit, one)), escape(_reason(visit, one)), _signed(visit, one)] for one in told.versions]
    return _grid(visit.t("event_versions"), [visit.t(key) for key in ("version", "level", "issued_at", "until", "zones", "reason", "signatures")], rows)


def calls(visit: Visit, told: Story) -> str:
    rows = [[
        escape(one.post), visit.t(f"call_{one.state}"), _time(visit, one.opened_at), _time(visit, one.deadline),
        _answer(visit, one), escape(one.escalated_to)] for one in told.called]
    return _grid(visit.t("calls"), [visit.t(key) for key in ("post", "state", "called_at", "deadline", "answer", "next_called")], rows, empty=visit.t("no_calls"))


def values(visit: Visit, told: Story) -> str:
    """The feeds' values that each version rested on; a version by hand rests on none."""
    rows = []
    for version in told.versions:
        for one in read_body(version.body).evidence:
            peak = "—" if one.peak is None else f"<b>{number(one.peak)}</b> {escape(unit(one.units)[visit.lang == 'en'])}"
            rows.append([
                str(version.version), "" if version.data_time is None else _time(visit, version.data_time),
                escape(zone_name(visit.parts.zones, one.zone, visit.lang)), escape(words_of(one.test)[visit.lang == "en"]), peak, f"{100 * one.share:.0f} %", f"{100 * one.known_share:.0f} %"])
    return _grid(visit.t("feed_values"), [visit.t(key) for key in ("version", "data_age", "zones", "rule_row", "peak", "share", "known")], rows, empty=visit.t("no_values"))


def deeds(visit: Visit, told: Story) -> str:
    """Who did what, as the audit has it."""
    rows = [[_time(visit, one.at), escape(one.who), escape(_did(visit, one.act)), escape(one.what.partition(" ")[2][:60]), escape(one.why)] for one in told.deeds]
    return _grid(visit.t("acts"), [visit.t(key) for key in ("when", "who", "act", "object", "reason")], rows, empty=visit.t("no_acts"))


def _did(visit: Visit, act: str) -> str:
    key = f"act_{act.replace(' ', '_')}"
    return visit.t(key) if key in _ACTS else act


_ACTS = frozenset(f"act_{word}" for word in ("compose", "submit", "return", "approve", "dismiss", "skip", "acknowledge"))


def _signed(visit: Visit, one: Version) -> str:
    first = f"{escape(one.submitted_by)} {_time(visit, one.submitted_at)}" if one.submitted_by else "—"
    second = f"{escape(one.signed_by)} {_time(visit, one.signed_at)}" if one.signed_by else "—"
    scripted = f" ({visit.t('scripted')})" if one.scripted else ""
    changed = f"<br><span class='soft small'>{visit.t('changed')}: {escape(_listed(visit, [visit.t(_CHANGED[key]) for key in one.changed if key in _CHANGED]))}</span>" if one.changed else ""
    return f"{first} → {second}{scripted}{changed}"


_CHANGED = {"hazard": "hazard", "level": "level", "zones": "zones", "circle": "area_circle", "polygon": "area_drawn", "expires": "expires", "texts": "edits",
            "note": "reason", "override": "override"}


def _reason(visit: Visit, one: Version) -> str:
    words = ACTION_REASON.get(one.reason)
    note = read_body(one.body).note
    return " · ".join(filter(None, (one.reason if words is None else words[visit.lang == "en"], note)))


def _places(visit: Visit, one: Version) -> str:
    names = [zone_name(visit.parts.zones, code, visit.lang) for code in one.zones[:_PLACES]]
    more = f" +{len(one.zones) - _PLACES}" if len(one.zones) > _PLACES else ""
    return _listed(visit, names) + more


def _listed(visit: Visit, names: Sequence[str]) -> str:
    return ("、" if visit.lang == "zh" else ", ").join(names)


def _answer(visit: Visit, one: Called) -> str:
    return "—" if one.answered_at is None else f"{escape(one.answered_by)} {_time(visit, one.answered_at)}"


def _time(visit: Visit, at: datetime | None) -> str:
    return "—" if at is None else escape(local_time(at, visit.lang))


def _grid(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str = "") -> str:
    if not rows:
        return f"<h2>{escape(title)}</h2><p class='soft small'>{escape(empty)}</p>"
    return f"<h2>{escape(title)}</h2>{stacked(heads, rows, label=title)}"
