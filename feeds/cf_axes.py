"""Axes: which coordinate of a CF file plays which part for a variable, and the grid they make."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from feeds import cf_time, lattice
from feeds.errors import BadField
from geo.grid import Grid

Role = Literal["valid", "run", "lead", "level", "member", "lat", "lon", "y", "x"]

_BY_STANDARD_NAME: dict[str, Role] = {
    "time": "valid", "forecast_reference_time": "run", "forecast_period": "lead", "realization": "member", "latitude": "lat",
    "longitude": "lon", "grid_latitude": "y", "grid_longitude": "x", "projection_y_coordinate": "y", "projection_x_coordinate": "x",
    "height": "level", "air_pressure": "level", "depth": "level", "altitude": "level", "model_level_number": "level",
}  # fmt: skip
_BY_NAME: dict[str, Role] = {
    "time": "valid", "valid_time": "valid", "reftime": "run", "forecast_reference_time": "run", "lead": "lead", "step": "lead",
    "lead_time": "lead", "forecast_period": "lead", "number": "member", "member": "member", "ensemble": "member", "realization": "member",
    "lat": "lat", "latitude": "lat", "lon": "lon", "longitude": "lon", "level": "level", "plev": "level", "isobaricInhPa": "level",
    "height": "level", "y": "y", "x": "x", "rlat": "y", "rlon": "x",
}  # fmt: skip
_KINDS = {"rotated_latitude_longitude": "rotated_ll", "lambert_conformal_conic": "lambert", "latitude_longitude": "regular_ll"}
_UNEVEN = 0.02  # largest deviation of a step from the mean step, in steps (float32 longitudes at 0.01° deviate by 0.001)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """The coordinates of one variable by part; ``y``/``x`` are the names of its two horizontal dimensions."""

    names: dict[Role, str]
    y: str
    x: str

    def others(self, variable: xr.DataArray) -> tuple[str, ...]:
        """The dimensions that are not horizontal, in the variable's order."""
        return tuple(str(name) for name in variable.dims if name not in (self.y, self.x))


def attribute(variable: xr.DataArray, name: str) -> str:
    """An attribute as text, "" when it is not there."""
    return str(variable.attrs.get(name, "")).strip()


def role(name: str, variable: xr.DataArray) -> Role | None:
    """What part a coordinate plays: by standard_name, then units, axis and positive, then its name."""
    if known := _BY_STANDARD_NAME.get(attribute(variable, "standard_name")):
        return known
    units = attribute(variable, "units")
    if cf_time.is_time(units):
        return "run" if _BY_NAME.get(name) == "run" else "valid"
    if units in ("degrees_north", "degree_north", "degrees_N"):
        return "lat"
    if units in ("degrees_east", "degree_east", "degrees_E"):
        return "lon"
    if attribute(variable, "positive") or attribute(variable, "axis") == "Z":
        return "level"
    by_axis: dict[str, Role] = {"X": "x", "Y": "y", "E": "member"}
    return by_axis.get(attribute(variable, "axis")) or _BY_NAME.get(name)


def axes_of(name: str, dataset: xr.Dataset) -> Axes:
    """The parts for variable ``name``: its dimensions, what its ``coordinates`` name, and scalars of the file.

    Raises BadField when there is no pair of horizontal dimensions, or a dimension whose part nobody can tell.
    """
    variable = dataset[name]
    listed = f"{attribute(variable, 'coordinates')} {dataset.attrs.get('coordinates', '')}".split()
    scalars = [str(other) for other in dataset.variables if dataset[other].ndim == 0]
    names: dict[Role, str] = {}
    for candidate in dict.fromkeys([*map(str, variable.dims), *listed, *scalars]):
        if candidate in dataset.variables and candidate != name and set(dataset[candidate].dims) <= set(variable.dims):
            part = role(candidate, dataset[candidate])
            if part is not None:
                names.setdefault(part, candidate)
    flat = {part: other for part, other in names.items() if other in variable.dims}
    y, x = (flat.get("lat") or flat.get("y"), flat.get("lon") or flat.get("x"))
    if (y is None or x is None) and "lat" in names and dataset[names["lat"]].ndim == 2:
        y, x = map(str, dataset[names["lat"]].dims)
    if y is None or x is None:
        raise BadField(f"variable {name!r} has no latitude and longitude (dimensions {', '.join(map(str, variable.dims))}); "
                       f"give the coordinates units degrees_north and degrees_east")
    axes = Axes(names=names, y=y, x=x)
    for other in axes.others(variable):
        if other not in flat.values():
            raise BadField(f"variable {name!r} has a dimension {other!r} that is neither time, lead, level nor member; "
                           f"give its coordinate a standard_name")
    return axes


def ordered(name: str, values: NDArray[np.floating]) -> None:
    """Refuse a time or lead axis that goes back or repeats a value."""
    steps = np.diff(values)
    if not np.all(np.isfinite(values)):
        raise BadField(f"axis {name!r} has missing values; mend the file")
    if np.any(steps == 0):
        raise BadField(f"axis {name!r} has the value {values[int(np.argmax(steps == 0))]:g} twice; which field holds then cannot be told")
    if np.any(steps < 0):
        raise BadField(f"axis {name!r} is not sorted (after {values[int(np.argmax(steps < 0))]:g} it goes back); sort it in the transfer")


def grid_of(name: str, axes: Axes, dataset: xr.Dataset) -> tuple[str, Grid | None]:
    """The kind of the variable's grid; the Grid itself when it is one of another kind than ``regular_ll``."""
    variable = dataset[name]
    ny, nx = variable.sizes[axes.y], variable.sizes[axes.x]
    mapping = attribute(variable, "grid_mapping").split(":")[0].split(" ")[0]
    if mapping in dataset.variables:
        told = attribute(dataset[mapping], "grid_mapping_name")
        kind = _KINDS.get(told, told) or "unknown"
    elif axes.names.get("lat") == axes.y and axes.names.get("lon") == axes.x:
        kind = "regular_ll"
    else:
        kind = "curvilinear"
    if kind == "regular_ll" and not all(_even(dataset[axis].values.astype(np.float64)) for axis in (axes.y, axes.x)):
        kind = "irregular_ll"
    return kind, None if kind == "regular_ll" else Grid(kind=kind, ny=ny, nx=nx)


def _even(values: NDArray[np.float64]) -> bool:
    if values.size < 2 or not np.all(np.isfinite(values)):
        return False
    steps = np.diff(values)
    mean = (values[-1] - values[0]) / (values.size - 1)
    return bool(mean != 0 and np.all(np.abs(steps - mean) <= abs(mean) * _UNEVEN))


def on_regular(
    rows: NDArray[np.floating], lats: NDArray[np.floating], lons: NDArray[np.floating]
) -> tuple[Grid, NDArray[np.floating]]:
    """Rows (ny, nx) over even ``lats`` and ``lons`` (degrees, either direction) in geo's form."""
    if lats[0] > lats[-1]:
        rows, lats = rows[::-1], lats[::-1]
    if lons[0] > lons[-1]:
        rows, lons = rows[:, ::-1], lons[::-1]
    # float32 degrees are good to 1e-5: 30.600000381 is meant as 30.6, and 129 steps of 0.01 as 0.01.
    decimals = (5, 7) if np.float32 in (lats.dtype, lons.dtype) else (9, 11)
    dlat, dlon = (round(float(axis[-1] - axis[0]) / (axis.size - 1), decimals[1]) for axis in (lats.astype(np.float64), lons.astype(np.float64)))
    return lattice.regular(rows, south=round(float(lats[0]), decimals[0]), dlat=dlat, west=round(float(lons[0]), decimals[0]), dlon=dlon)
