"""GridField: one quantity on one grid at one valid time, with what it needs to be believed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from geo.grid import Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a field came from, and what was changed on the way (``corrections`` name the override and the original)."""

    source: str
    path: str
    checksum: str = ""
    index: int = 0
    original: tuple[tuple[str, str], ...] = ()
    corrections: tuple[str, ...] = ()
    suspicions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GridField:
    """One field. ``values`` is (ny, nx) float32 or float64 in ``units``, row 0 south, NaN = unknown.

    ``variable`` is our canonical name where the reader knows it (``rain``, ``wind_speed``, ``wind_gust``, ``eastward_wind``,
    ``northward_wind``, ``air_temperature``, ``visibility``, ``snow_water``, ``road_temperature``,
    ``ground_temperature``, ``relative_humidity``, ``water_level`` …) else the file's own name.
    Canonical units: rain/snow_water mm, wind m s-1, temperature degC, visibility m, humidity %, pressure Pa.
    ``window`` is the accumulation (or maximum/minimum) interval that *ends* at ``valid_time``; None = instantaneous.
    ``statistic``: instant, sum, mean, max, min, spread, probability (of reaching or passing ``threshold``, in
    ``threshold_units``), probability_below, probability_between (from ``threshold``), probability_unknown; another word is
    the file's own, and "unknown" is one that has a window and tells nothing.
    ``raw_min``/``raw_max`` and ``missing_count`` are as the file has them, before override and conversion.
    """

    variable: str
    units: str
    values: NDArray[np.floating]
    grid: Grid
    valid_time: datetime
    run_time: datetime
    window: timedelta | None = None
    statistic: str = "instant"
    level: str = ""
    member: int | None = None
    threshold: float | None = None
    threshold_units: str = ""
    raw_min: float = float("nan")
    raw_max: float = float("nan")
    missing_count: int = 0
    provenance: Provenance

    @property
    def lead(self) -> timedelta:
        """From the run to the end of the field's validity; 0 for an analysis."""
        return self.valid_time - self.run_time
