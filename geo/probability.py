"""Probability: how likely a comparison is to be met in each cell, from ready probabilities or from the members of an ensemble."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from geo.criterion import AllOf, AnyOf, Comparison, Criterion
from geo.derive import series
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
    """``low`` and ``high`` (T, ny, nx), 0..1, are the bounds between which the probability of ``leaf`` lies at ``times``.

    They differ where no threshold of the file is the rule's own, and where members are missing; both are NaN where
    nothing is known. ``missing`` are the members that should be there and are not, at some time; ``members`` how many
    there should be, 0 for ready probabilities. ``doubts`` are the suspicions for which fields were taken as unknown.
    """

    leaf: Comparison
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


def probability(leaf: Comparison, fields: Sequence[GridField], *, now: datetime) -> Probability | None:
    """The probability that ``leaf`` is met, at every time the fields allow; None when no field speaks of it.

    Members first: the part of them that meets it, each derived as any forecast is; a member that is missing at a time
    may or may not meet it. Else ready probabilities of the same variable and window: that of the rule's own threshold,
    or between those of the thresholds on both sides. A field with a suspicion is unknown. All fields on one grid.
    """
    return _of_members(leaf, fields, now) or _ready(leaf, fields)


def asked(leaf: Comparison, at_least: float) -> Comparison:
    """The comparison of the probability of ``leaf`` (0..1) with what a rule asks for."""
    return Comparison(quantity=Quantity(name=f"probability({leaf})", units="1", window=None), operator=">=", value=at_least)


def asked_of(criterion: Criterion, at_least: float) -> Criterion:
    """Any of the comparisons with its probability: that of "any" is at least the largest of its parts'.

    Raises ValueError for AND, of whose parts the probabilities say nothing, and for several days in a row.
    """
    if isinstance(criterion, AllOf):
        raise ValueError("the probability of all: […] does not follow from those of its parts; ask for one comparison or any: […]")
    if isinstance(criterion, AnyOf):
        return AnyOf(parts=tuple(asked_of(part, at_least) for part in criterion.parts))
    if criterion.days > 1:
        raise ValueError("the probability of several days in a row does not follow from that of one; take days out")
    return asked(criterion, at_least)


def decided(found: Probability, at_least: float) -> Series:
    """The probability as a Series for ``asked``: known where the bounds are on one side of ``at_least``, else NaN."""
    # As float32, as the bounds are: 0.6 as float64 is not reached by three members of five.
    threshold = np.float32(at_least)
    with np.errstate(invalid="ignore"):
        values = np.where(found.low >= threshold, found.low, np.where(found.high < threshold, found.high, np.float32(np.nan)))
    unknown = np.full((1, *found.grid.shape), np.nan, dtype=np.float32)
    return Series(
        quantity=asked(found.leaf, at_least).quantity, grid=found.grid, times=(*found.times, found.times[-1] + AFTER),
        values=np.concatenate([values, unknown]).astype(np.float32), observed=np.zeros(len(found.times) + 1, dtype=np.bool_))


def chances(found: Probability, overlay: Overlay, *, start: datetime, end: datetime) -> list[Chance]:
    """For each zone of the overlay the chance within [start, end], by the lower bound: nothing is promised twice."""
    within = [position for position, time in enumerate(found.times) if start <= time <= end]
    if not within:
        return [Chance(highest=None, mean=None) for _ in overlay.zones]
    read = zonal(asked(found.leaf, 0.0), found.low[within], overlay)
    return [Chance(highest=_largest(top), mean=_largest(mean)) for top, mean in zip(read.extreme, read.mean, strict=True)]


def _largest(values: NDArray[np.floating]) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.max()) if known.size else None


def _of_members(leaf: Comparison, fields: Sequence[GridField], now: datetime) -> Probability | None:
    own: dict[int, list[GridField]] = {}
    for field in fields:
        if field.member is not None and not field.statistic.startswith("probability"):
            own.setdefault(field.member, []).append(replace(field, member=None))
    each = {member: found for member, given in own.items() if (found := series(leaf.quantity, given, now=now)) is not None}
    if len(each) < 2:
        return None
    # A gap in the numbers is a member that never came; of one after the last nobody knows.
    expected = range(min(own), max(own) + 1)
    times = tuple(sorted({time for found in each.values() for time in found.times if not _is_end(found, time)}))
    grid = next(iter(each.values())).grid
    met, unknown = np.zeros((len(times), *grid.shape), dtype=np.int32), np.zeros((len(times), *grid.shape), dtype=np.int32)
    silent: dict[int, NDArray[np.bool_]] = {}
    for member in expected:
        values = _at(each.get(member), times, grid)
        known = np.isfinite(values)
        met += known & _meets(leaf, values)
        unknown += ~known
        silent[member] = np.asarray(~known.reshape(len(times), -1).any(axis=1))
    count = len(expected)
    # When no member speaks (the first hours of a long window) none is missing.
    missing = [member for member, when in silent.items() if (when & ~np.logical_and.reduce(list(silent.values()))).any()]
    low, high = (met / count).astype(np.float32), ((met + unknown) / count).astype(np.float32)
    nothing = unknown == count
    low[nothing] = high[nothing] = np.nan
    return Probability(leaf=leaf, grid=grid, times=times, low=low, high=high, members=count, missing=tuple(missing))


def _is_end(found: Series, time: datetime) -> bool:
    """Whether the row is the one that says "unknown from here on"."""
    return time == found.times[-1] and bool(np.isnan(found.values[-1]).all())


def _at(found: Series | None, times: Iterable[datetime], grid: Grid) -> NDArray[np.float32]:
    empty = np.full(grid.shape, np.nan, dtype=np.float32)
    rows = {} if found is None else dict(zip(found.times, found.values, strict=True))
    return np.stack([rows.get(time, empty) for time in times])


def _meets(leaf: Comparison, values: NDArray[np.float32]) -> NDArray[np.bool_]:
    threshold = np.float32(leaf.value)
    with np.errstate(invalid="ignore"):
        match leaf.operator:
            case ">=":
                return np.asarray(values >= threshold)
            case ">":
                return np.asarray(values > threshold)
            case "<=":
                return np.asarray(values <= threshold)
        return np.asarray(values < threshold)


def _ready(leaf: Comparison, fields: Sequence[GridField]) -> Probability | None:
    """Thresholds passed upwards have ``probability``, downwards ``probability_below``; each bounds the others' side."""
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
        leaf=leaf, grid=grid, times=times, low=np.stack([low for low, _ in bounds]), high=np.stack([high for _, high in bounds]), doubts=doubts)


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
