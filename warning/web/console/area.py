"""The area of a warning: whole zones, or a ground drawn on the map: polygons, a circle, this polygon minus that. Offline."""

from collections.abc import Callable, Mapping, Sequence

import shapely
from nicegui import ui
from nicegui.events import GenericEventArguments

from geo.covered import area_km2, covered
from warning.errors import Invalid
from warning.issue.drawn import minus, polygon_of, round_of
from warning.web.console.visit import Visit
from warning.web.console.zonemap import ZoneMap
from warning.web.console.zonepick import Able, ZonePick
from warning.web.words import explained

_TOOLS = {
    "polygon": {"allowIntersection": False, "showArea": False}, "rectangle": {"showArea": False}, "circle": {"showRadius": True}, "polyline": False,
    "marker": False, "circlemarker": False}
_TOUCHES = 0.005
"""Of the drawn ground: a zone with less of it than this is not added by itself; nobody traces a border exactly."""
_ZH = {
    "toolbar": {"buttons": {"polygon": "画多边形", "rectangle": "画矩形", "circle": "画圆"}, "actions": {"title": "取消绘制", "text": "取消"},
                "finish": {"title": "完成绘制", "text": "完成"}, "undo": {"title": "删除上一点", "text": "退一点"}},
    "handlers": {"polygon": {"tooltip": {"start": "单击开始绘制", "cont": "单击继续", "end": "单击起点闭合"}}, "rectangle": {"tooltip": {"start": "按住拖动画矩形"}},
                 "circle": {"tooltip": {"start": "按住拖动画圆"}, "radius": "半径"}, "simpleshape": {"tooltip": {"end": "松开完成"}}}}
"""What Leaflet's tools say; what is drawn is drawn anew, added to or taken from, so its own editing is left out."""


class Area:
    """The zones of the form, and what is drawn; ``changed`` is called after every change."""

    def __init__(
        self, visit: Visit, able: Able, chosen: Sequence[str], *, drawn: Mapping[str, object] | None, circle: Mapping[str, object] | None,
        enabled: bool, changed: Callable[[], None],
    ) -> None:
        self._visit, self._changed = visit, changed
        self._drawn, self._circle = drawn, circle
        self._map: ZoneMap | None = None
        self._able = able
        self._zones = ZonePick(visit, able, chosen, enabled=enabled, changed=changed).style("min-width:14rem;width:100%").mark("zones")
        self._state = ui.label().classes("soft small").mark("drawn")
        self._tell()
        if enabled:
            with ui.expansion(visit.t("draw_open"), icon="draw").props("dense").props(
                    f'toggle-aria-label="{visit.t("draw_open")}"').style("width:100%").mark("draw") as self._open:
                self._place = ui.element("div").style("width:100%")
            self._open.on_value_change(lambda event: self._build() if event.value and self._map is None else None)

    @property
    def zones(self) -> list[str]:
        return self._zones.value

    @property
    def polygon(self) -> Mapping[str, object] | None:
        """What was drawn and is no circle."""
        return self._drawn if self._circle is None else None

    @property
    def circle(self) -> Mapping[str, object] | None:
        return self._circle

    def offer(self, able: Able) -> None:
        """Another issuer has other zones."""
        self._able = able
        self._zones.offer(able)

    def _build(self) -> None:
        visit = self._visit
        with self._place:
            ui.label(visit.t("draw_hint")).classes("soft small")
            self._mode = ui.radio({"new": visit.t("draw_new"), "add": visit.t("draw_add"), "minus": visit.t("draw_minus")}, value="new").props("inline dense")
            self._map = ZoneMap(visit, visit.watch.ground, label=visit.t("map")).mark("area-map")
            self._map.show("draw", _TOOLS)
            if visit.lang == "zh":
                self._map.show("drawWords", _ZH)
            self._map.on("drawn", self._take)
            with ui.element("div").classes("row").style("margin-top:.3rem"):
                self._lat = ui.number(visit.t("lat"), format="%.4f").props("dense outlined").style("width:7rem").mark("lat")
                self._lon = ui.number(visit.t("lon"), format="%.4f").props("dense outlined").style("width:7rem").mark("lon")
                self._km = ui.number(visit.t("km"), value=10, min=0.1).props("dense outlined").style("width:7rem").mark("km")
                ui.button(visit.t("circle_set"), on_click=self._numbers).props("outline dense no-caps color=grey-9")
                ui.button(visit.t("draw_clear"), on_click=self._clear).props("outline dense no-caps color=grey-9")
            self._show()

    def _take(self, event: GenericEventArguments) -> None:
        """What Leaflet's tools made: a ring, longitude first, or a circle."""
        made = event.args
        if "circle" in made:
            at = made["circle"]
            self._put_circle({"lat": round(float(at["lat"]), 5), "lon": round(float(at["lon"]), 5), "km": round(float(at["km"]), 3)})
            return
        ring = [[round(float(lon), 5), round(float(lat), 5)] for lon, lat in made["ring"]]
        self._put({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})

    def _numbers(self) -> None:
        if self._lat.value is not None and self._lon.value is not None and self._km.value:
            self._put_circle({"lat": float(self._lat.value), "lon": float(self._lon.value), "km": float(self._km.value)})

    def _put_circle(self, given: Mapping[str, object]) -> None:
        try:
            ground = polygon_of(shapely.geometry.mapping(round_of(given).ground))
        except Invalid as error:
            self._refuse(error)
            return
        if self._mode.value == "new" or self._drawn is None:
            self._set(ground, given)
        else:
            self._put(ground)

    def _put(self, ground: Mapping[str, object]) -> None:
        """Another stroke: in the place of what was drawn, added to it, or taken from it (from the whole zones, when nothing was)."""
        try:
            ground = polygon_of(ground)
            if self._mode.value == "minus":
                ground = minus(self._drawn or self.whole(), ground)
            elif self._mode.value == "add" and self._drawn is not None:
                both = shapely.union(shapely.geometry.shape(dict(self._drawn)), shapely.geometry.shape(dict(ground)))
                ground = polygon_of(shapely.geometry.mapping(both))
        except Invalid as error:
            self._refuse(error)
            return
        self._set(ground, None)

    def whole(self) -> Mapping[str, object]:
        """The chosen zones as one ground. Raises Invalid when none is chosen."""
        if not self.zones:
            raise Invalid("zones: a list with at least one zone code")
        return polygon_of(shapely.geometry.mapping(shapely.union_all([self._visit.parts.zones[code].geometry for code in self.zones])))

    def _set(self, ground: Mapping[str, object] | None, circle: Mapping[str, object] | None) -> None:
        self._drawn, self._circle = ground, circle
        if ground is not None:
            self._touch(ground)
        self._tell()
        self._show()
        self._changed()

    def _touch(self, ground: Mapping[str, object]) -> None:
        """The zones are those that the ground touches, of the level that is warned; a city stands for its districts."""
        shape = shapely.geometry.shape(dict(ground))
        whole = area_km2(shape)
        touched = [one.zone.code for one in covered(shape, self._visit.parts.zones.at("district") or self._visit.parts.zones)
                   if one.km2 > _TOUCHES * whole]
        parents = {self._visit.parts.zones[code].parent for code in touched}
        if touched and not (parents and parents <= set(self.zones)):
            self._zones.set_value(code for code in touched if self._able(code))

    def _clear(self) -> None:
        self._set(None, None)

    def _refuse(self, error: Invalid) -> None:
        ui.notify(explained(str(error), self._visit.lang), type="negative", position="top")

    def _tell(self) -> None:
        visit = self._visit
        if self._drawn is None:
            self._state.set_text(visit.t("nothing_drawn"))
            return
        words = f"{visit.t('drawn_km2')} {area_km2(shapely.geometry.shape(dict(self._drawn))):,.1f} km²"
        if self._circle is not None:
            words += f" · {visit.t('area_circle')} {self._circle['lat']}, {self._circle['lon']}, {self._circle['km']} km"
        self._state.set_text(words)

    def _show(self) -> None:
        if self._map is not None:
            self._map.show("drawn", None if self._drawn is None else dict(self._drawn))
