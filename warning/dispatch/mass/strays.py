"""Strays: receipts that name a message only by the gateway's id, because the worker that sent it has gone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = tuple[int, int, int]
"""(row of ids, batch, place)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Gateway ids of the last days by hash, ascending, with the row, batch and place of each; ``after``: rows up to it are in.

    24 bytes an id. A hash that fits by accident is found out where the row is read again.
    """

    hashes: NDArray[np.int64]
    places: NDArray[np.int64]
    after: int


def empty() -> Index:
    return Index(hashes=np.zeros(0, np.int64), places=np.zeros((0, 3), np.int64), after=0)


def grown(index: Index, rows: Sequence[tuple[int, int, Sequence[int], str]]) -> Index:
    """With further rows: (row, batch, places, a line of ids for each place, parts with commas)."""
    hashes: list[int] = []
    places: list[Ids] = []
    for row, batch, numbers, lines in rows:
        for number, line in zip(numbers, lines.split("\n"), strict=True):
            for part in line.split(","):
                if part:
                    hashes.append(hash(part))
                    places.append((row, batch, number))
    if not rows:
        return index
    all_hashes = np.concatenate([index.hashes, np.array(hashes, dtype=np.int64)])
    all_places = np.concatenate([index.places, np.array(places, dtype=np.int64).reshape(-1, 3)])
    order = np.argsort(all_hashes, kind="stable")
    return Index(hashes=all_hashes[order], places=all_places[order], after=max(index.after, max(row[0] for row in rows)))


def found(index: Index, ids: Sequence[str]) -> dict[str, Ids]:
    """Where each id belongs; an id that fits two messages fits none."""
    if not len(index.hashes):
        return {}
    wanted = np.array([hash(one) for one in ids], dtype=np.int64)
    first, last = np.searchsorted(index.hashes, wanted, "left"), np.searchsorted(index.hashes, wanted, "right")
    hits: dict[str, Ids] = {}
    for one, a, b in zip(ids, first.tolist(), last.tolist(), strict=True):
        owners = {(int(batch), int(number)) for _, batch, number in index.places[a:b]}
        if len(owners) == 1:
            row, batch, number = index.places[b - 1].tolist()
            hits[one] = (row, batch, number)
    return hits
