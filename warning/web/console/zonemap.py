"""The map as an element of a page: what it shows is told by a few short values, borders and colours are fetched by name and kept by the browser."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import nicegui
from nicegui import ui
from nicegui.dependencies import esm_modules
from nicegui.element import Element

from warning.level import Level
from warning.web.console.ground import Ground
from warning.web.console.visit import Visit
from warning.web.words import SYMBOL, Lang, level_word

COLOUR = {Level.BLUE: "#1257b0", Level.YELLOW: "#ffd83d", Level.ORANGE: "#ff9a1f", Level.RED: "#c4161c"}
_MARK = {Level.BLUE: ("lines", "#fff"), Level.YELLOW: ("dots", "#1a1a1a"), Level.ORANGE: ("slants", "#1a1a1a"), Level.RED: ("crosses", "#fff")}
"""Blue has lines, yellow dots, orange slants, red crosses: told apart without any colour."""
_LEAFLET = Path(nicegui.__file__).parent / "elements" / "leaflet" / "dist"
_HERE = Path(__file__).parent

CSS = """
.zonemap{width:100%}.zonemap-map{width:100%;height:400px;border-radius:6px;background:#d5e3ee!important;z-index:0}@media(max-width:700px){.zonemap-map{height:300px}}
.zonemap-map:focus-visible{outline:3px solid #0b4fa8;outline-offset:1px}.glass{image-rendering:pixelated}
.zonemap-bar{display:flex;flex-wrap:wrap;gap:.3rem .8rem;align-items:flex-start;margin-top:.35rem}.zonemap-bar details{flex:1;min-width:14rem}.zonemap-bar summary{cursor:pointer;color:#0b4fa8;min-height:24px}
.zonemap-bar details[open]{max-height:14rem;overflow:auto}.zonemap-find input{border:1px solid #8c98a6;border-radius:5px;padding:.2rem .5rem;min-height:28px;font:inherit;width:14rem;max-width:100%}
.zonemap-hits{display:flex;flex-wrap:wrap;gap:.25rem;margin:.2rem 0}
"""


class ZoneMap(Element, component="zonemap.js", esm={"nicegui-leaflet": str(_LEAFLET), "nicegui-zones": str(_HERE / "zones")}):
    """``palette``: what the digits of a map's colours mean, by their number; the first is nothing. ``find``: with a search and the list of places."""

    def __init__(self, visit: Visit, ground: Ground, *, label: str, palette: Sequence[Mapping[str, str] | None] = (), find: bool = False) -> None:
        super().__init__()
        ui.add_css(CSS)
        self.add_resource(_LEAFLET)
        words = {"stale": visit.t("map_stale")} | ({"find": visit.t("map_find"), "list": visit.t("map_list")} if find else {})
        tiles = visit.watch.tiles.told()
        self._props.update({"ground": ground.told(visit.lang), "label": label, "words": words, "palette": list(palette or levels(visit.lang))})
        if tiles is not None:
            self._props["tiles"] = tiles

    def show(self, name: str, value: object) -> None:
        """Tell the map one of its values; nothing travels when it has it already."""
        if self._props.get(name) != value:
            self._props[name] = value
            self.update()


def levels(lang: Lang) -> list[Mapping[str, str] | None]:
    """The colours of warnings."""
    return [None, *({"fill": COLOUR[level], "mark": _MARK[level][0], "ink": _MARK[level][1], "sign": SYMBOL[level], "said": f"{SYMBOL[level]} {level_word(level, lang)}"}
                    for level in Level)]


def ahead(ground: Ground, lang: Lang, papers: Sequence[str]) -> None:
    """A page that opens with a map asks for what it will need, and unfolds it, while it is still being read and its libraries are on their way."""
    [leaflet] = [key for key, module in esm_modules.items() if module.name == "nicegui-leaflet"]
    [zones] = [key for key, module in esm_modules.items() if module.name == "nicegui-zones"]
    base = f"/console/_nicegui/{nicegui.__version__}"
    borders, colours = f"/console/ground/{ground.version}/{lang}/0.json", [address for address in papers if address]
    ui.add_head_html(
        f'<link rel="modulepreload" href="{base}/esm/{zones}/index.js"><link rel="modulepreload" href="{base}/static/utils/resources.js">'
        + "".join(f'<link rel="preload" as="fetch" crossorigin href="{address}">' for address in (borders, *colours))
        + f'<link rel="modulepreload" href="{base}/esm/{leaflet}/index.js">'
        + f'<link rel="stylesheet" href="{base}/resources/{leaflet}/leaflet/leaflet.css" data-leaflet-css>'
        + f'<script type="module" async>import {{ ask, unfolded }} from "nicegui-zones"; ask({json.dumps(borders)}, unfolded); for (const one of {json.dumps(colours)}) ask(one)</script>')


def hatches() -> str:
    """The same patterns for the legend, as an SVG of no size."""
    marks = {
        "lines": "<path d='M0 5h10' stroke='#fff' stroke-width='1.6'/>", "dots": "<circle cx='5' cy='5' r='1.5' fill='#1a1a1a'/>",
        "slants": "<path d='M0 10L10 0M-2 2L2 -2M8 12L12 8' stroke='#1a1a1a' stroke-width='1.6'/>",
        "crosses": "<path d='M0 0L10 10M0 10L10 0' stroke='#fff' stroke-width='1.6'/>"}
    return "<svg width='0' height='0' style='position:absolute' aria-hidden='true'><defs>" + "".join(
        f"<pattern id='lv{level.value}' width='10' height='10' patternUnits='userSpaceOnUse'><rect width='10' height='10' fill='{COLOUR[level]}'/>{marks[_MARK[level][0]]}</pattern>"
        for level in Level) + "</defs></svg>"
