"""rasterio on the outline workload."""

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional, not pinned, untyped
from rasterio.transform import from_origin  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional, not pinned, untyped
from shapely.geometry import shape

from geo.grid import Grid


def prepare(mask: NDArray[np.bool_], grid: Grid) -> Callable[[], list[tuple[dict[str, object], float]]]:
    """The call to be timed; its rasters have the northernmost row first."""
    west, _, _, north = grid.bounds
    transform, values = from_origin(west, north, grid.dlon, grid.dlat), np.ascontiguousarray(mask[::-1]).astype(np.uint8)
    return lambda: list(shapes(values, mask=values.astype(np.bool_), transform=transform))


def polygons(found: list[tuple[dict[str, object], float]]) -> list[shapely.Geometry]:
    """What it found, as geometries."""
    return [shape(one) for one, _ in found]
