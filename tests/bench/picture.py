"""Picture: the map of a warning, 800 × 600, anti-aliased, as PNG bytes, against matplotlib, cartopy and skia."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from geo.picture import picture
from geo.picture_layer import Chip, Entry, Extent, FieldLayer, LabelLayer, Legend, ZoneLayer
from geo.picture_ramp import Ramp, ramp
from geo.shanghai import shanghai_zones
from geo.zone import Zone
from tests.bench.measure import NOT_INSTALLED, Effort, Goal, Row, Timing, median_s, peer, rows
from tests.bench.shanghai import GRID


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """A field, sixteen districts, two of them warned."""

    values: NDArray[np.float32]
    zones: tuple[Zone, ...]
    warned: tuple[Zone, ...]
    ramp: Ramp
    extent: Extent


def run(effort: Effort) -> list[Row]:
    """Each picture has a title of its own, so that nobody may give the one before."""
    scene, repeats = _scene(), effort.pick(full=25, quick=5)
    number = count()
    ours = [Timing(subject="geo.picture", value=1000 * median_s(lambda: ours_of(scene, f"暴雨红色预警信号 {next(number)}"), repeats=repeats),
                   note="with title in Chinese, legend, colour bar, scale, graticule")]
    # Those that draw a map in the plain way, then those that need --peers all.
    peers = [_peer("matplotlib", "matplotlib (Agg)", scene, effort, number, note="with title in English, colour bar")]
    if effort.all_peers:
        peers += [_peer("cartopy", "cartopy", scene, effort, number, note="with title in English, colour bar, projected axes"),
                  _peer("skia", "skia", scene, effort, number, yardstick=False,
                        note="less: title in English, classes without numbers, no graticule, projection by hand")]
    return rows("map PNG of a warning, 800×600", "ms", ours, peers, goal=Goal(ratio=3))


def _peer(library: str, subject: str, scene: Scene, effort: Effort, number: Iterator[int], *, note: str, yardstick: bool = True) -> Timing:
    found = peer(library)
    if found is None:
        return Timing(subject=subject, value=None, note=NOT_INSTALLED)
    draw: Callable[[str], bytes] = found.prepare(scene, GRID)
    return Timing(subject=subject, value=1000 * median_s(lambda: draw(f"Rainstorm red {next(number)}"), repeats=effort.pick(full=9, quick=3)), note=note, yardstick=yardstick)


def ours_of(scene: Scene, title: str) -> bytes:
    """What ``xiaoxishu explain`` draws, in kind."""
    places = [zone.geometry.representative_point() for zone in scene.zones]
    return picture(
        scene.extent,
        [FieldLayer(grid=GRID, values=scene.values, ramp=scene.ramp),
         ZoneLayer(geometries=[zone.geometry for zone in scene.zones], line="#5a6675", width=1.0),
         ZoneLayer(geometries=[zone.geometry for zone in scene.warned], fill="#c4161c", line="#c4161c", width=3.0, opacity=0.18),
         LabelLayer(labels=[(point.x, point.y, zone.name_zh) for point, zone in zip(places, scene.zones, strict=True)])],
        title=title, subtitle="2024-09-20 02:30", chip=Chip(text="红色", background="#c4161c", ink="#ffffff"),
        legend=Legend(ramp=scene.ramp, entries=[Entry(text="预警区域", fill="#f0c8ca", line="#c4161c"), Entry(text="资料缺测", hatched=True)], notes=["1 km"]))


def _scene() -> Scene:
    zones = shanghai_zones().at("district")
    noise = gaussian_filter(np.random.default_rng(2).standard_normal(GRID.shape), 9)
    values = np.clip((noise - noise.min()) / np.ptp(noise) * 130 - 30, 0, None).astype(np.float32)
    values[20:35, 90:125] = np.nan
    return Scene(values=values, zones=zones, warned=tuple(zone for zone in zones if zone.code in ("310115", "310120")),
                 ramp=ramp("rain", (0.1, 5, 10, 20, 35, 50, 75, 100), title="1小时雨量", unit="mm"),
                 extent=Extent.of([zone.geometry for zone in zones]))
