"""rasterstats on the zonal workload: cells by their centres, one field after the other."""

from collections.abc import Callable

import numpy as np
from affine import Affine  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional, not pinned, untyped
from numpy.typing import NDArray
from rasterstats import zonal_stats  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional, not pinned, untyped

from geo.grid import Grid
from geo.zone import Zone
from tests.bench.zonal import Answers


def prepare(fields: NDArray[np.float32], grid: Grid, zones: tuple[Zone, ...], threshold: float) -> Callable[[], Answers]:
    """The call to be timed."""
    west, _, _, north = grid.bounds
    transform = Affine(grid.dlon, 0, west, 0, -grid.dlat, north)
    places = [zone.geometry for zone in zones]

    def column(field: NDArray[np.float32], statistic: str) -> list[float]:
        return [found[statistic] for found in zonal_stats(places, field[::-1], affine=transform, stats=[statistic], nodata=-999)]

    def answer() -> Answers:
        return Answers(maximum=np.array([column(field, "max") for field in fields]),
                       share=np.array([column((field >= threshold).astype(np.float32), "mean") for field in fields]))

    return answer
