"""One proposal explained: in words, step by step to every colour, on a map and through time; as it was when it was made."""

import base64
from html import escape
from math import ceil
from uuid import UUID

from nicegui import ui

from warning.level import Level
from warning.watch.basis import Basis, LeafMargin, Line, Step
from warning.watch.explain import number, percent, quantity_name, sign, unit, words_of
from warning.web.body import read_body
from warning.web.console.frame import frame
from warning.web.console.proposals import places, title
from warning.web.console.visit import Visit
from warning.web.console.zonemap import COLOUR
from warning.web.explanation import Explained, png, read_explained, sentences
from warning.web.words import SYMBOL, Lang, level_word, local_time, zone_name

_WORDS: dict[str, tuple[str, str]] = {
    "why": ("为什么，以及怎样会不同", "Why, and what would have changed it"),
    "steps": ("各等级的余量", "Margin to every colour"),
    "step_head": ("等级|条件|决定值|余量|格点|面积 / 要求|规则与来源", "colour|condition|decisive value|margin|cells|area / asked|rule and source"),
    "zones": ("各区读数", "What was read in each zone"),
    "zone_head": ("区域|峰值|条件|面积|有数据|格点", "zone|peak|condition|area|known|cells"),
    "map": ("格点图", "Cells"), "series": ("时间序列", "Through time"),
    "zone_line": ("区内最强格点", "strongest cell at each time"), "cell_line": ("最强的那个格点", "the strongest cell of all"),
    "observed": ("已观测", "observed"), "no_basis": ("没有可显示的格点资料。", "There are no gridded data to show."),
    "met": ("达到", "met"), "unmet": ("未达到", "not met"), "open": ("无法判定", "unknown"), "suffices": ("另一条件已足够", "another condition suffices"),
    "nothing_known": ("这些时次资料不足，数值未知。", "Too little is known at these times: no value."),
    "back": ("返回提案", "Back to the proposal"), "unconfirmed": ("⚠ 阈值待确认", "⚠ number not confirmed"),
}
_CSS = """
.why li{margin:.2rem 0;line-height:1.5}.why{margin:0;padding-left:1.1rem}
.sheet{max-width:78rem;margin:0 auto;padding:.8rem;width:100%;display:grid;gap:.7rem;grid-template-columns:minmax(0,1fr) minmax(0,1fr)}
.sheet .wide{grid-column:1/-1}.sheet img{width:100%;height:auto;display:block}.scroll{overflow-x:auto;width:100%}
.ladder td:not(:last-child){white-space:nowrap}
@media(max-width:640px){.ladder tr:first-child{display:none}.ladder tr{display:block;border-bottom:1px solid #e7ebf0;padding:.4rem 0}
.ladder td,.ladder td:not(:last-child){display:grid;grid-template-columns:5.5rem 1fr;border:0;white-space:normal}.ladder td::before{content:attr(data-of);color:var(--soft)}}
@media(max-width:1000px){.sheet{grid-template-columns:minmax(0,1fr)}}
"""


async def explain_page(visit: Visit, proposal_id: UUID) -> None:
    """Raises NotFound before anything is drawn."""
    found = await read_explained(visit.parts.database, proposal_id)
    view, lang = found.view, visit.lang
    frame(visit, f"/explain/{proposal_id}")
    ui.add_css(_CSS)
    with ui.element("main").classes("sheet"):
        with ui.element("section").classes("pane wide"):
            ui.html(f"<h1><span class='chip l{view.level.value}'>{SYMBOL[view.level]} {level_word(view.level, lang)}</span> "
                    f"{escape(title(visit, view))} · {escape(places(visit, view))}</h1>", sanitize=False)
            ui.link(_t("back", lang), f"/?lang={lang}&proposal={proposal_id}")
        with ui.element("section").classes("pane wide"):
            items = "".join(f"<li>{escape(one.en if lang == 'en' else one.zh)}</li>" for one in sentences(found, visit.parts.zones))
            ui.html(f"<h2>{_t('why', lang)}</h2><ul class='why'>{items}</ul>", sanitize=False)
        if found.basis is None:
            return
        with ui.element("section").classes("pane wide"):
            ui.html(f"<h2>{_t('steps', lang)} · {escape(zone_name(visit.parts.zones, found.basis.zone, lang))}</h2>"
                    f"<div class='scroll' tabindex='0' role='region' aria-label='{_t('steps', lang)}'>{_ladder(found.basis, lang)}</div>", sanitize=False)
        with ui.element("section").classes("pane"):
            _map(visit, found)
        with ui.element("section").classes("pane"):
            ui.html(f"<h2>{_t('series', lang)}</h2>", sanitize=False)
            for line in found.basis.lines:
                _chart(line, found.basis, lang)
        with ui.element("section").classes("pane wide"):
            ui.html(f"<h2>{_t('zones', lang)}</h2><div class='scroll' tabindex='0' role='region' aria-label='{_t('zones', lang)}'>{_zones(visit, found)}</div>", sanitize=False)


def _ladder(basis: Basis, lang: Lang) -> str:
    head = "".join(f"<th scope='col'>{word}</th>" for word in _t("step_head", lang).split("|"))
    rows = "".join(_rung(step, lang) for step in sorted(basis.steps, key=lambda step: -step.level))
    return f"<table class='grid ladder'><tr>{head}</tr>{rows}</table>"


def _rung(step: Step, lang: Lang) -> str:
    verdict = _t({True: "met", False: "unmet", None: "open"}[step.met], lang)
    colour = (f"<span class='chip l{step.level.value}'>{SYMBOL[step.level]} {level_word(step.level, lang)}</span><br>"
              f"<span class='soft small'>{verdict}</span>")
    asked = "<br>".join(f"{escape(_quantity(leaf.test, lang))} {sign(leaf.operator)} {number(leaf.threshold)} {escape(_unit(leaf.units, lang))}" for leaf in step.leaves)
    got = "<br>".join(_got(leaf, lang) for leaf in step.leaves)
    margin = "<br>".join("—" if leaf.beyond is None else f"<b>{'+' if leaf.beyond >= 0 else '−'}{number(abs(leaf.beyond))}</b>" for leaf in step.leaves)
    cells = f"{step.cells}<br><span class='soft small'>{'+' if step.spare_cells >= 0 else '−'}{abs(step.spare_cells)}</span>"
    flag = f"<br>{_t('unconfirmed', lang)}" if step.unconfirmed else ""
    source = f"{escape(step.row)} ({escape(step.confidence)})<br><span class='soft small'>{escape((step.source_en if lang == 'en' else step.source_zh) or step.source_en)}{flag}</span>"
    need = "—" if step.need <= 0 else percent(step.need)
    of = _t("step_head", lang).split("|")
    row = (colour, asked, got, margin, cells, f"{percent(step.share)} / {need}", source)
    return "<tr>" + "".join(f"<td data-of='{head}'><div>{cell}</div></td>" for head, cell in zip(of, row, strict=True)) + "</tr>"


def _got(leaf: LeafMargin, lang: Lang) -> str:
    if not leaf.hangs:
        return f"<span class='soft'>{_t('suffices', lang)}</span>"
    return "—" if leaf.decisive is None else f"{number(leaf.decisive)} {escape(_unit(leaf.units, lang))}"


def _zones(visit: Visit, found: Explained) -> str:
    lang = visit.lang
    head = "".join(f"<th scope='col'>{word}</th>" for word in _t("zone_head", lang).split("|"))
    rows = ""
    for one in read_body(found.view.body).evidence:
        peak = "—" if one.peak is None else f"<b>{number(one.peak)}</b> {escape(_unit(one.units, lang))}"
        cells = (escape(zone_name(visit.parts.zones, one.zone, lang)), peak, escape(words_of(one.test)[lang == "en"]), percent(one.share), percent(one.known_share), str(len(one.cells)))
        rows += "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    return f"<table class='grid'><tr>{head}</tr>{rows}</table>"


def _map(visit: Visit, found: Explained) -> None:
    lang = visit.lang
    ui.html(f"<h2>{_t('map', lang)}</h2>", sanitize=False)
    image = png(found, visit.parts.zones, visit.parts.rule_sets, lang)
    if image is None:
        ui.label(_t("no_basis", lang)).classes("soft")
        return
    about = f"{_t('map', lang)}: {title(visit, found.view)}, {places(visit, found.view)}"
    ui.html(f"<img alt='{escape(about, quote=True)}' src='data:image/png;base64,{base64.b64encode(image).decode()}'>", sanitize=False)


def _chart(line: Line, basis: Basis, lang: Lang) -> None:
    """The quantity through time with a line for every threshold of it, and the present between what was seen and what is to come."""
    thresholds = [(step.level, leaf.threshold) for step in basis.steps for leaf in step.leaves if leaf.quantity == line.quantity]
    dashes = {Level.BLUE: [8, 4], Level.YELLOW: [6, 3], Level.ORANGE: [4, 3], Level.RED: "solid"}
    marks: list[dict[str, object]] = [
        {"yAxis": threshold, "name": level_word(level, lang),
         "lineStyle": {"color": COLOUR[level], "width": 2, "type": dashes[level]},
         "label": {"formatter": f"{SYMBOL[level]} {number(threshold)}", "position": "insideEndTop", "color": "#1b2430"}}
        for level, threshold in thresholds
    ]
    seen = max((time for time, observed in zip(line.times, line.observed, strict=True) if observed), default=None)
    if seen is not None:
        marks.append({"xAxis": local_time(seen, lang), "lineStyle": {"color": "#1b2430", "type": "dotted"},
                      "label": {"formatter": _t("observed", lang), "color": "#1b2430"}})
    name = f"{_quantity(line.quantity, lang)} ({_unit(line.units, lang)})"
    top = max([threshold for _, threshold in thresholds] + [value for value in line.zone if value is not None], default=1.0)
    ui.label(name).classes("small").style("font-weight:700")
    if all(value is None for value in line.zone):
        ui.label(_t("nothing_known", lang)).classes("soft small")
        return
    from_zero = all(value >= 0 for value in [top, *(threshold for _, threshold in thresholds)]) and line.units != "degC"
    ui.echart({
        "animation": False, "grid": {"left": 44, "right": 16, "top": 34, "bottom": 28}, "legend": {"top": 0, "left": 0},
        "tooltip": {"trigger": "axis"}, "aria": {"enabled": True, "label": {"description": name}},
        "xAxis": {"type": "category", "data": [local_time(time, lang) for time in line.times]},
        "yAxis": {"type": "value", "scale": not from_zero, "max": 10 * ceil(top * 1.06 / 10) if from_zero and top > 10 else None},
        "series": [
            {"name": _t("zone_line", lang), "type": "line", "data": list(line.zone), "symbol": "circle", "symbolSize": 4,
             "lineStyle": {"width": 2.5, "color": "#0b4fa8"}, "itemStyle": {"color": "#0b4fa8"},
             "markLine": {"symbol": "none", "silent": True, "data": marks}},
            {"name": _t("cell_line", lang), "type": "line", "data": list(line.cell), "symbol": "none",
             "lineStyle": {"width": 1.5, "type": "dashed", "color": "#5b2a86"}, "itemStyle": {"color": "#5b2a86"}},
        ]}).style("height:230px;width:100%")


def _quantity(text: str, lang: Lang) -> str:
    return quantity_name(text)[lang == "en"]


def _unit(units: str, lang: Lang) -> str:
    return unit(units)[lang == "en"]


def _t(key: str, lang: Lang) -> str:
    return _WORDS[key][lang == "en"]
