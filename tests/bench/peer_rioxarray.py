"""rioxarray on the zonal workload: the fields clipped to each zone, cells by their centres."""

from collections.abc import Callable

import numpy as np
import rioxarray  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401  # optional; registers ``.rio``
import xarray
from numpy.typing import NDArray
from rioxarray.exceptions import NoDataInBounds  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional, untyped
from shapely.geometry import mapping

from geo.grid import Grid
from geo.zone import Zone
from tests.bench.zonal import Answers


def prepare(fields: NDArray[np.float32], grid: Grid, zones: tuple[Zone, ...], threshold: float) -> Callable[[], Answers]:
    """The call to be timed."""
    cube = xarray.DataArray(fields[:, ::-1], dims=("time", "y", "x"), coords={"y": grid.lats[::-1], "x": grid.lons}).rio.write_crs("EPSG:4326")

    def column(zone: Zone) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        try:
            part = cube.rio.clip([mapping(zone.geometry)], drop=True).values.reshape(len(fields), -1)
        except NoDataInBounds:
            return np.full(len(fields), np.nan), np.full(len(fields), np.nan)
        known = np.isfinite(part)
        return np.nanmax(part, axis=1), (part >= threshold).sum(axis=1) / known.sum(axis=1)

    def answer() -> Answers:
        found = [column(zone) for zone in zones]
        return Answers(maximum=np.array([one for one, _ in found]).T, share=np.array([other for _, other in found]).T)

    return answer
