"""Probability: how likely a comparison is to be met in each cell, from ready probabilities or from the members of an ensemble."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from geo.criterion import AllOf, AnyOf, Comparison, Criterion
from geo.ensemble import Ensemble
from geo.field import GridField
from geo.grid import Grid
from geo.overlay import Overlay
from geo.quantity import Quantity
from geo.series import AFTER, Series
from geo.units import UnitError, convert, lower_bound
from geo.zonal import zonal

# Beaufort forces are compared through the speed at which they begin.
_SPEEDS = {"mean_bft": "wind_speed", "gust_bft": "wind_gust"}
_SAME = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Probability:
    """``low`` and ``high`` (T, ny, nx), 0..1, are the bounds between which the probability of ``of`` lies at ``times``.

    They differ where no threshold of the file is the rule's own, where members are missing, and where ready probabilities of
    several comparisons are joined; both are NaN where
    nothing is known. ``missing`` are the members that should be there and are not, at some time; ``members`` how many
    there should be, 0 for ready probabilities. ``doubts`` are the suspicions for which fields were taken as unknown.
    """

    of: Criterion
    grid: Grid
    times: tuple[datetime, ...]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    members: int = 0
    missing: tuple[int, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """The probability in one zone: its largest in any cell and the largest mean over the area, at any time; None = unknown."""

    highest: float | None
    mean: float | None


def is_ensemble(field: GridField) -> bool:
    """Whether the field is one member of several, or a ready probability."""
    return field.member is not None or field.statistic.startswith("probability")


def probability(criterion: Criterion, fields: Sequence[GridField], ensemble: Ensemble) -> Probability | None:
    """The probability that ``criterion`` is met, at every time the fields allow; None when no field speaks of it.

    Members first (``ensemble``: those of ``fields``): the part of them that meets it, whole, each derived as any forecast is;
    a member that is missing at a time may or may not meet it. Else ready probabilities of the same variable and window: that
    of the rule's own threshold, or between those of the thresholds on both sides; of AND and OR what follows from their
    parts. A field with a suspicion is unknown. All fields of a variable on one grid.
    """
    of_members = _of_members(criterion, ensemble)
    if of_members is not None:
        return of_members
    if isinstance(criterion, Comparison):
        return _ready(criterion, fields)
    return _of_parts(criterion, [probability(part, fields, ensemble) for part in criterion.parts])


def asked(criterion: Criterion, at_least: float) -> Comparison:
    """The comparison of the probability of ``criterion`` (0..1) with what a rule asks for."""
    said = str(criterion) if not isinstance(criterion, Comparison) else f"({criterion})"
    return Comparison(quantity=Quantity(name=f"probability{said}", units="1", window=None), operator=">=", value=at_least)


def decided(found: Probability, at_least: float) -> Series:
    """The probability as a Series for ``asked``: known where the bounds are on one side of ``at_least``, else NaN."""
    # As float32, as the bounds are: 0.6 as float64 is not reached by three members of five.
    threshold = np.float32(at_least)
    with np.errstate(invalid="ignore"):
        values = np.where(found.low >= threshold, found.low, np.where(found.high < threshold, found.high, np.float32(np.nan)))
    unknown = np.full((1, *found.grid.shape), np.nan, dtype=np.float32)
    return Series(
        quantity=asked(found.of, at_least).quantity, grid=found.grid, times=(*found.times, found.times[-1] + AFTER),
        values=np.concatenate([values, unknown]).astype(np.float32), observed=np.zeros(len(found.times) + 1, dtype=np.bool_))


def chances(found: Probability, overlay: Overlay, *, start: datetime, end: datetime) -> list[Chance]:
    """For each zone of the overlay the chance within [start, end], by the lower bound: nothing is promised twice."""
    within = [position for position, time in enumerate(found.times) if start <= time <= end]
    if not within:
        return [Chance(highest=None, mean=None) for _ in overlay.zones]
    read = zonal(asked(found.of, 0.0), found.low[within], overlay)
    return [Chance(highest=_largest(top), mean=_largest(mean)) for top, mean in zip(read.extreme, read.mean, strict=True)]


def _largest(values: NDArray[np.floating]) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.max()) if known.size else None


def _of_members(criterion: Criterion, ensemble: Ensemble) -> Probability | None:
    found = ensemble.count(criterion)
    if found is None:
        return None
    low, high = (found.met / found.members).astype(np.float32), ((found.met + found.unknown) / found.members).astype(np.float32)
    nothing = found.unknown == found.members
    low[nothing] = high[nothing] = np.nan
    return Probability(
        of=criterion, grid=found.grid, times=found.times, low=low, high=high, members=found.members, missing=found.missing)


def _of_parts(criterion: AllOf | AnyOf, parts: Sequence[Probability | None]) -> Probability | None:
    """Between the bounds that hold however the parts depend on each other (Fréchet): at each time, of the parts that speak of it then.

    All of n: at least the sum of their probabilities less n - 1, at most the smallest. Any: at least the largest, at most the sum.
    """
    spoken = [part for part in parts if part is not None]
    if not spoken or len({part.grid for part in spoken}) > 1:
        return None
    grid, times = spoken[0].grid, tuple(sorted({time for part in spoken for time in part.times}))
    # Of a part that says nothing, or does not exist, anything from 0 to 1 may be true.
    lows = np.full((len(parts), len(times), *grid.shape), np.nan, dtype=np.float32)
    highs = lows.copy()
    for place, part in enumerate(parts):
        rows = [] if part is None else [times.index(time) for time in part.times]
        if part is not None:
            lows[place, rows], highs[place, rows] = part.low, part.high
    nothing = np.isnan(lows).all(axis=0)
    lows, highs = np.where(np.isnan(lows), np.float32(0), lows), np.where(np.isnan(highs), np.float32(1), highs)
    if isinstance(criterion, AllOf):
        low, high = np.maximum(lows.sum(axis=0) - (len(parts) - 1), 0), highs.min(axis=0)
    else:
        low, high = lows.max(axis=0), np.minimum(highs.sum(axis=0), 1)
    low[nothing] = high[nothing] = np.nan
    return Probability(
        of=criterion, grid=grid, times=times, low=low.astype(np.float32), high=high.astype(np.float32),
        members=max(part.members for part in spoken), missing=tuple(sorted({number for part in spoken for number in part.missing})),
        doubts=tuple(dict.fromkeys(doubt for part in spoken for doubt in part.doubts)))


def _ready(leaf: Comparison, fields: Sequence[GridField]) -> Probability | None:
    """Thresholds passed upwards have ``probability``, downwards ``probability_below``; each bounds the others' side."""
    if leaf.days > 1:
        return None  # that of several days in a row does not follow from that of one
    upward = leaf.operator in (">=", ">")
    variable = _SPEEDS.get(leaf.quantity.name, leaf.quantity.name)
    value, units = (lower_bound(int(leaf.value)), "m s-1") if leaf.quantity.name in _SPEEDS else (leaf.value, leaf.quantity.units)
    at: dict[datetime, dict[float, GridField]] = {}
    for field in fields:
        speaks = field.variable == variable and field.statistic == ("probability" if upward else "probability_below")
        if speaks and field.member is None and field.window == leaf.quantity.window and field.threshold is not None:
            threshold = _threshold(field, units)
            if threshold is not None:
                kept = at.setdefault(field.valid_time, {})
                if threshold not in kept or field.run_time > kept[threshold].run_time:
                    kept[threshold] = field
    if not at:
        return None
    times = tuple(sorted(at))
    grid = next(iter(at[times[0]].values())).grid
    bounds = [_between(at[time], value, grid, upward=upward) for time in times]
    doubts = tuple(dict.fromkeys(doubt for own in at.values() for field in own.values() for doubt in field.provenance.suspicions))
    return Probability(
        of=leaf, grid=grid, times=times, low=np.stack([low for low, _ in bounds]), high=np.stack([high for _, high in bounds]), doubts=doubts)


def _threshold(field: GridField, units: str) -> float | None:
    if field.threshold is None or not field.threshold_units or field.threshold_units == units:
        return field.threshold
    try:
        return float(convert([field.threshold], field.threshold_units, units)[0])
    except UnitError:
        return None


def _between(
    own: Mapping[float, GridField], value: float, grid: Grid, *, upward: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The tightest bounds that the thresholds around ``value`` give: a harder one is a lower bound, an easier one an upper."""
    low, high = np.full(grid.shape, np.nan, dtype=np.float32), np.full(grid.shape, np.nan, dtype=np.float32)
    for threshold, field in own.items():
        share = believed(field)
        harder, easier = threshold >= value - _SAME, threshold <= value + _SAME
        if not upward:
            harder, easier = easier, harder
        if harder:
            low = np.fmax(low, share)
        if easier:
            high = np.fmin(high, share)
    known = np.isfinite(low) | np.isfinite(high)
    return np.where(known & np.isnan(low), np.float32(0), low), np.where(known & np.isnan(high), np.float32(1), high)


def believed(field: GridField) -> NDArray[np.float32]:
    """The field's probabilities as 0..1; unknown (NaN) all over when something about it is suspicious."""
    if field.provenance.suspicions:
        return np.full(field.grid.shape, np.nan, dtype=np.float32)
    return np.asarray(convert(field.values, field.units, "1"), dtype=np.float32)
