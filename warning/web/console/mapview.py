"""The map: zones by what is in force, each with its sign and its pattern, and the cells over threshold; no tiles, no network."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely
from nicegui import ui
from nicegui.elements.leaflet.leaflet_layers import GenericLayer

from geo.zone import ZoneSet
from warning.level import Level
from warning.web.words import SYMBOL, Lang, zone_name

COLOUR = {Level.BLUE: "#1257b0", Level.YELLOW: "#ffd83d", Level.ORANGE: "#ff9a1f", Level.RED: "#c4161c"}
DRAWN = 3000
"""More zones of one level than this are not drawn: counties of a whole country still are."""

NAMED_SHARE = 0.15
"""A zone wider than this share of the map carries its name."""

_HATCH = {
    Level.BLUE: "<path d='M0 5h10' stroke='#fff' stroke-width='1.6'/>",
    Level.YELLOW: "<circle cx='5' cy='5' r='1.5' fill='#1a1a1a'/>",
    Level.ORANGE: "<path d='M0 10L10 0M-2 2L2 -2M8 12L12 8' stroke='#1a1a1a' stroke-width='1.6'/>",
    Level.RED: "<path d='M0 0L10 10M0 10L10 0' stroke='#fff' stroke-width='1.6'/>",
}
"""Blue has lines, yellow dots, orange slants, red crosses: told apart without any colour."""
PATTERNS = "<svg width='0' height='0' style='position:absolute' aria-hidden='true'><defs>" + "".join(
    f"<pattern id='lv{level.value}' width='10' height='10' patternUnits='userSpaceOnUse'><rect width='10' height='10' fill='{COLOUR[level]}'/>{marks}</pattern>"
    for level, marks in _HATCH.items()) + "</defs></svg>"
CSS = "".join(f"path.lv{level.value}{{fill:url(#lv{level.value})!important}}" for level in Level) + """
.glass{image-rendering:pixelated}
.withfield path.lv1,.withfield path.lv2,.withfield path.lv3,.withfield path.lv4{fill-opacity:.32!important;stroke-width:2.4}
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """The zones as a browser gets them, simplified once per process. ``corners``: south-west and north-east, latitude first."""

    zones: ZoneSet
    bounds: Mapping[str, tuple[float, float, float, float]]
    small: Mapping[str, object]
    corners: tuple[tuple[float, float], tuple[float, float]]

    @property
    def centre(self) -> tuple[float, float]:
        (south, west), (north, east) = self.corners
        return (south + north) / 2, (west + east) / 2


def ground_of(zones: ZoneSet) -> Ground:
    """The districts, or what there is."""
    drawn = (zones.at("district") or tuple(zones))[:DRAWN]
    shapes = [zone.geometry for zone in drawn]
    west, south, east, north = (float(edge) for edge in shapely.total_bounds(shapes))
    simple = shapely.set_precision(shapely.simplify(shapes, 0.002), 0.0001)
    return Ground(
        zones=zones, corners=((south, west), (north, east)), bounds={zone.code: zone.geometry.bounds for zone in drawn},
        small={zone.code: json.loads(shapely.to_geojson(shape)) for zone, shape in zip(drawn, simple, strict=True)})


class MapView:
    """Opened with the page; ``show`` redraws only what has changed."""

    def __init__(self, ground: Ground, lang: Lang, label: str) -> None:
        self._ground = ground
        self._small = ground.small
        self._lang = lang
        ui.add_css(CSS)
        ui.html(PATTERNS, sanitize=False)
        # Leaflet writes classes of its own on its element, so what is switched stands on the one around it.
        with ui.element("div").style("width:100%") as self.around:
            self.element = ui.leaflet(
                center=ground.centre, zoom=9, options={"attributionControl": False, "zoomSnap": 0.25})
        self.element.props(f'role="application" aria-label="{label}"')
        # NiceGUI adds a tile layer from the internet by default; a warning desk works without a network.
        self.element.clear_layers()
        # The ground lies in the lowest pane, so that a field can be laid between it and the warnings.
        self.element.generic_layer(name="geoJSON", args=[_collection([(shape, "") for shape in self._small.values()]), {
            "interactive": False, "pane": "tilePane", "style": {"color": "#7b8794", "weight": 1, "fillColor": "#f7f9fb", "fillOpacity": 1}}])
        self._borders = self.element.generic_layer(name="geoJSON", args=[_collection([(shape, "") for shape in self._small.values()]), {
            "interactive": False, "style": {"color": "#5a6675", "weight": 0.8, "fill": False}}])
        self._warned: list[GenericLayer] = []
        self._chosen: list[GenericLayer] = []
        self._levels: Mapping[str, Level] | None = None
        self._focus: str | None = None
        self._over: list[GenericLayer] = []
        self._over_of: tuple[str, ...] = ()

    async def fit(self) -> None:
        """Once the map stands in the browser."""
        await self.element.initialized()
        self.element.run_map_method("fitBounds", self._ground.corners, {"animate": False})
        self._sign()

    def show_levels(self, levels: Mapping[str, Level]) -> None:
        if levels is self._levels or levels == self._levels:
            return
        self._levels = levels
        for layer in (*self._warned, *self._chosen):
            self.element.remove_layer(layer)
        self._warned = []
        for level in Level:
            own = [(self._small[code], self._named(code, level)) for code, one in levels.items() if one is level and code in self._small]
            if own:
                self._warned.append(self.element.generic_layer(name="geoJSON", args=[_collection(own), {"interactive": False, "style": {
                    "color": "#1b2430", "weight": 1.2, "fillColor": COLOUR[level], "fillOpacity": 0.85, "className": f"lv{level.value}"}}]))
        self._sign()
        self._chosen, self._focus = [], None

    def show_over(self, cells: Mapping[str, Mapping[str, object]]) -> None:
        """The cells over threshold of every proposal that waits, thinly; those of the chosen one are laid darkly over them."""
        if tuple(cells) == self._over_of:
            return
        self._over_of = tuple(cells)
        for layer in self._over:
            self.element.remove_layer(layer)
        self._over = [self.element.generic_layer(name="geoJSON", args=[
            _collection([(dict(shape), "") for shape in cells.values()]),
            {"interactive": False, "style": {"color": "#2b0a3d", "weight": 1.4, "fillColor": "#2b0a3d", "fillOpacity": 0.12}}])] if cells else []

    def show_proposal(self, key: str, zones: tuple[str, ...], cells: Mapping[str, object] | None) -> None:
        """Outline the proposal's zones, and lay the cells over threshold darkly on top."""
        if key == self._focus:
            return
        for layer in self._chosen:
            self.element.remove_layer(layer)
        self._focus = key
        own = [(self._small[code], "") for code in zones if code in self._small]
        self._chosen = [self.element.generic_layer(name="geoJSON", args=[_collection(own), {"interactive": False, "style": {
            "color": "#0b4fa8", "weight": 3, "dashArray": "7 5", "fill": False}}])] if own else []
        if cells is not None:
            self._chosen.append(self.element.generic_layer(name="geoJSON", args=[dict(cells), {"interactive": False, "style": {
                "color": "#2b0a3d", "weight": 2, "fillColor": "#2b0a3d", "fillOpacity": 0.35}}]))

    def _named(self, code: str, level: Level) -> str:
        west, _, east, _ = self._ground.bounds[code]
        (_, left), (_, right) = self._ground.corners
        # A name on a narrow zone would cover its neighbours; its shape still tells the level.
        name = f" {zone_name(self._ground.zones, code, self._lang)}" if east - west >= NAMED_SHARE * (right - left) else ""
        return SYMBOL[level] + name

    def _sign(self) -> None:
        """The level's shape and the name stand on the zone: the colour is never the only sign."""
        for layer in self._warned:
            self.element.run_layer_method(
                layer.id, ":eachLayer",
                "one => one.bindTooltip(one.feature.properties.sign, {permanent: true, direction: 'center', className: 'sign'})")


def _collection(shapes: Sequence[tuple[object, str]]) -> dict[str, object]:
    return {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"sign": sign}, "geometry": shape} for shape, sign in shapes]}
