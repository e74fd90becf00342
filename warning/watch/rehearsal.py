"""Rehearsal: fields of a calm day and of a wet one, judged and thrown away before the first real file, so that compiling does not delay a warning."""

from datetime import datetime, timedelta

import numpy as np

from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.zone import ZoneSet

_CELLS = 24
_STEP = timedelta(minutes=10)
_CALM = (("wind_speed", "m s-1", 1.0), ("wind_gust", "m s-1", 2.0), ("air_temperature", "degC", 20.0), ("visibility", "m", 20_000.0),
         ("relative_humidity", "%", 60.0))


def calm_day(zones: ZoneSet, *, now: datetime) -> list[GridField]:
    """Two dry, mild hours over all zones on a few hundred cells: every rule finds data and none is reached."""
    return _day(zones, now=now, rain_mm=0.0)


def wet_day(zones: ZoneSet, *, now: datetime) -> list[GridField]:
    """The same with 30 mm in each ten minutes, everywhere: what only a warning needs (its outline, its words) is needed."""
    return _day(zones, now=now, rain_mm=30.0)


def _day(zones: ZoneSet, *, now: datetime, rain_mm: float) -> list[GridField]:
    grid = _grid(zones)
    provenance = Provenance(source="rehearsal", path="rehearsal")
    fields = []
    for step in range(13):
        at = now + step * _STEP
        fields.append(GridField(
            variable="rain", units="mm", values=np.full(grid.shape, rain_mm, dtype=np.float32), grid=grid, valid_time=at, run_time=now, window=_STEP,
            statistic="sum", provenance=provenance))
        fields += [
            GridField(variable=name, units=units, values=np.full(grid.shape, value, dtype=np.float32), grid=grid, valid_time=at, run_time=now,
                      provenance=provenance)
            for name, units, value in _CALM]
    return fields


def _grid(zones: ZoneSet) -> Grid:
    bounds = np.array([zone.geometry.bounds for zone in zones])
    west, south = bounds[:, 0].min(), bounds[:, 1].min()
    wide, high = max(bounds[:, 2].max() - west, 0.01) / (_CELLS - 1), max(bounds[:, 3].max() - south, 0.01) / (_CELLS - 1)
    return Grid(kind="regular_ll", ny=_CELLS, nx=_CELLS, lat0=float(south), lon0=float(west), dlat=float(high), dlon=float(wide))
