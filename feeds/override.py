"""Override: per-source corrections of wrong headers, and ranges in which values are believed. Nothing original is lost."""

import fnmatch
import math
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePath
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from feeds import marked_yaml
from feeds.errors import OverrideError
from feeds.variable import CANONICAL_UNITS
from geo.field import GridField, Provenance
from geo.observation import Observation
from geo.units import UnitError, convert


def _many(value: object) -> object:
    return value if isinstance(value, list | tuple) else (value,)


Ints = Annotated[tuple[int, ...], BeforeValidator(_many)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_many)]
Statistic = Literal["instant", "sum", "mean", "max", "min", "spread", "probability", "probability_below", "probability_between"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(_Strict):
    """Which fields: every key given must fit; a list means any of these. Numbers are those in the file."""

    source: str = Field(default="*", description="name of the source, with * and ?")
    file: str = Field(default="*", description="file name, with * and ?")
    index: Ints = Field(default=(), description="number of the field in its file, counted from 1")
    variable: Texts = Field(default=(), description="name before any correction: ours where known, else the file's")
    name: Texts = Field(default=(), description="the file's own name: NetCDF variable, or ecCodes' shortName")
    level: Texts = Field(default=(), description="level as the inventory shows it")
    discipline: Ints = Field(default=(), description="GRIB2 section 0")
    category: Ints = Field(default=(), description="GRIB2 parameterCategory")
    number: Ints = Field(default=(), description="GRIB2 parameterNumber")
    pdt: Ints = Field(default=(), description="GRIB2 productDefinitionTemplateNumber")
    derived_forecast: Ints = Field(default=(), description="GRIB2 derivedForecast")
    probability_type: Ints = Field(default=(), description="GRIB2 probabilityType")
    scaled_lower_limit: Ints = Field(default=(), description="GRIB2 scaledValueOfLowerLimit")

    def about(self, source: str, file: str) -> bool:
        """Whether a file of this source can hold anything that is meant."""
        return fnmatch.fnmatchcase(source, self.source) and fnmatch.fnmatchcase(file, self.file)

    def fits(self, field: GridField | Observation) -> bool:
        """Whether ``field`` (as read) is meant. An observation has no level and no number in its file."""
        original = dict(field.provenance.original)
        keys = (
            (self.discipline, "discipline"), (self.category, "parameterCategory"), (self.number, "parameterNumber"),
            (self.pdt, "productDefinitionTemplateNumber"), (self.derived_forecast, "derivedForecast"),
            (self.probability_type, "probabilityType"), (self.scaled_lower_limit, "scaledValueOfLowerLimit"),
        )  # fmt: skip
        return (
            self.about(field.provenance.source, PurePath(field.provenance.path).name)
            and (not self.index or field.provenance.index in self.index)
            and (not self.variable or field.variable in self.variable)
            and (not self.name or (original.get("name") or original.get("shortName")) in self.name)
            and (not self.level or (isinstance(field, GridField) and field.level in self.level))
            and all(not wanted or original.get(key) in {str(number) for number in wanted} for wanted, key in keys)
        )


class Override(_Strict):
    """One correction: ``name`` and ``why`` go into the provenance of every field it changes."""

    name: str = Field(min_length=1, description="short name, seen in the inventory")
    why: str = Field(min_length=1, description="how we know that the file is wrong")
    match: Match = Field(description="the fields meant")
    multiply_values: float | None = Field(default=None, description="factor on the values, before unit conversion", gt=0)
    multiply_threshold: float | None = Field(default=None, description="factor on the threshold", gt=0)
    set_threshold: float | None = Field(default=None, description="the threshold, in threshold units")
    set_threshold_units: str | None = Field(default=None, description="unit of the threshold", min_length=1)
    set_units: str | None = Field(default=None, description="unit of the values", min_length=1)
    set_variable: str | None = Field(default=None, description="canonical name", min_length=1)
    set_statistic: Statistic | None = Field(default=None, description="statistic, or the kind of probability")
    set_window_h: float | None = Field(default=None, description="hours of the interval that ends at the valid time", gt=0)

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        actions = (self.multiply_values, self.multiply_threshold, self.set_threshold, self.set_threshold_units, self.set_units,
                   self.set_variable, self.set_statistic, self.set_window_h)  # fmt: skip
        if all(action is None for action in actions):
            raise ValueError("changes nothing; give at least one multiply_… or set_…")
        if self.multiply_threshold is not None and self.set_threshold is not None:
            raise ValueError("multiply_threshold and set_threshold exclude each other; keep one")
        return self


class Range(_Strict):
    """Values outside are kept and reported. ``min``/``max`` in ``units``; for spreads and probabilities it is not asked."""

    variable: str = Field(description="canonical name")
    units: str = Field(description="unit of min and max")
    min: float
    max: float

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.min >= self.max:
            raise ValueError(f"min {self.min:g} is not below max {self.max:g}")
        canonical = CANONICAL_UNITS.get(self.variable)
        if canonical is None:
            raise ValueError(f"variable {self.variable!r} has no unit of ours; known: {', '.join(sorted(CANONICAL_UNITS))}")
        try:
            convert([self.min], self.units, canonical)
        except UnitError as fault:
            raise ValueError(str(fault)) from fault
        return self


class Overrides(_Strict):
    """The whole file: corrections are tried in order, each on what the one before left; ranges after unit conversion."""

    overrides: tuple[Override, ...] = Field(default=(), description="corrections")
    ranges: tuple[Range, ...] = Field(default=(), description="plausible ranges")

    def about(self, source: str, file: str) -> "Overrides":
        """Those that can concern a file of this source: asked once a file, not once a station."""
        return self.model_copy(update={"overrides": tuple(each for each in self.overrides if each.match.about(source, file))})


NONE = Overrides()
PACKING = 0.01  # % by which a packed probability may miss 0 or 100


def load(path: Path) -> Overrides:
    """Read and check a file of corrections; OverrideError names file, line and key of every fault."""
    data, lines = marked_yaml.load(path)
    if data is None:
        return NONE
    try:
        return Overrides.model_validate(data)
    except ValidationError as fault:
        told = []
        for error in fault.errors(include_url=False):
            key = error["loc"]
            at = key
            while at not in lines:
                at = at[:-1]
            told.append(f"{path}:{lines[at]}: {'.'.join(map(str, key)) or 'the file'}: {error['msg']}")
        raise OverrideError("; ".join(told)) from fault


def correct(field: GridField, overrides: Overrides) -> GridField:
    """``field`` with every correction that fits; raw_min, raw_max and Provenance.original stay the file's."""
    wanted = [override for override in overrides.overrides if override.match.fits(field)]
    for override in wanted:
        field = _apply(field, override)
    return field


def _apply(field: GridField, override: Override) -> GridField:
    told: list[str] = []
    if override.multiply_values is not None:
        told.append(f"values × {override.multiply_values:g}")
        field = replace(field, values=field.values * override.multiply_values)
    if override.set_units is not None and override.set_units != field.units:
        told.append(f"units {field.units or 'none'} → {override.set_units}")
        field = replace(field, units=override.set_units)
    threshold = field.threshold
    if override.multiply_threshold is not None and threshold is not None:
        threshold = float(f"{threshold * override.multiply_threshold:.12g}")  # 0.07 × 100 is 7, not 7.000000000000001
    elif override.set_threshold is not None:
        threshold = override.set_threshold
    if threshold != field.threshold:
        told.append(f"threshold {_shown(field.threshold)} → {_shown(threshold)}")
        field = replace(field, threshold=threshold)
    if override.set_threshold_units is not None and override.set_threshold_units != field.threshold_units:
        told.append(f"threshold units {field.threshold_units or 'none'} → {override.set_threshold_units}")
        field = replace(field, threshold_units=override.set_threshold_units)
    if override.set_variable is not None and override.set_variable != field.variable:
        told.append(f"variable {field.variable} → {override.set_variable}")
        field = replace(field, variable=override.set_variable)
    if override.set_statistic is not None and override.set_statistic != field.statistic:
        told.append(f"statistic {field.statistic} → {override.set_statistic}")
        field = replace(field, statistic=override.set_statistic)
    if override.set_window_h is not None and (window := timedelta(hours=override.set_window_h)) != field.window:
        told.append(f"window → {override.set_window_h:g} h")
        field = replace(field, window=window)
    if not told:
        return field
    return _noted(field, correction=f"{override.name}: {', '.join(told)} ({override.why})")


def correct_observation(observation: Observation, overrides: Overrides) -> Observation:
    """``observation`` with every correction of values, unit, name, statistic and window that fits."""
    for override in [override for override in overrides.overrides if override.match.fits(observation)]:
        window = observation.window if override.set_window_h is None else timedelta(hours=override.set_window_h)
        changed = replace(
            observation, value=observation.value * (override.multiply_values or 1.0), units=override.set_units or observation.units,
            variable=override.set_variable or observation.variable, statistic=override.set_statistic or observation.statistic, window=window)
        if changed != observation:
            past = observation.provenance
            observation = replace(changed, provenance=replace(past, corrections=(*past.corrections, f"{override.name} ({override.why})")))
    return observation


def _shown(threshold: float | None) -> str:
    return "none" if threshold is None else f"{threshold:g}"


def suspect(field: GridField, overrides: Overrides) -> GridField:
    """``field`` (in canonical units) with a suspicion for each thing that cannot well be true; values are kept."""
    known = field.values[~np.isnan(field.values)]
    if known.size == 0:
        return field
    if field.statistic.startswith("probability"):
        return _noted(field, suspicion=_improbable(field, known))
    if field.statistic == "spread":
        return field
    for limit in overrides.ranges:
        if limit.variable == field.variable and field.units == CANONICAL_UNITS[limit.variable]:
            low, high = (float(value) for value in convert(np.array([limit.min, limit.max]), limit.units, field.units))
            outside = int(np.count_nonzero((known < low) | (known > high)))
            if outside:
                field = _noted(field, suspicion=f"{outside} of {known.size} values lie outside {low:g} to {high:g} {field.units} "
                                                f"({float(known.min()):g} to {float(known.max()):g}); look for a wrong unit")
    return field


def _improbable(field: GridField, known: NDArray[np.floating]) -> str:
    grid = field.grid
    if known.min() < -PACKING or known.max() > 100 + PACKING:
        return f"probabilities from {known.min():g} to {known.max():g} % are not all within 0 to 100 %"
    whole_earth = grid.regular and grid.nx * grid.dlon > 359 and grid.ny * grid.dlat > 179
    if whole_earth and field.missing_count == 0 and not known.any():
        return "the probability is 0 everywhere on Earth: the field was most likely never filled and is taken as unknown"
    if field.statistic == "probability_unknown" or field.threshold is None or not math.isfinite(field.threshold):
        return "the file does not tell which event has this probability; add an override for this source"
    return ""


def _noted(field: GridField, *, correction: str = "", suspicion: str = "") -> GridField:
    past: Provenance = field.provenance
    return replace(field, provenance=replace(
        past,
        corrections=(*past.corrections, correction) if correction else past.corrections,
        suspicions=(*past.suspicions, suspicion) if suspicion else past.suspicions,
    ))  # fmt: skip
