"""Plane: places of a city or a province in kilometres, for distances between neighbours."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

KM_PER_DEGREE = 111.195


def to_km(lons: ArrayLike, lats: ArrayLike, *, lat0: float) -> NDArray[np.float64]:
    """(N, 2) eastward and northward kilometres, true to scale along ``lat0``; a hundred kilometres from it 2 % off."""
    east = np.asarray(lons, dtype=np.float64) * KM_PER_DEGREE * np.cos(np.radians(lat0))
    return np.stack([east, np.asarray(lats, dtype=np.float64) * KM_PER_DEGREE], axis=-1)
