"""CF fields: one field per variable, time, lead, level and member of an opened CF data set, on a grid in geo's form."""

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import netCDF4
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from feeds import cf_axes, cf_time, variable
from feeds.cf_axes import Axes, Role, attribute
from feeds.errors import BadField, PartlyRead, Truncated
from geo.field import GridField, Provenance

_TIMES: tuple[Role, Role, Role] = ("valid", "run", "lead")
_METHODS = {"sum": "sum", "mean": "mean", "maximum": "max", "minimum": "min", "standard_deviation": "spread", "point": "instant"}
_METHOD = re.compile(r"\b(?:time|lead|forecast_period)\s*:\s*(\w+)")
_POINTERS = ("coordinates", "bounds", "climatology", "grid_mapping", "ancillary_variables", "cell_measures", "formula_terms")
_ORIGINAL_ATTRIBUTES = ("standard_name", "long_name", "units", "cell_methods", "scale_factor", "add_offset")
_ORIGINAL_GLOBALS = ("issuer", "product", "version", "institution", "Conventions")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    run: datetime
    valid: datetime
    window: timedelta | None
    run_given: bool


def fields_of(dataset: xr.Dataset, *, path: Path, source: str, checksum: str) -> Iterator[GridField]:
    """Yield every field, variables in file order, then by time, lead, level and member; units "" where none is given.

    ``dataset`` was opened without decoding. ``time`` is the valid time; where a ``lead`` is a dimension beside it, or it has standard_name
    forecast_reference_time, it is the run's. A field with bounds ends at the upper bound, and its window is their width. Our own
    attributes ``window_minutes`` and ``statistic`` on a variable tell both where CF cannot.
    Raises Truncated for a file that ends within a variable; PartlyRead, after the last good field, names each variable refused.
    """
    faults: list[str] = []
    count = 0
    for name in _data_variables(dataset):
        try:
            for field in _fields(name, dataset, path=path, source=source, checksum=checksum, before=count):
                count += 1
                yield field
        except BadField as fault:
            faults.append(str(fault))
        except (OSError, RuntimeError) as fault:  # the HDF library's own
            told = "; ".join(("", *faults))
            raise Truncated(f"{path.name}: broken in variable {name!r} ({fault}). {count} field(s) were read{told}; fetch the file again") from fault
    if faults:
        raise PartlyRead(path.name, tuple(faults))


def _data_variables(dataset: xr.Dataset) -> Iterator[str]:
    """Numeric variables of two dimensions or more that no other variable points to (as bounds, coordinates …)."""
    pointed = {word for other in (*map(str, dataset.variables),) for key in _POINTERS
               for word in attribute(dataset[other], key).replace(":", " ").split()}  # fmt: skip
    pointed |= set(str(dataset.attrs.get("coordinates", "")).split())
    for key in dataset.variables:
        name = str(key)
        array = dataset[name]
        horizontal = cf_axes.role(name, array) in ("lat", "lon")
        if array.ndim >= 2 and array.dtype.kind in "iuf" and name not in pointed and name not in array.dims and not horizontal:
            yield name


def _fields(name: str, dataset: xr.Dataset, *, path: Path, source: str, checksum: str, before: int) -> Iterator[GridField]:
    array = dataset[name]
    axes = cf_axes.axes_of(name, dataset)
    kind, other_grid = cf_axes.grid_of(name, axes, dataset)
    for axis in (axes.names.get(role, "") for role in _TIMES):
        if axis in array.dims:
            cf_axes.ordered(axis, dataset[axis].values.astype(np.float64))
    known, level_of_name, window_of_name = variable.of_netcdf(name, attribute(array, "standard_name"))
    kept = tuple((key, attribute(array, key)) for key in _ORIGINAL_ATTRIBUTES if attribute(array, key))
    kept += tuple((key, str(dataset.attrs[key])) for key in _ORIGINAL_GLOBALS if key in dataset.attrs)
    dims = axes.others(array)
    for index, position in enumerate(itertools.product(*(range(array.sizes[dim]) for dim in dims)), start=before + 1):
        at = dict(zip(dims, position, strict=True))
        moment = _moment(name, axes, dataset, at)
        window = moment.window or _declared_window(name, array) or window_of_name
        values = _unpacked(array.isel(at).transpose(axes.y, axes.x))
        missing = int(np.count_nonzero(np.isnan(values)))
        raw = (float(np.nanmin(values)), float(np.nanmax(values))) if missing < values.size else (math.nan, math.nan)
        if other_grid is None:
            grid, values = cf_axes.on_regular(values, dataset[axes.y].values, dataset[axes.x].values)
        else:
            grid = other_grid
        run_time = () if moment.run_given else (("run_time", "not given; the valid time is taken"),)
        yield GridField(
            variable=known.name if known else name, units=variable.plain_units(attribute(array, "units")), values=values, grid=grid,
            valid_time=moment.valid, run_time=moment.run, window=window,
            statistic=_statistic(array, window=window, by_name=known.statistic if known else ""),
            level=level_of_name or _level(axes, dataset, at), member=_member(axes, dataset, at),
            raw_min=raw[0], raw_max=raw[1], missing_count=missing,
            provenance=Provenance(source=source, path=str(path), checksum=checksum, index=index,
                                  original=(("name", name), ("gridType", kind), *kept, *run_time)),
        )  # fmt: skip


def _coordinate(role: Role, axes: Axes, dataset: xr.Dataset, at: dict[str, int]) -> tuple[float, xr.DataArray] | None:
    """The value of a coordinate for one field, and the coordinate; None when the file has none."""
    name = axes.names.get(role)
    if name is None or not set(map(str, dataset[name].dims)) <= set(at):
        return None
    array = dataset[name]
    value = float(array.isel({dim: at[str(dim)] for dim in array.dims}).values)
    return value, array


def _moment(name: str, axes: Axes, dataset: xr.Dataset, at: dict[str, int]) -> _Moment:
    valid, run, lead = (_coordinate(role, axes, dataset, at) for role in _TIMES)
    ahead = cf_time.duration(lead[0], attribute(lead[1], "units") or "minutes") if lead else None
    valid_at, run_at = (_instant(each) if each else None for each in (valid, run))
    window, end = _bounds(valid, dataset, at)
    if end is not None:
        valid_at = end
    if run_at is not None:
        if valid_at is None:
            valid_at = run_at + (ahead or timedelta(0))
        return _Moment(run=run_at, valid=valid_at, window=window or _lead_window(lead, dataset, at), run_given=True)
    if valid_at is None:
        lacking = "no time" if attribute(dataset[name], "units") else "no time and no units"
        raise BadField(f"variable {name!r} has {lacking}; give the file a time coordinate in '<unit> since <date>', UTC")
    if lead is None or ahead is None:
        return _Moment(run=valid_at, valid=valid_at, window=window, run_given=False)
    if axes.names["lead"] in at:  # time × lead: the time is the run's
        return _Moment(run=valid_at, valid=valid_at + ahead, window=_lead_window(lead, dataset, at), run_given=True)
    return _Moment(run=valid_at - ahead, valid=valid_at, window=window, run_given=True)


def _instant(coordinate: tuple[float, xr.DataArray]) -> datetime:
    value, array = coordinate
    return cf_time.instant(value, attribute(array, "units"), attribute(array, "calendar") or "standard")


def _bounds(
    coordinate: tuple[float, xr.DataArray] | None, dataset: xr.Dataset, at: dict[str, int]
) -> tuple[timedelta | None, datetime | None]:
    """(width, upper end) of the interval a time stands for; CF 1.11 §7.1: bounds inherit unit and calendar."""
    if coordinate is None or (pair := _pair(coordinate[1], dataset, at)) is None:
        return None, None
    units, calendar = attribute(coordinate[1], "units"), attribute(coordinate[1], "calendar") or "standard"
    lower, upper = sorted(cf_time.instant(value, units, calendar) for value in pair)
    return (upper - lower) or None, upper


def _lead_window(coordinate: tuple[float, xr.DataArray] | None, dataset: xr.Dataset, at: dict[str, int]) -> timedelta | None:
    if coordinate is None or (pair := _pair(coordinate[1], dataset, at)) is None:
        return None
    return cf_time.duration(abs(pair[1] - pair[0]), attribute(coordinate[1], "units") or "minutes") or None


def _pair(array: xr.DataArray, dataset: xr.Dataset, at: dict[str, int]) -> tuple[float, float] | None:
    name = attribute(array, "bounds")
    if name not in dataset.variables or dataset[name].ndim != array.ndim + 1:
        return None
    pair = dataset[name].isel({dim: at[str(dim)] for dim in array.dims}).values
    return float(pair[0]), float(pair[1])


def _declared_window(name: str, array: xr.DataArray) -> timedelta | None:
    told = attribute(array, "window_minutes")
    if not told:
        return None
    try:
        return timedelta(minutes=float(told)) or None
    except ValueError as fault:
        raise BadField(f"variable {name!r}: window_minutes is {told!r}; write a number of minutes") from fault


def _statistic(array: xr.DataArray, *, window: timedelta | None, by_name: str) -> str:
    if told := attribute(array, "statistic"):
        return told
    method = _METHOD.search(attribute(array, "cell_methods"))
    if method is not None:
        return _METHODS.get(method[1], method[1])
    return by_name or ("instant" if window is None else "unknown")


def _level(axes: Axes, dataset: xr.Dataset, at: dict[str, int]) -> str:
    found = _coordinate("level", axes, dataset, at)
    if found is None:
        return ""
    value, array = found
    units = variable.plain_units(attribute(array, "units"))
    if units == "Pa":
        value, units = value / 100, "hPa"
    return f"{value:g} {units}".strip() if units and units != "1" else f"{array.name} {value:g}"


def _member(axes: Axes, dataset: xr.Dataset, at: dict[str, int]) -> int | None:
    found = _coordinate("member", axes, dataset, at)
    return None if found is None else round(found[0])


def _unpacked(array: xr.DataArray) -> NDArray[np.floating]:
    """Physical values in the file's unit, NaN where missing; float32 stays float32, packed integers become float64 (CF §8.1)."""
    packed = array.values
    if attribute(array, "_Unsigned").lower() == "true" and packed.dtype.kind == "i":
        packed = packed.view(f"u{packed.dtype.itemsize}")
    unknown = np.zeros(packed.shape, dtype=np.bool_)
    fills = [array.attrs[key] for key in ("_FillValue", "missing_value") if key in array.attrs]
    if not fills and packed.dtype.itemsize > 1:
        fills = [netCDF4.default_fillvals[packed.dtype.str[1:]]]
    for fill in fills:
        for value in np.atleast_1d(np.asarray(fill)):
            unknown |= packed == value.astype(packed.dtype)
    low, high = array.attrs.get("valid_range", (array.attrs.get("valid_min"), array.attrs.get("valid_max")))
    if low is not None:
        unknown |= packed < low
    if high is not None:
        unknown |= packed > high
    scale, offset = float(array.attrs.get("scale_factor", 1.0)), float(array.attrs.get("add_offset", 0.0))
    if packed.dtype == np.float32 and scale == 1.0 and offset == 0.0:
        values: NDArray[np.floating] = packed.copy()
    else:
        values = packed.astype(np.float64) * scale + offset
    values[unknown] = np.nan
    return values
