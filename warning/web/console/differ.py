"""Issuers differ: one table of the places over which the city and a district say different things."""

from html import escape

from nicegui import ui

from warning.level import Level
from warning.watch.disagree import Difference
from warning.web.console.reading import Reading
from warning.web.console.visit import Visit
from warning.web.words import SYMBOL, hazard_name, level_word, zone_name

MOST = 12


def differ(visit: Visit, reading: Reading) -> None:
    """Nothing where they agree."""
    found = reading.differ
    if not found:
        return
    heading = f"{visit.t('differ')} ({len(found)})"
    rows = "".join(_row(visit, one) for one in found[:MOST])
    ui.html(f"<h2 style='margin-top:.7rem'>{heading}</h2><table class='grid' aria-label='{escape(heading)}'>{rows}</table>"
            f"<p class='soft small'>{visit.t('differ_why')}</p>", sanitize=False)


def _row(visit: Visit, one: Difference) -> str:
    place = escape(f"{zone_name(visit.parts.zones, one.zone, visit.lang)} · {hazard_name(visit.parts.rule_sets, one.hazard, visit.lang)}")
    says = "<br>".join(f"{_chip(visit, level)} {escape(_issuer(visit, code))}" for code, level in one.says)
    return f"<tr><td>{place}</td><td>{says}</td></tr>"


def _chip(visit: Visit, level: Level | None) -> str:
    if level is None:
        return f"<span class='soft'>— {visit.t('silent')}</span>"
    return f"<span class='chip l{level.value}'>{SYMBOL[level]} {level_word(level, visit.lang)}</span>"


def _issuer(visit: Visit, code: str) -> str:
    issuer = visit.parts.issuers.get(code)
    return code if issuer is None else issuer.name_en if visit.lang == "en" else issuer.name_zh
