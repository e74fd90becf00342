"""exactextract on the zonal workload: its own exact coverage fractions, all fields as bands of one raster."""

from collections.abc import Callable

import numpy as np
from exactextract import exact_extract  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional, not pinned, untyped
from exactextract.feature import JSONFeatureSource  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional, not pinned, untyped
from exactextract.raster import NumPyRasterSource  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional, not pinned, untyped
from numpy.typing import NDArray
from shapely.geometry import mapping

from geo.grid import Grid
from geo.zone import Zone
from tests.bench.zonal import Answers


def highest(fields: NDArray[np.float32], grid: Grid, zones: tuple[Zone, ...]) -> Callable[[], object]:
    """The maximum alone: one walk over the borders."""
    west, south, east, north = grid.bounds
    features = JSONFeatureSource([{"type": "Feature", "properties": {}, "geometry": mapping(zone.geometry)} for zone in zones])
    raster = NumPyRasterSource(fields[0, ::-1], xmin=west, ymin=south, xmax=east, ymax=north)
    return lambda: exact_extract(raster, features, ["max"])


def prepare(fields: NDArray[np.float32], grid: Grid, zones: tuple[Zone, ...], threshold: float) -> Callable[[], Answers]:
    """The call to be timed; making the sources out of arrays is not part of it, the mask of each field is."""
    west, south, east, north = grid.bounds
    features = JSONFeatureSource([{"type": "Feature", "properties": {}, "geometry": mapping(zone.geometry)} for zone in zones])

    def raster(bands: NDArray[np.float32]) -> list[NumPyRasterSource]:
        # Its rasters have the northernmost row first.
        return [NumPyRasterSource(band[::-1], xmin=west, ymin=south, xmax=east, ymax=north, name=f"f{number}") for number, band in enumerate(bands)]

    def bands(found: list[dict[str, dict[str, float]]], operation: str) -> NDArray[np.float64]:
        return np.array([[feature["properties"][f"f{number}_{operation}"] for feature in found] for number in range(len(fields))])

    def answer() -> Answers:
        highest = exact_extract(raster(fields), features, ["max"])
        shares = exact_extract(raster((fields >= threshold).astype(np.float32)), features, ["mean"])
        return Answers(maximum=bands(highest, "max"), share=bands(shares, "mean"))

    return answer
