"""Analysis: measurements of scattered stations on the cells of a grid."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.grid import Grid
from geo.plane import to_km

Places = tuple[tuple[str, float, float], ...]

# Nearer than this the weight grows no more: a gauge in the centre of a cell outweighs all others a million times.
_SAME_PLACE_KM = 1e-3


def analysis(values: NDArray[np.floating], places: Places, grid: Grid, *, radius_km: float = 10.0, nearest: int = 8) -> NDArray[np.float32]:
    """``values`` (S,) at ``places`` (name, lon, lat) on ``grid``: (ny, nx), NaN where no station lies within the radius.

    Inverse distance weighting with Franke and Little's local weights ((R - d) / (R d))² (Franke 1982, Math. Comp. 38) of
    the ``nearest`` stations: exact at the gauges, never beyond the range of the values used, and smooth to the edge of
    the radius. NaN among the values is a station that does not report; its weight goes to the others.
    Raises ValueError for a grid that is not ``regular_ll``.
    """
    if not grid.regular:
        raise ValueError(f"stations are put on regular_ll grids only, not on {grid.describe()}")
    if not places:
        return np.full(grid.shape, np.nan, dtype=np.float32)
    index, weights = _weights(places, grid, radius_km, min(nearest, len(places)))
    given = np.append(np.asarray(values, dtype=np.float64), np.nan)[index]
    used = np.where(np.isfinite(given), weights, 0.0)
    total = used.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (used * np.nan_to_num(given)).sum(axis=1) / total
    return np.where(total > 0, found, np.nan).astype(np.float32).reshape(grid.shape)


@lru_cache(maxsize=8)
def _weights(places: Places, grid: Grid, radius_km: float, nearest: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each cell the indices of its stations (one past the end for none) and their weights, (cells, nearest)."""
    lat0 = float(grid.lats.mean())
    lon, lat = np.meshgrid(grid.lons, grid.lats)
    tree = cKDTree(to_km([one[1] for one in places], [one[2] for one in places], lat0=lat0))
    away, index = tree.query(to_km(lon.ravel(), lat.ravel(), lat0=lat0), k=[k + 1 for k in range(nearest)], distance_upper_bound=radius_km)
    near = np.clip(np.asarray(away, dtype=np.float64), _SAME_PLACE_KM, radius_km)
    weights = np.square((radius_km - near) / (radius_km * near))
    return np.asarray(index, dtype=np.int64), np.asarray(weights, dtype=np.float64)
