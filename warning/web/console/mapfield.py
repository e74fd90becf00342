"""The field on the map: which quantity, a slider through its moments, a legend that can be read without colours; gauges and tracks beside it."""

from datetime import datetime, timedelta
from html import escape

from nicegui import ui

from geo.observation import Observation, Quality
from warning.level import Level
from warning.watch.explain import number, quantity_name, unit
from warning.web.console.mapview import MapView
from warning.web.console.visit import Visit
from warning.web.console.zonemap import COLOUR
from warning.web.fieldboard import Board, FieldBoard, Layer
from warning.web.words import SYMBOL, Lang, level_word, local_time, say

MOST_GAUGES = 300
_AHEAD = 4
CSS = """
.mapbar{min-height:40px;display:flex;flex-wrap:wrap;gap:.3rem .6rem;align-items:center;width:100%;margin-top:.35rem}.mapbar .when{font-variant-numeric:tabular-nums;font-weight:700}
.legend{display:flex;flex-wrap:wrap;gap:.15rem .7rem;align-items:center;font-size:.8rem;color:var(--ink)}.legend i{display:inline-block;width:1.5rem;height:.85rem;border:1px solid #5a6675;vertical-align:-2px;margin-right:.2rem}
.legend .hatch{background:repeating-linear-gradient(135deg,#6b7684 0 2px,#dfe3e8 2px 7px)}.legend .over{background:#2b0a3d59;border:2px solid #2b0a3d}.legend .zone{border:2px dashed #0b4fa8;background:none}.legend .part{border:3px solid #ff9a1f;outline:1px dashed #1b2430;outline-offset:-2px;background:none}
.leaflet-tooltip.gauge{background:#fff;border:1px solid #1b2430;padding:0 3px;font-size:10px;font-weight:700;box-shadow:none;line-height:1.3;border-radius:3px}.leaflet-tooltip.gauge::before{display:none}
"""


class MapField:
    """Below the map: a bar, what is to be said of the data, and the legend; keeps the layer and the moment that somebody has chosen while newer data come in."""

    def __init__(self, visit: Visit, over: MapView, fields: FieldBoard, board: Board) -> None:
        """At the height that it will have; the bar's controls come with ``open``, and the field with the first ``show`` after it."""
        self._visit, self._map, self._fields = visit, over, fields
        self._board = Board()
        self._layer: Layer | None = None
        self._chosen: datetime | None = None
        self._key = ""
        self._last = 1
        self._bar = ui.element("div").classes("mapbar")
        self._said = ui.html(_told(visit, board, None), sanitize=False)
        self._legend = ui.html(legend(None, visit.lang), sanitize=False).classes("legend").mark("legend")

    def open(self) -> None:
        """The controls, which are as much work for a browser as all the rest."""
        visit = self._visit
        with self._bar:
            self._select = ui.select({"": visit.t("map_none")}, value="", label=visit.t("map_field"), on_change=lambda: self._pick()).props(
                "dense outlined options-dense").style("min-width:11rem").mark("field")
            ui.button("◀", on_click=lambda: self._step(-1)).props(f'flat dense aria-label="{visit.t("map_earlier")}"')
            self._slider = ui.slider(min=0, max=1, step=1, value=0, on_change=lambda: self._slid()).props(
                f'snap aria-label="{visit.t("map_time")}"').style("flex:1;min-width:8rem").mark("moment")
            ui.button("▶", on_click=lambda: self._step(1)).props(f'flat dense aria-label="{visit.t("map_later")}"')
            self._when = ui.label().classes("when").props('aria-live="polite"').mark("when")

    def show(self, board: Board, now: datetime) -> None:
        """Newer data: the same layer stays, and the moment that was chosen; who chose none sees what is nearest to now."""
        if board.version == self._board.version and self._key:
            return
        self._board = board
        held = self._layer.key if self._layer is not None else None
        by_key = {layer.key: layer for layer in board.layers}
        first = held if held in by_key else next(iter(by_key), "")
        options = {"": self._visit.t("map_none")} | {key: layer_name(layer, self._visit.lang) for key, layer in by_key.items()}
        self._select.set_options(options, value=first)
        self._show_layer(by_key.get(first or ""), now)
        self.mark()

    def mark(self) -> None:
        """Gauges and tracks."""
        self._map.element.show("marks", marks(self._board, self._layer, self._visit.lang))

    def _pick(self) -> None:
        layer = next((one for one in self._board.layers if one.key == self._select.value), None)
        if layer is not self._layer:
            self._show_layer(layer, self._visit.parts.clock.now())
            self.mark()

    def _show_layer(self, layer: Layer | None, now: datetime) -> None:
        self._layer = layer
        self._said.set_content(_told(self._visit, self._board, layer))
        if layer is None:
            self._slider.set_enabled(False)
            self._picture("")
            self._when.set_text("")
        else:
            self._slider.set_enabled(len(layer.frames) > 1)
            self._last = max(len(layer.frames) - 1, 1)
            self._slider.props(f"max={self._last}")
            wanted = self._chosen or now
            at = min(range(len(layer.frames)), key=lambda place: abs(layer.frames[place].field.valid_time - wanted))
            self._slider.set_value(at)
            self._moment(at)
        self._legend.set_content(legend(layer, self._visit.lang))

    def _step(self, by: int) -> None:
        self._slider.set_value(min(max(int(self._slider.value) + by, 0), self._last))

    def _slid(self) -> None:
        if self._layer is None:
            return
        at = min(int(self._slider.value), len(self._layer.frames) - 1)
        if self._layer.frames[at].key != self._key:
            self._chosen = self._layer.frames[at].field.valid_time
            self._moment(at)

    def _moment(self, at: int) -> None:
        if self._layer is None:
            return
        frame, lang = self._layer.frames[at], self._visit.lang
        lead = frame.field.lead
        kind = say("map_analysis", lang) if lead <= timedelta() else f"+{lead.total_seconds() / 3600:g} h"
        self._when.set_text(f"{local_time(frame.field.valid_time, lang)} · {kind} · {say('map_run', lang)} {local_time(frame.field.run_time, lang)}")
        self._picture(frame.key, [one.key for one in self._layer.frames[at + 1 : at + 1 + _AHEAD]])

    def _picture(self, key: str, ahead: list[str] | None = None) -> None:
        self._key = key
        extent = self._fields.extent
        self._map.element.show("field", {
            "url": address(key), "bounds": [[extent.south, extent.west], [extent.north, extent.east]],
            "ahead": [address(one) for one in ahead or ()]} if key else None)


def _told(visit: Visit, board: Board, layer: Layer | None) -> str:
    """What could not be read; and where there is nothing to show, that an empty map does not mean calm."""
    faults = "".join(f"<p class='wait small'>{escape(visit.t('map_not_read'))} {escape(one)}</p>" for one in board.faults[:3])
    return faults or ("" if layer is not None or board.layers else f"<p class='soft small'>{escape(visit.t('map_no_field'))}</p>")


def address(key: str) -> str:
    """Where the console's own picture is; it asks for the session that the page has."""
    return f"/console/field/{key}.png"


def layer_name(layer: Layer, lang: Lang) -> str:
    """``10 分钟雨量 · nowcast``."""
    name = quantity_name(f"{layer.variable} [{layer.units}]")[lang == "en"]
    if layer.window is not None:
        minutes = layer.window.total_seconds() / 60
        span = (f"{minutes:g} 分钟" if minutes < 60 else f"{minutes / 60:g} 小时") if lang == "zh" else (f"{minutes:g} min " if minutes < 60 else f"{minutes / 60:g} h ")
        name = f"{span}{name}"
    return f"{name} · {layer.source}"


def legend(layer: Layer | None, lang: Lang) -> str:
    """The classes from low to high with their bounds, what is hatched, and the signs of the warnings."""
    bits = []
    if layer is not None:
        units = unit(layer.units)[lang == "en"]
        bounds = layer.ramp.bounds
        for place, colour in enumerate(layer.ramp.colours):
            low = "" if place == 0 else number(bounds[place - 1])
            said = f"&lt; {number(bounds[0])}" if place == 0 and bounds else f"≥ {low}"
            if colour or place == 0:
                bits.append(f"<span><i style='background:{colour or 'none'}'></i>{said}</span>")
        bits.append(f"<span>{escape(units)}</span>")
    bits.append(f"<span><i class='hatch'></i>{escape(say('map_unknown', lang))}</span>")
    bits.append(f"<span><i class='over'></i>{escape(say('map_over', lang))}</span><span><i class='zone'></i>{escape(say('map_chosen', lang))}</span>"
                f"<span><i class='part'></i>{escape(say('map_partly', lang))}</span>")
    bits += [f"<span><svg width='24' height='14' style='vertical-align:-2px' aria-hidden='true'><rect width='24' height='14' fill='{COLOUR[level]}'/>"
             f"<rect width='24' height='14' fill='url(#lv{level.value})'/></svg> {SYMBOL[level]} {level_word(level, lang)}</span>" for level in reversed(Level)]
    return "".join(bits)


def marks(board: Board, layer: Layer | None, lang: Lang) -> dict[str, object]:
    """Plain values for the browser: each gauge's newest reading of what is shown (of rain, when nothing is), each cyclone's way.

    The strongest reading comes first, and what is doubtful after all others: where there is no room for every label, the first have it.
    """
    wanted = layer.variable if layer is not None else "rain"
    shown = sorted((one for one in board.gauges if one.variable == wanted), key=lambda one: (_doubtful(one), -one.value))
    gauges = [
        {"lat": one.lat, "lon": one.lon, "doubt": _doubtful(one),
         "label": f"{one.station} {number(one.value)} {unit(one.units)[lang == 'en']}{' ?' if _doubtful(one) else ''}"} for one in shown]
    tracks = []
    for track in board.tracks:
        points = sorted(track.points, key=lambda point: point.valid_time)
        past, ahead = [p for p in points if p.observed], [p for p in points if not p.observed]
        now = past[-1] if past else points[0]
        tracks.append({
            "past": [[p.lat, p.lon] for p in past], "ahead": [[p.lat, p.lon] for p in ([past[-1]] if past else []) + ahead],
            "points": [{"at": [p.lat, p.lon], "now": p is now, "label": _point(track.name or track.number, p.valid_time, p.vmax_ms, lang)} for p in points],
            "rings": [{"at": [now.lat, now.lon], "km": km, "dash": dash} for km, dash in ((now.r7_km, "4 5"), (now.r10_km, "")) if km]})
    return {"gauges": gauges[:MOST_GAUGES], "tracks": tracks}


def _doubtful(one: Observation) -> bool:
    return one.quality in (Quality.SUSPECT, Quality.BAD)


def _point(name: str, at: datetime, vmax_ms: float | None, lang: Lang) -> str:
    wind = "" if vmax_ms is None else f" {vmax_ms:.0f} {'m/s' if lang == 'en' else '米/秒'}"
    return f"{name} {local_time(at, lang)}{wind}"
