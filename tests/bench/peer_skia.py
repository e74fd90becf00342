"""skia on the picture workload: a drawing library alone; projection, colours and places are worked out for it by hand."""

from collections.abc import Callable

import numpy as np
import shapely
import skia  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional, not pinned
from numpy.typing import NDArray

from geo.grid import Grid
from tests.bench.picture import Scene

_WIDTH, _HEIGHT, _LEFT, _TOP, _MAP_HEIGHT = 800, 600, 20, 60, 520


def prepare(scene: Scene, grid: Grid) -> Callable[[str], bytes]:
    """A call that draws one map with the title, in one colour bar the classes of the ramp."""
    west, south, east, north = grid.bounds
    per_degree = _MAP_HEIGHT / (north - south)
    wide = per_degree * np.cos(np.radians((south + north) / 2))
    place = skia.Rect(_LEFT, _TOP, _LEFT + wide * (east - west), _TOP + _MAP_HEIGHT)
    classes = np.array([_rgba(colour) for colour in scene.ramp.colours if colour], dtype=np.uint8)
    rings = [shapely.get_coordinates(ring) for zone in scene.zones for ring in shapely.get_rings(shapely.get_parts(zone.geometry))]
    warned = [shapely.get_coordinates(part.exterior) for zone in scene.warned for part in shapely.get_parts(zone.geometry)]
    names = [(zone.name_en, zone.geometry.representative_point()) for zone in scene.zones]
    thin, thick = _pen(0xFF5A6675, 1), _pen(0xFFC4161C, 3)
    fill, ink = skia.Paint(Color=0x2EC4161C, AntiAlias=True), skia.Paint(Color=0xFF1B2430, AntiAlias=True)
    small, large = skia.Font(skia.Typeface(), 12), skia.Font(skia.Typeface(), 20)

    def pixels(lonlat: NDArray[np.floating]) -> list[skia.Point]:
        return [skia.Point(x, y) for x, y in zip(_LEFT + wide * (lonlat[:, 0] - west), _TOP + per_degree * (north - lonlat[:, 1]), strict=True)]

    def draw(title: str) -> bytes:
        surface = skia.Surface(_WIDTH, _HEIGHT)
        canvas = surface.getCanvas()
        canvas.clear(0xFFFFFFFF)
        found = np.searchsorted(scene.ramp.bounds, scene.values[::-1], side="right") - 1
        shown = (found >= 0) & np.isfinite(scene.values[::-1])
        cells = np.where(shown[..., None], classes[np.clip(found, 0, len(classes) - 1)], np.uint8(0))
        canvas.drawImageRect(skia.Image.fromarray(np.ascontiguousarray(cells), skia.kRGBA_8888_ColorType), place, skia.SamplingOptions())
        for ring in rings:
            canvas.drawPath(skia.Path.Polygon(pixels(ring), True), thin)
        for ring in warned:
            outline = skia.Path.Polygon(pixels(ring), True)
            canvas.drawPath(outline, fill)
            canvas.drawPath(outline, thick)
        for name, at in names:
            canvas.drawString(name, _LEFT + wide * (at.x - west), _TOP + per_degree * (north - at.y), small, ink)
        for number, colour in enumerate(classes):
            canvas.drawRect(skia.Rect(720, 100 + 40 * number, 740, 140 + 40 * number), skia.Paint(Color=skia.Color(*map(int, colour))))
        canvas.drawString(title, _LEFT, 36, large, ink)
        return bytes(surface.makeImageSnapshot().encodeToData())

    return draw


def _rgba(colour: str) -> tuple[int, int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16), 255


def _pen(colour: int, width: float) -> skia.Paint:
    return skia.Paint(Color=colour, AntiAlias=True, Style=skia.Paint.kStroke_Style, StrokeWidth=width)
