"""Outline: the exact border of a ragged mask over China, against rasterio, and shapely's and geopandas' unions."""

from collections.abc import Callable

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from geo.trace import trace
from tests.bench.measure import NOT_INSTALLED, Effort, Goal, Row, Timing, median_s, peer, rows
from tests.bench.places import CHINA

_CELLS = 148_000


def run(effort: Effort) -> list[Row]:
    """The areas are compared before the times."""
    mask = _mask()
    found = trace(CHINA, mask)
    if not found.is_valid or abs(found.area / (mask.sum() * CHINA.dlat * CHINA.dlon) - 1) > 1e-9:
        raise AssertionError("our outline is wrong: do not quote the speed")
    repeats = effort.pick(full=9, quick=3)
    ours = [Timing(subject="geo.trace", value=median_s(lambda: trace(CHINA, mask), repeats=repeats), note="one valid MultiPolygon")]
    slow = 1 if effort.quick else 3
    peers = [_rasterio(mask, found.area, repeats=slow)]
    boxes = _boxes(mask)
    peers.append(Timing(subject="shapely.coverage_union_all", value=median_s(lambda: shapely.coverage_union_all(boxes), repeats=1, warm=False), note="once"))
    if effort.all_peers:
        frame = geopandas.GeoDataFrame({"one": np.zeros(len(boxes))}, geometry=boxes)
        peers.append(Timing(subject="geopandas dissolve", value=median_s(lambda: frame.dissolve(by="one"), repeats=1, warm=False), note="once"))
    else:
        peers.append(Timing(subject="geopandas dissolve", value=None, note="with --peers all"))
    return rows(f"outline {mask.sum():,} cells, {len(found.geoms):,} parts", "s", ours, peers, goal=Goal(ratio=3))


def _rasterio(mask: NDArray[np.bool_], area: float, *, repeats: int) -> Timing:
    found = peer("rasterio")
    if found is None:
        return Timing(subject="rasterio.features.shapes", value=None, note=NOT_INSTALLED)
    answer: Callable[[], list[shapely.Geometry]] = found.prepare(mask, CHINA)
    if abs(sum(part.area for part in found.polygons(answer())) / area - 1) > 1e-9:
        raise AssertionError("rasterio's outline has another area than ours: do not compare their times")
    return Timing(subject="rasterio.features.shapes", value=median_s(answer, repeats=repeats), note="GeoJSON dictionaries, no geometries made of them")


def _boxes(mask: NDArray[np.bool_]) -> NDArray[np.object_]:
    up, across = np.nonzero(mask)
    west, south = CHINA.lon0 + (np.arange(CHINA.nx + 1) - 0.5) * CHINA.dlon, CHINA.lat0 + (np.arange(CHINA.ny + 1) - 0.5) * CHINA.dlat
    return np.asarray(shapely.box(west[across], south[up], west[across + 1], south[up + 1]))


def _mask() -> NDArray[np.bool_]:
    noise = gaussian_filter(np.random.default_rng(3).standard_normal(CHINA.shape), 1.8)
    return np.asarray(noise > np.partition(noise.ravel(), -_CELLS - 1)[-_CELLS - 1], dtype=np.bool_)
