"""Derive: any quantity that a rule compares, as a Series made from raw fields."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from geo.accumulate import sliding_sums, sums_to_come
from geo.choose import DeriveError, Step, choose, latest_window, with_wind_speed
from geo.daily import DAILY, DAY, LONGEST_GAP, Days, daily_extremes, day_end, drops
from geo.field import GridField
from geo.quantity import Quantity
from geo.series import AFTER, Series
from geo.units import beaufort, convert

__all__ = ["DeriveError", "Series", "history", "series"]

_SUMS = frozenset({"rain", "snow_water"})
_TO_COME = {f"{name}_to_come": name for name in _SUMS}
_FORCES = {
    "mean_bft": ("wind_speed", "wind_speed_of_components"),
    "gust_bft": ("wind_gust",),
}
_TEMPERATURES = {
    "tmax": ("tmax", "air_temperature"),
    "tmin": ("tmin", "air_temperature"),
    "temperature_drop": ("tmin", "air_temperature"),
    "ground_tmin": ("ground_tmin", "ground_temperature"),
}


def series(quantity: Quantity, fields: Sequence[GridField], *, now: datetime) -> Series | None:
    """``quantity`` at every time the fields allow, or None when no field speaks of it.

    - ``rain``, ``snow_water`` with a window: sliding sums (``geo.accumulate``), observed so far joined with forecast.
    - ``rain_to_come``, ``snow_water_to_come`` with a window: what falls within it from now on, by forecast alone; ``partial`` where steps are unknown.
    - ``mean_bft``, ``gust_bft``: Beaufort force of wind_speed (or of both components) and wind_gust.
    - ``tmax``, ``tmin``, ``ground_tmin``: extremes by Beijing's local day; ``temperature_drop``: of daily minima within
      its window (``geo.daily``). Their times are the local midnights that end the days.
    - anything else: the instant values of the field of that name; with a window, only fields of just that window.
    Holes and the time after the end of the data are rows of NaN: missing steps of a sum, more than LONGEST_GAP
    without an instant, a local day from today on without a step.
    Raises DeriveError for fields on several grids and for a sum without a window, UnitError for strange units.
    """
    if quantity.name in _SUMS:
        return _sums(quantity, fields, now)
    if quantity.name in _TO_COME:
        return _to_come(quantity, fields, now)
    if quantity.name in DAILY:
        return _daily(quantity, fields, now)
    return _instants(quantity, fields, now)


def variables(quantity: Quantity) -> frozenset[str]:
    """The fields' variables that ``series`` makes it from."""
    if quantity.name in _FORCES:
        return frozenset({"wind_speed", "eastward_wind", "northward_wind"} if quantity.name == "mean_bft" else _FORCES[quantity.name])
    if quantity.name in _TEMPERATURES:
        return frozenset(_TEMPERATURES[quantity.name])
    if quantity.name == "wind_speed":
        return frozenset({"wind_speed", "eastward_wind", "northward_wind"})
    return frozenset({_TO_COME.get(quantity.name, quantity.name)})


def history(quantity: Quantity, *, days: int = 1) -> timedelta:
    """How far before the time of interest fields are needed.

    The window of a sum, the whole local days of daily values, and for instants as far as one of them speaks.
    """
    if quantity.name == "temperature_drop":
        return DAY * days + (quantity.window or DAY)
    if quantity.name in DAILY:
        return DAY * days
    if quantity.name in _TO_COME:
        return timedelta(0)
    own = quantity.window or timedelta(0) if quantity.name in _SUMS else LONGEST_GAP
    return own + DAY * (days - 1)


def _sums(quantity: Quantity, fields: Sequence[GridField], now: datetime) -> Series | None:
    if quantity.window is None or quantity.window <= timedelta(0):
        raise DeriveError(f"{quantity}: a sum needs a window, such as 1 h; give the rule's quantity one")
    steps = [step for step in choose((quantity.name,), fields, now=now) if step.field.statistic == "sum"]
    sums = sliding_sums(steps, quantity.window, quantity.units, now=now)
    if sums is None:
        return None
    found = Series(
        quantity=quantity, grid=steps[0].field.grid, times=sums.times, values=sums.values, observed=sums.observed
    )
    return _with_unknown(found, [sums.times[-1] + AFTER])


def _to_come(quantity: Quantity, fields: Sequence[GridField], now: datetime) -> Series | None:
    if quantity.window is None or quantity.window <= timedelta(0):
        raise DeriveError(f"{quantity}: what is to come needs a window, such as 6 h ahead; give the rule's quantity one")
    steps = [step for step in choose((_TO_COME[quantity.name],), fields, now=now) if step.field.statistic == "sum"]
    found = sums_to_come(steps, quantity.window, quantity.units, now=now)
    if found is None:
        return None
    ahead = Series(
        quantity=quantity, grid=steps[0].field.grid, times=found.times, values=found.values,
        observed=np.zeros(len(found.times), dtype=np.bool_), partial=found.partial if found.partial.any() else None)
    return _with_unknown(ahead, [found.times[-1] + AFTER])


def _daily(quantity: Quantity, fields: Sequence[GridField], now: datetime) -> Series | None:
    extreme, other = ("max", "min") if quantity.name == "tmax" else ("min", "max")
    variables = _TEMPERATURES[quantity.name]
    # A minimum over some hours says nothing of the day's maximum, nor does a mean.
    usable = [field for field in fields if field.statistic not in (other, "mean", "sum")]
    steps = choose(variables, usable, now=now)
    days = daily_extremes(steps, quantity.units, "max" if extreme == "max" else "min")
    if days is None:
        return None
    if quantity.name == "temperature_drop":
        days = drops(days, quantity.window or DAY)
    found = _of_days(quantity, steps, days)
    today, last = day_end(now + timedelta(microseconds=1)), days.times[-1]
    missing = [today + DAY * k for k in range(max((last - today) // DAY, 0) + 1)]
    return _with_unknown(found, [*(set(missing) - set(days.times)), last + DAY])


def _of_days(quantity: Quantity, steps: Sequence[Step], days: Days) -> Series:
    return Series(
        quantity=quantity,
        grid=steps[0].field.grid,
        times=days.times,
        values=days.values,
        observed=days.observed,
        partial=days.partial if days.partial.any() else None,
    )


def _instants(quantity: Quantity, fields: Sequence[GridField], now: datetime) -> Series | None:
    force = quantity.name in _FORCES
    variables = _FORCES.get(quantity.name, (quantity.name,))
    steps = choose(variables, with_wind_speed(fields) if "wind_speed" in variables else fields, now=now)
    if quantity.window is not None:
        steps = [step for step in steps if step.end - step.start == quantity.window]
    steps = latest_window(steps)
    if not steps:
        return None
    units = "m s-1" if force else quantity.units
    layers = [convert(step.field.values, step.field.units, units) for step in steps]
    values = np.stack([beaufort(layer) if force else layer.astype(np.float32) for layer in layers])
    found = Series(
        quantity=quantity,
        grid=steps[0].field.grid,
        times=tuple(step.end for step in steps),
        values=values,
        observed=np.array([step.analysis for step in steps], dtype=np.bool_),
    )
    return _with_unknown(found, _silences(steps, now))


def _silences(steps: Sequence[Step], now: datetime) -> list[datetime]:
    """Where instants (or maxima over short windows) leave more than LONGEST_GAP open, and their end."""
    found = [now] if steps[0].start - now > LONGEST_GAP else []
    reached = steps[0].end
    for step in steps[1:]:
        if step.start - reached > LONGEST_GAP:
            found.append(reached + AFTER)
        reached = max(reached, step.end)
    return [*found, reached + AFTER]


def _with_unknown(found: Series, moments: Iterable[datetime]) -> Series:
    """The series with rows of NaN at ``moments``, none of which it has."""
    extra = set(moments)
    times = tuple(sorted({*found.times, *extra}))
    kept = np.array([time not in extra for time in times], dtype=np.bool_)
    values = np.full((len(times), *found.grid.shape), np.nan, dtype=np.float32)
    observed = np.zeros(len(times), dtype=np.bool_)
    values[kept], observed[kept] = found.values, found.observed
    partial = found.partial
    if partial is not None:
        marked = np.zeros(values.shape, dtype=np.bool_)
        marked[kept] = partial
        partial = marked
    return replace(found, times=times, values=values, observed=observed, partial=partial)
