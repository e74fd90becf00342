"""Margin: how far a zone stands from a threshold, counted as the rule counts: over enough of its area, within the lead."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from geo.answer import rows_within
from geo.criterion import AllOf, Comparison, Criterion, comparisons
from geo.quantity import Quantity
from geo.series import Series

_ROUNDING = 1e-6

Floats = NDArray[np.floating]
Truth = NDArray[np.bool_]


def rising(leaf: Comparison) -> bool:
    """Whether more is worse: rain is, visibility is not."""
    return leaf.operator in (">=", ">")


def values_within(leaf: Comparison, series: Series, cells: Sequence[int], start: datetime, end: datetime) -> Floats:
    """(T, cells): what the leaf compares at each of its times in the window.

    With ``days`` the weakest of that many days in a row, at the last of them: all of them must be beyond the threshold.
    """
    flat = series.values.reshape(len(series.times), -1)[:, np.asarray(cells, dtype=np.int64)]
    rows = list(rows_within(leaf, series, start, end))
    if leaf.days == 1:
        return flat[rows]
    weakest = np.min if rising(leaf) else np.max
    spans = [weakest(flat[row - leaf.days + 1 : row + 1], axis=0) for row in rows if row >= leaf.days - 1]
    return np.stack(spans) if spans else np.zeros((0, flat.shape[1]), dtype=flat.dtype)


def extremes(leaf: Comparison, values: Floats) -> Floats:
    """(cells,) the most extreme of (T, cells); NaN where nothing is known."""
    if not len(values):
        return np.full(values.shape[1], np.nan)
    worst = np.fmax if rising(leaf) else np.fmin
    found: Floats = worst.reduce(values, axis=0)
    return found


def met(leaf: Comparison, values: Floats) -> Truth:
    """True where the threshold is reached; unknown is not."""
    compare = {">=": np.greater_equal, ">": np.greater, "<=": np.less_equal, "<": np.less}[leaf.operator]
    found: Truth = compare(values, np.float32(leaf.value))
    return found


def decisive(
    leaf: Comparison, criterion: Criterion, values: Mapping[Comparison, Floats], shares: Floats, *, need: float
) -> tuple[float | None, bool]:
    """The value of ``leaf`` on which the verdict of the zone hangs, the other comparisons being as they are; and whether it hangs on it.

    It is what ``need`` (0..1) of the zone's area has at least (for ``<`` and ``<=``: at most): the row is met while the threshold does
    not pass it. (None, False): the others suffice without it; (None, True): too little of the zone can ever reach it, or is known.
    ``values``: (T, cells) of every comparison; where their times differ they are taken cell by cell, whenever in the window they were.
    """
    together = len({found.shape for found in values.values()}) == 1 and _has_all(criterion)
    laid = values if together else {one: extremes(one, found)[None, :] for one, found in values.items()}
    truth = {one: met(one, found) for one, found in laid.items()}
    own = laid[leaf]
    without = _tree(criterion, truth | {leaf: np.zeros_like(truth[leaf])})
    matters = _tree(criterion, truth | {leaf: np.ones_like(truth[leaf])}) & ~without
    others = without.any(axis=0)
    base = float(shares[others].sum())
    if base > 0 and base >= need - _ROUNDING:
        return None, False
    worst = extremes(leaf, np.where(matters, own, np.nan))
    open_ = ~others & np.isfinite(worst) & (shares > 0)
    order = np.argsort(-worst[open_] if rising(leaf) else worst[open_], kind="stable")
    reached = base + np.cumsum(shares[open_][order])
    enough = np.flatnonzero(reached >= max(need, 0.0) - _ROUNDING)
    if not len(enough):
        return None, True
    return float(worst[open_][order][enough[0]]), True


def needed(criterion: Criterion) -> tuple[Quantity, ...]:
    return tuple(dict.fromkeys(leaf.quantity for leaf in comparisons(criterion)))


def _has_all(criterion: Criterion) -> bool:
    return not isinstance(criterion, Comparison) and (isinstance(criterion, AllOf) or any(map(_has_all, criterion.parts)))


def _tree(criterion: Criterion, truth: Mapping[Comparison, Truth]) -> Truth:
    if isinstance(criterion, Comparison):
        return truth[criterion]
    parts = [_tree(part, truth) for part in criterion.parts]
    found: Truth = (np.logical_and if isinstance(criterion, AllOf) else np.logical_or).reduce(parts)
    return found
