"""Choose: of the fields that speak of one variable, the one to believe for each valid time and window."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from geo.field import GridField

_NOT_A_VALUE = ("probability", "spread")
_ZERO = timedelta(0)
_HEIGHT = re.compile(r"(\d+(?:\.\d+)?) m")
_HIGHEST_M = 10.0


class DeriveError(ValueError):
    """Fields that cannot be made into one series; the message names the variable and the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A chosen field: ``field.values`` holds for (start, end]; start = end for an instant. ``analysis``: lead 0 at a time not after now."""

    start: datetime
    end: datetime
    analysis: bool
    field: GridField


def choose(variables: Sequence[str], fields: Iterable[GridField], *, now: datetime) -> list[Step]:
    """One Step per (valid time, window), by valid time then window, of the fields named by any of ``variables``.

    Of several: an analysis first, then the newest run, then the variable named first; what it leaves unknown (NaN, or
    beyond its own area) the next one fills. Probabilities, spreads, ensemble members and levels above the ground's are
    left out. Raises DeriveError for fields on several grids.
    """
    wanted = [
        field
        for field in fields
        if field.variable in variables and field.statistic not in _NOT_A_VALUE and field.member is None and _at_ground(field)
    ]
    grids = sorted({field.grid.describe() for field in wanted})
    if len({field.grid for field in wanted}) > 1:
        raise DeriveError(f"{variables[0]}: fields on several grids ({'; '.join(grids)}); give the fields of one grid")
    same: dict[tuple[datetime, timedelta], list[GridField]] = {}
    for field in wanted:
        same.setdefault((field.valid_time, field.window or _ZERO), []).append(field)

    def rank(field: GridField) -> tuple[bool, datetime, int]:
        return _is_analysis(field, now), field.run_time, -variables.index(field.variable)

    return [_step(sorted(same[key], key=rank, reverse=True), now) for key in sorted(same)]


def _is_analysis(field: GridField, now: datetime) -> bool:
    return field.lead == _ZERO and field.valid_time <= now


def _step(ranked: Sequence[GridField], now: datetime) -> Step:
    """The first of the fields, its unknown cells filled by the next; an analysis only when all that went in are."""
    first, analysis = ranked[0], _is_analysis(ranked[0], now)
    for other in ranked[1:]:
        unknown = np.isnan(first.values)
        if not unknown.any():
            break
        filled = unknown & ~np.isnan(other.values)
        if other.units == first.units and filled.any():
            first = replace(first, values=np.where(filled, other.values, first.values))
            analysis = analysis and _is_analysis(other, now)
    return Step(start=first.valid_time - (first.window or _ZERO), end=first.valid_time, analysis=analysis, field=first)


def latest_window(steps: Iterable[Step]) -> list[Step]:
    """One Step per valid time: an analysis, then the newest run, then the longest window (a maximum over more)."""
    best: dict[datetime, tuple[tuple[bool, datetime, timedelta], Step]] = {}
    for step in steps:
        rank = (step.analysis, step.field.run_time, step.end - step.start)
        if step.end not in best or rank > best[step.end][0]:
            best[step.end] = (rank, step)
    return [best[end][1] for end in sorted(best)]


def with_wind_speed(fields: Sequence[GridField]) -> list[GridField]:
    """The fields, and a ``wind_speed`` for each pair of eastward and northward wind of one run, time, level and member.

    The speed is of the mean vector, at most the mean speed; a ``wind_speed`` in the fields is preferred where both exist.
    """
    east = [field for field in fields if field.variable == "eastward_wind"]
    north = {_pair_key(field): field for field in fields if field.variable == "northward_wind"}
    speeds: list[GridField] = []
    for u in east:
        v = north.get(_pair_key(u))
        if v is not None:
            speed = np.hypot(u.values, v.values)
            speeds.append(replace(u, variable="wind_speed_of_components", values=speed))
    return [*fields, *speeds]


def _pair_key(field: GridField) -> tuple[object, ...]:
    window = field.window or _ZERO
    return field.valid_time, field.run_time, window, field.level, field.member, field.grid, field.units, field.statistic


def _at_ground(field: GridField) -> bool:
    """Warnings are about where people are: no level named, the surface, or a height up to 10 m (wind is measured there)."""
    height = _HEIGHT.fullmatch(field.level)
    return field.level in ("", "surface") or (height is not None and float(height[1]) <= _HIGHEST_M)
