"""Rain written for one test: a nowcast on 0.01° cells, 10-minute sums for two hours, dry but for the boxes."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from feeds.payload import Payload

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees; cells whose centre lies inside."""

SHANGHAI: Box = (120.80, 30.60, 122.30, 31.95)


def rain_file(
    folder: Path, at: datetime, boxes: Mapping[Box, float], *, observed: Mapping[Box, float] | None = None, extent: Box = SHANGHAI,
    units: str = "mm", dry_hours: int = 0, ahead_hours: int = 2,
) -> Payload:
    """``boxes``: mm in each of the twelve 10-minute sums after ``at``; ``observed``: mm in the sum that ends at ``at``.

    ``dry_hours`` before it the file tells of, too: sums of 0. It ends ``ahead_hours`` after it, dry after the second.
    """
    past, steps = 6 * dry_hours, 6 * ahead_hours + 1
    west, south, east, north = extent
    lats = np.round(np.arange(south, north + 0.001, 0.01), 2)
    lons = np.round(np.arange(west, east + 0.001, 0.01), 2)
    values = np.zeros((past + steps, lats.size, lons.size), dtype=np.float32)
    for first, given in ((past + 1, boxes), (past, observed or {})):
        for (w, s, e, n), mm in given.items():
            inside = np.ix_((lats >= s) & (lats <= n), (lons >= w) & (lons <= e))
            values[first : past + (13 if first > past else 1), inside[0], inside[1]] = mm
    path = folder / f"nowcast_{at:%Y%m%d%H%M}.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.Conventions = "CF-1.11"
        for dimension, size in (("lead", past + steps), ("lat", lats.size), ("lon", lons.size)):
            file.createDimension(dimension, size)
        minutes = np.arange(-past, steps) * 10
        run = f"minutes since {at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        _variable(file, "lead", ("lead",), minutes.astype("i4"), standard_name="forecast_period", units="minutes")
        _variable(file, "time", ("lead",), minutes.astype("i4"), standard_name="time", units=run)
        _variable(file, "forecast_reference_time", (), np.int32(0), standard_name="forecast_reference_time", units=run)
        _variable(file, "lat", ("lat",), lats, standard_name="latitude", units="degrees_north")
        _variable(file, "lon", ("lon",), lons, standard_name="longitude", units="degrees_east")
        about = {"standard_name": "lwe_thickness_of_precipitation_amount", "cell_methods": "time: sum (interval: 10 minutes)",
                 "statistic": "sum", "coordinates": "time forecast_reference_time"}
        rain = _variable(file, "rain_10min", ("lead", "lat", "lon"), values, **about)
        rain.window_minutes = 10
        if units:
            rain.units = units
    return payload_of(path, at)


def payload_of(path: Path, at: datetime | None, *, fetched_at: datetime | None = None) -> Payload:
    return Payload(
        source="nowcast", path=path, fetched_at=fetched_at or at or datetime.now(UTC),
        checksum=hashlib.sha256(path.read_bytes()).hexdigest(), run_time=at)


def _variable(
    file: netCDF4.Dataset, name: str, dimensions: tuple[str, ...], values: Any,
    **attributes: str,
) -> netCDF4.Variable:  # type: ignore[type-arg]  # the library's own generic
    variable = file.createVariable(name, values.dtype, dimensions)
    variable[...] = values
    variable.setncatts(attributes)
    return variable
