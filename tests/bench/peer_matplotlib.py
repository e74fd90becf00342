"""matplotlib on the picture workload: the plain way, without pyplot, fonts and modules warm."""

import io
from collections.abc import Callable

import numpy as np
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional, not pinned
from matplotlib.collections import LineCollection, PolyCollection  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional
from matplotlib.colors import BoundaryNorm, ListedColormap  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional
from matplotlib.figure import Figure  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional, not pinned

from geo.grid import Grid
from tests.bench.picture import Scene


def prepare(scene: Scene, grid: Grid) -> Callable[[str], bytes]:
    """A call that draws one map with the title."""
    rings = [shapely.get_coordinates(ring) for zone in scene.zones for ring in shapely.get_rings(shapely.get_parts(zone.geometry))]
    warned = [shapely.get_coordinates(part.exterior) for zone in scene.warned for part in shapely.get_parts(zone.geometry)]
    west, south, east, north = grid.bounds
    colours = ListedColormap([colour for colour in scene.ramp.colours if colour])
    colours.set_under("none")
    scale = BoundaryNorm((*scene.ramp.bounds, 1e9), len(scene.ramp.bounds))

    def draw(title: str) -> bytes:
        figure = Figure(figsize=(8, 6), dpi=100)
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.05, 0.08, 0.72, 0.8))
        image = axes.imshow(scene.values, origin="lower", extent=(west, east, south, north), cmap=colours, norm=scale,
                            interpolation="nearest", aspect=1 / np.cos(np.radians((south + north) / 2)))
        axes.add_collection(LineCollection(rings, colors="#5a6675", linewidths=1))
        axes.add_collection(PolyCollection(warned, facecolors=(0.77, 0.09, 0.11, 0.18), edgecolors="#c4161c", linewidths=3))
        for zone in scene.zones:
            place = zone.geometry.representative_point()
            axes.text(place.x, place.y, zone.name_en, fontsize=9, ha="center")
        figure.colorbar(image, ax=axes)
        axes.set_title(title)
        held = io.BytesIO()
        figure.savefig(held, format="png")
        return held.getvalue()

    return draw
