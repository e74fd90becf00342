"""Small files written for one test each: GRIB by the codec library, NetCDF by its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import feeds  # noqa: F401  # before ecCodes: it keeps that wheel's libraries to themselves

# isort: split
import eccodes
import netCDF4
import numpy as np
import pytest

Keys = Mapping[str, int | float | str]

# Three columns 121, 122, 123° E and two rows 31, 30° N, written north to south as most issuers do.
LATTICE: Keys = {
    "Ni": 3, "Nj": 2, "latitudeOfFirstGridPointInDegrees": 31.0, "latitudeOfLastGridPointInDegrees": 30.0,
    "longitudeOfFirstGridPointInDegrees": 121.0, "longitudeOfLastGridPointInDegrees": 123.0,
    "iDirectionIncrementInDegrees": 1.0, "jDirectionIncrementInDegrees": 1.0, "dataDate": 20240919, "dataTime": 1200,
}  # fmt: skip


@dataclass(frozen=True)
class GribField:
    """``keys`` are set in order before the values, ``after`` behind them."""

    values: Sequence[float]
    keys: Keys = field(default_factory=dict)
    after: Keys = field(default_factory=dict)
    sample: str = "regular_ll_sfc_grib2"


WriteGrib = Callable[..., Path]


def handle_of(one: GribField) -> int:
    """An encoded field; the caller releases it."""
    handle: int = eccodes.codes_grib_new_from_samples(one.sample)
    for key, value in {**LATTICE, "bitsPerValue": 24, **one.keys}.items():
        eccodes.codes_set(handle, key, value)
    values = np.asarray(one.values, dtype=np.float64)
    if np.isnan(values).any():
        eccodes.codes_set(handle, "bitmapPresent", 1)
        eccodes.codes_set(handle, "missingValue", 9999.0)
        values = np.where(np.isnan(values), 9999.0, values)
    eccodes.codes_set_values(handle, values)
    for key, value in one.after.items():
        eccodes.codes_set(handle, key, value)
    return handle


@pytest.fixture
def write_grib(tmp_path: Path) -> WriteGrib:
    """``write_grib("a.grib2", field, field)``: one message a field; ``together=True``: all in one message."""

    def write(name: str, *fields: GribField, together: bool = False) -> Path:
        path = tmp_path / name
        with path.open("wb") as file:
            multi = eccodes.codes_grib_multi_new() if together else None
            for one in fields:
                handle = handle_of(one)
                if multi is None:
                    eccodes.codes_write(handle, file)
                else:
                    eccodes.codes_grib_multi_append(handle, 4, multi)
                eccodes.codes_release(handle)
            if multi is not None:
                eccodes.codes_grib_multi_write(multi, file)
                eccodes.codes_grib_multi_release(multi)
        return path

    return write


@pytest.fixture
def grib_field() -> type[GribField]:
    """The class, for tests cannot import from each other here."""
    return GribField


@dataclass
class Nc:
    """A NetCDF file under construction: lat 30, 31 and lon 121, 122, 123, and what the test adds."""

    file: netCDF4.Dataset

    def dim(self, name: str, values: Sequence[float], *, kind: str = "f8", **attributes: Any) -> None:
        """A dimension with its coordinate."""
        self.file.createDimension(name, len(values))
        self.var(name, (name,), values, kind=kind, **attributes)

    def var(
        self, name: str, dims: Sequence[str], values: object, *, kind: str = "f4", fill: int | None = None, **attributes: object
    ) -> None:
        """A variable; values are stored as they are given (packed ones packed)."""
        variable = self.file.createVariable(name, kind, tuple(dims), fill_value=fill)
        variable.set_auto_maskandscale(False)
        variable.setncatts(attributes)
        variable[...] = np.asarray(values)


OpenNc = Callable[..., Nc]
Kind = Literal["NETCDF4", "NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET"]


@pytest.fixture
def open_nc(tmp_path: Path) -> OpenNc:
    """``nc = open_nc("a.nc")``; then ``nc.file.close()``. ``bare=True`` leaves the lattice out."""

    def start(name: str, *, kind: Kind = "NETCDF4", bare: bool = False) -> Nc:
        nc = Nc(netCDF4.Dataset(tmp_path / name, "w", format=kind))
        if not bare:
            nc.dim("lat", [30.0, 31.0], units="degrees_north")
            nc.dim("lon", [121.0, 122.0, 123.0], units="degrees_east")
        return nc

    return start
