"""The map: zones coloured by what is in force, each with its sign, and the cells over threshold; no tiles, no network."""

import json
from collections.abc import Mapping

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


class MapView:
    """Opened with the page; ``show`` redraws only what has changed."""

    def __init__(self, zones: ZoneSet, lang: Lang) -> None:
        self._zones = zones
        self._lang = lang
        drawn = zones.at("district") or tuple(zones)
        self._shapes = {zone.code: zone.geometry for zone in drawn[:DRAWN]}
        bounds = shapely.total_bounds(list(self._shapes.values()))
        west, south, east, north = (float(edge) for edge in bounds)
        self._width = east - west
        self._corners = [[south, west], [north, east]]
        self.element = ui.leaflet(
            center=((south + north) / 2, (west + east) / 2), zoom=9, options={"attributionControl": False, "zoomSnap": 0.25})
        self.element.props('role="application" aria-label="map"')
        # NiceGUI adds a tile layer from the internet by default; a warning desk works without a network.
        self.element.clear_layers()
        simple = shapely.simplify(list(self._shapes.values()), 0.002)
        outlines = {
            "type": "FeatureCollection",
            "features": [
                {"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(shape))}
                for shape in shapely.set_precision(simple, 0.0001)
            ]}
        self._small = dict(zip(self._shapes, outlines["features"], strict=True))
        self.element.generic_layer(name="geoJSON", args=[outlines, {"interactive": False, "style": {
            "color": "#7b8794", "weight": 1, "fillColor": "#f7f9fb", "fillOpacity": 1}}])
        self._warned: list[GenericLayer] = []
        self._chosen: list[GenericLayer] = []
        self._levels: Mapping[str, Level] | None = None
        self._focus: str | None = None

    async def fit(self) -> None:
        """Once the map stands in the browser."""
        await self.element.initialized()
        self.element.run_map_method("fitBounds", self._corners, {"animate": False})
        self._sign(self._levels or {})

    def show_levels(self, levels: Mapping[str, Level]) -> None:
        if levels == self._levels:
            return
        self._levels = dict(levels)
        for layer in (*self._warned, *self._chosen):
            self.element.remove_layer(layer)
        self._warned = [
            self.element.generic_layer(name="geoJSON", args=[self._small[code], {"interactive": False, "style": {
                "color": "#1b2430", "weight": 1.2, "fillColor": COLOUR[level], "fillOpacity": 0.85}}])
            for code, level in levels.items() if code in self._small
        ]
        self._sign(levels)
        self._chosen, self._focus = [], None

    def show_proposal(self, key: str, zones: tuple[str, ...], cells: Mapping[str, object] | None) -> None:
        """Outline the proposal's zones, and hatch the cells over threshold darkly on top."""
        if key == self._focus:
            return
        for layer in self._chosen:
            self.element.remove_layer(layer)
        self._focus = key
        self._chosen = [
            self.element.generic_layer(name="geoJSON", args=[self._small[code], {"interactive": False, "style": {
                "color": "#0b4fa8", "weight": 3, "dashArray": "7 5", "fill": False}}])
            for code in zones if code in self._small
        ]
        if cells is not None:
            self._chosen.append(self.element.generic_layer(name="geoJSON", args=[dict(cells), {"interactive": False, "style": {
                "color": "#2b0a3d", "weight": 2, "fillColor": "#2b0a3d", "fillOpacity": 0.35}}]))

    def _sign(self, levels: Mapping[str, Level]) -> None:
        """The level's shape and the name stand on the zone: the colour is never the only sign."""
        signed = [code for code in levels if code in self._small]
        for code, layer in zip(signed, self._warned, strict=True):
            west, _, east, _ = self._shapes[code].bounds
            # A name on a narrow zone would cover its neighbours; its shape still tells the level.
            name = f" {zone_name(self._zones, code, self._lang)}" if east - west >= NAMED_SHARE * self._width else ""
            self.element.run_layer_method(
                layer.id, "bindTooltip", SYMBOL[levels[code]] + name, {"permanent": True, "direction": "center", "className": "sign"})
