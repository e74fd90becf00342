"""Series: one quantity on one grid through time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from geo.grid import Grid
from geo.quantity import Quantity

#: How long after the last known time the row stands that says "unknown from here on".
AFTER = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """``values`` is (T, ny, nx) float32 in ``quantity.units``, row 0 south, NaN = unknown.

    ``times`` are T rising aware UTC times, the *ends* of the quantity's window. ``observed`` (T,) is True where only
    analyses went in. ``partial`` (T, ny, nx), None for nowhere, marks daily extremes of a day whose steps are not all
    there, and what is to come where a step is unknown: the truth is at least as extreme (a higher tmax, a lower tmin, a larger drop) as the value.
    A row of NaN stands in every hole of the data and after their end (``AFTER`` it, or the next local midnight): what
    asks for a time there is told *unknown*, never "no hazard".
    """

    quantity: Quantity
    grid: Grid
    times: tuple[datetime, ...]
    values: NDArray[np.float32]
    observed: NDArray[np.bool_]
    partial: NDArray[np.bool_] | None = None

    def known_until(self, start: datetime) -> datetime | None:
        """The last time from ``start`` on to which the data reach without a hole; None when they are silent at once."""
        reached = None
        for position, time in enumerate(self.times):
            if time < start:
                continue
            if np.isnan(self.values[position]).all():
                break
            reached = time
        return reached
