"""regionmask on the zonal workload: cells by their centres, zones kept as a mask, then numpy by zone."""

from collections.abc import Callable

import numpy as np
import regionmask  # type: ignore[import-not-found,import-untyped,unused-ignore]  # optional, not pinned, untyped
from numpy.typing import NDArray

from geo.grid import Grid
from geo.zone import Zone
from tests.bench.zonal import Answers


def prepare(fields: NDArray[np.float32], grid: Grid, zones: tuple[Zone, ...], threshold: float) -> Callable[[], Answers]:
    """The masks are made beforehand, as our overlay is."""
    regions = regionmask.Regions([zone.geometry for zone in zones])
    masks = regions.mask_3D(grid.lons, grid.lats, drop=False).values

    def answer() -> Answers:
        inside = [fields[:, mask] for mask in masks]
        return Answers(maximum=np.array([part.max(axis=1, initial=-np.inf) for part in inside], dtype=np.float64).T,
                       share=np.array([(part >= threshold).sum(axis=1) / max(part.shape[1], 1) for part in inside]).T)

    return answer
