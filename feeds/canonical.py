"""Canonical: a field or an observation in the unit we keep its quantity in."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from feeds.errors import BadField
from feeds.variable import CANONICAL_UNITS, plain_units
from geo.field import GridField
from geo.observation import Observation
from geo.units import UnitError, convert


def canonical(field: GridField) -> GridField:
    """``field`` in canonical units (rain mm, wind m s-1, temperature degC, visibility m, humidity %, pressure Pa).

    A probability is in %, its threshold in the quantity's unit. A spread of temperatures stays in K: it is a difference.
    Quantities without a unit of ours keep the file's. Raises BadField naming variable and mend when there is no unit
    at all or one that measures something else.
    """
    if not field.units:
        raise BadField(f"variable {_called(field)} has no units; ask the issuer for a units attribute, "
                       f"or say set_units for this source in config/overrides.yaml")
    units, threshold_units = plain_units(field.units) or "unknown", plain_units(field.threshold_units)
    ours = CANONICAL_UNITS.get(field.variable, "")
    try:
        if field.statistic.startswith("probability"):
            threshold = field.threshold
            if threshold is not None and ours and threshold_units:
                threshold = float(f"{float(convert(np.array([threshold]), threshold_units, ours)[0]):.9g}")
            return replace(field, units="%", values=convert(field.values, units, "%"), threshold=threshold,
                           threshold_units=ours or threshold_units)
        if not ours or units == "unknown":
            return replace(field, units=units, threshold_units=threshold_units)
        if field.statistic == "spread" and ours == "degC":
            return replace(field, units="K") if units in ("K", "degC") else replace(field, units=units)
        return replace(field, units=ours, values=convert(field.values, units, ours))
    except UnitError as fault:
        raise BadField(f"variable {_called(field)}: {fault}; or say set_variable/set_units in config/overrides.yaml") from fault


def canonical_observation(observation: Observation) -> Observation:
    """As :func:`canonical`, for one value at a station."""
    units = plain_units(observation.units)
    if not units:
        raise BadField(f"variable {observation.variable!r} of the stations has no units; name them in the table's columns, "
                       f"or say set_units for this source in config/overrides.yaml")
    ours = CANONICAL_UNITS.get(observation.variable, "")
    if not ours or units == ours:
        return observation if units == observation.units else replace(observation, units=units)
    try:
        offset, scale = _line(units, ours)
    except UnitError as fault:
        raise BadField(f"variable {observation.variable!r} of the stations: {fault}; or say set_units in config/overrides.yaml") from fault
    return replace(observation, units=ours, value=float(f"{observation.value * scale + offset:.9g}"))


@lru_cache(maxsize=64)
def _line(units: str, ours: str) -> tuple[float, float]:
    """(offset, scale) of a conversion: all of ours are straight lines."""
    zero, one = (float(value) for value in convert(np.array([0.0, 1.0]), units, ours))
    return zero, one - zero


def _called(field: GridField) -> str:
    """The file's name for it, and ours where they differ."""
    original = dict(field.provenance.original)
    own = original.get("name") or original.get("shortName") or field.variable
    return repr(own) if own == field.variable else f"{own!r} ({field.variable})"
