"""cartopy on the picture workload: a map of its own, without its downloaded coasts."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from cartopy.crs import PlateCarree  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional, not pinned
from matplotlib.backends.backend_agg import FigureCanvasAgg  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional, not pinned
from matplotlib.colors import BoundaryNorm, ListedColormap  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional
from matplotlib.figure import Figure  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional, not pinned

from geo.grid import Grid
from tests.bench.picture import Scene


def prepare(scene: Scene, grid: Grid) -> Callable[[str], bytes]:
    """A call that draws one map with the title."""
    west, south, east, north = grid.bounds
    degrees = PlateCarree()
    colours = ListedColormap([colour for colour in scene.ramp.colours if colour])
    colours.set_under("none")
    scale = BoundaryNorm((*scene.ramp.bounds, 1e9), len(scene.ramp.bounds))

    def draw(title: str) -> bytes:
        figure = Figure(figsize=(8, 6), dpi=100)
        FigureCanvasAgg(figure)
        axes: Any = figure.add_axes((0.05, 0.08, 0.72, 0.8), projection=degrees)
        axes.set_extent((west, east, south, north), crs=degrees)
        axes.set_aspect(1 / np.cos(np.radians((south + north) / 2)))
        image = axes.imshow(scene.values, origin="lower", extent=(west, east, south, north), cmap=colours, norm=scale,
                            interpolation="nearest", transform=degrees)
        axes.add_geometries([zone.geometry for zone in scene.zones], degrees, facecolor="none", edgecolor="#5a6675", linewidth=1)
        axes.add_geometries([zone.geometry for zone in scene.warned], degrees, facecolor=(0.77, 0.09, 0.11, 0.18), edgecolor="#c4161c", linewidth=3)
        for zone in scene.zones:
            place = zone.geometry.representative_point()
            axes.text(place.x, place.y, zone.name_en, fontsize=9, ha="center", transform=degrees)
        figure.colorbar(image, ax=axes)
        axes.set_title(title)
        held = io.BytesIO()
        figure.savefig(held, format="png")
        return held.getvalue()

    return draw
