"""Strays: receipts that name a message only by the gateway's id, because another worker has sent it, or one that has gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from channels.message import Stamp

Ids = tuple[int, int, int]
"""(row of ids, batch, place)"""
_UNSETTLED_S = 60.0
"""No transaction that writes ids is open for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptIds:
    """A row of the ledger: the gateway's ids of the ``places`` of a batch, a line each, parts with commas. ``old``: written a while ago."""

    row: int
    batch: int
    channel: str
    places: Sequence[int]
    lines: str
    old: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Channel and gateway id by hash, ascending, with the row, batch and place of each. 32 bytes an id."""

    hashes: NDArray[np.int64]
    places: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Gateway ids of the last days. Runs of falling size: what comes in is merged with what is not much larger, never with everything.

    ``after``: rows up to it are in; ``recent``: so are these (and when they came, monotonic seconds). A row with a smaller number may be
    written after one with a larger, so the mark moves on only when nobody can be under way before it. A hash that fits by accident is
    found out where the row is read again.
    """

    runs: tuple[Run, ...] = ()
    after: int = 0
    recent: Mapping[int, float] = field(default_factory=dict)


def grown(index: Index, rows: Sequence[KeptIds], *, now_s: float) -> Index:
    """With further rows."""
    hashes: list[int] = []
    places: list[Ids] = []
    for one in rows:
        for number, line in zip(one.places, one.lines.split("\n"), strict=True):
            for part in line.split(","):
                if part:
                    hashes.append(hash((one.channel, part)))
                    places.append((one.row, one.batch, number))
    runs = list(index.runs)
    if hashes:
        runs.append(_sorted(np.array(hashes, dtype=np.int64), np.array(places, dtype=np.int64)))
    while len(runs) > 1 and len(runs[-2].hashes) <= 2 * len(runs[-1].hashes):
        last, before = runs.pop(), runs.pop()
        runs.append(_sorted(np.concatenate([before.hashes, last.hashes]), np.concatenate([before.places, last.places])))
    recent = {**index.recent, **{one.row: now_s for one in rows if not one.old}}
    settled = [row for row, since_s in recent.items() if now_s - since_s >= _UNSETTLED_S] + [one.row for one in rows if one.old]
    after = max([index.after, *settled])
    return Index(runs=tuple(runs), after=after, recent={row: since_s for row, since_s in recent.items() if row > after})


def found(index: Index, stamps: Sequence[Stamp]) -> dict[Stamp, Ids]:
    """Where each belongs; an id that fits two messages of its channel fits none."""
    wanted = np.array([hash(one) for one in stamps], dtype=np.int64)
    owners: dict[Stamp, dict[tuple[int, int], int]] = {}
    for run in index.runs:
        first, last = np.searchsorted(run.hashes, wanted, "left"), np.searchsorted(run.hashes, wanted, "right")
        for at in np.flatnonzero(last > first).tolist():
            for row, batch, number in run.places[first[at]:last[at]].tolist():
                owners.setdefault(stamps[at], {})[batch, number] = row
    return {one: (row, batch, number) for one, theirs in owners.items() if len(theirs) == 1 for (batch, number), row in theirs.items()}


def _sorted(hashes: NDArray[np.int64], places: NDArray[np.int64]) -> Run:
    order = np.argsort(hashes, kind="stable")
    return Run(hashes=hashes[order], places=places.reshape(-1, 3)[order])
