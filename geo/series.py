"""Series: one quantity on one grid through time."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from geo.grid import Grid
from geo.quantity import Quantity


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """``values`` is (T, ny, nx) float32 in ``quantity.units``, row 0 south, NaN = unknown.

    ``times`` are T rising aware UTC times, the *ends* of the quantity's window. ``observed`` (T,) is True where only
    analyses went in. ``partial`` (T, ny, nx), None for nowhere, marks daily extremes of a day whose steps are not all
    there: the truth is at least as extreme (a higher tmax, a lower tmin, a larger drop) as the value.
    """

    quantity: Quantity
    grid: Grid
    times: tuple[datetime, ...]
    values: NDArray[np.float32]
    observed: NDArray[np.bool_]
    partial: NDArray[np.bool_] | None = None
