"""Columns: people's points sorted by cell, and where to find a person by id."""

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from geo.points.cells import Floats, Ints, key_of, ordinal, ordinals

Ids = NDArray[np.int64] | NDArray[np.uint32]
Kinds = NDArray[np.uint16]
Places = NDArray[np.uint32]

_NARROW = 1 << 32
_INT32 = (1 << 31) - 1


class BadPoints(ValueError):
    """Points that no index can hold: the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """N points in C occupied cells.

    ``ids``, ``xs``, ``ys`` (degrees), ``kinds`` (N,) are sorted by cell, within a cell by id; cell c holds the positions
    ``starts[c]:starts[c + 1]`` (C + 1,), its key is ``keys[c]`` (C,). ``by_id`` (N,) are the ids rising, ``place`` (N,) their positions.
    """

    keys: Ints
    starts: Ints
    ids: Ids
    xs: Floats
    ys: Floats
    kinds: Kinds
    by_id: Ids
    place: Places

    def positions(self, wanted: Ints) -> Ints:
        """Where the wanted ids stand; ids that are not here are left out."""
        if len(self.by_id) == 0 or len(wanted) == 0:
            return np.zeros(0, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.by_id, wanted), len(self.by_id) - 1)
        return np.asarray(self.place[at[self.by_id[at] == wanted]], dtype=np.int64)


def checked(ids: Ids, xs: Floats, ys: Floats, kinds: Kinds | None) -> tuple[Ids, Floats, Floats, Kinds]:
    """The points with rising ids. Raises BadPoints for lengths that differ, an id given twice or below zero, and places off the Earth."""
    if kinds is None:
        kinds = np.zeros(len(ids), dtype=np.uint16)
    if not len(ids) == len(xs) == len(ys) == len(kinds):
        raise BadPoints(f"{len(ids)} ids, {len(xs)} longitudes, {len(ys)} latitudes and {len(kinds)} kinds: each person needs one of each")
    if len(ids) >= _NARROW:
        raise BadPoints(f"{len(ids):,} points are more than one index holds ({_NARROW:,}): make an index per province")
    if len(ids) == 0:
        return np.zeros(0, dtype=np.uint32), np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.uint16)
    for name, values, limit in (("longitude", xs, 180.0), ("latitude", ys, 90.0)):
        # NaN fails both comparisons, so "not all inside" finds it too.
        if not (float(values.min()) >= -limit and float(values.max()) <= limit):
            worst = int(np.flatnonzero(~(np.abs(values) <= limit))[0])
            raise BadPoints(f"id {ids[worst]}: {name} {values[worst]} is none")
    if not _rising(ids):
        order = np.argsort(ids, kind="stable")
        ids, xs, ys, kinds = ids[order], xs[order], ys[order], kinds[order]
        twice = np.flatnonzero(ids[1:] == ids[:-1])
        if len(twice):
            raise BadPoints(f"id {ids[twice[0]]} is given twice: one person, one place")
    if ids[0] < 0:
        raise BadPoints(f"id {ids[0]}: ids are not below zero")
    fitting: Ids = ids.astype(np.uint32, copy=False) if int(ids[-1]) < _NARROW else ids.astype(np.int64, copy=False)
    return (fitting, np.ascontiguousarray(xs, dtype=np.float64),
            np.ascontiguousarray(ys, dtype=np.float64), kinds.astype(np.uint16, copy=False))


def cells_occupied(xs: Floats, ys: Floats, step: float) -> tuple[Ints, Ints, NDArray[np.int32]]:
    """Keys of the cells somebody stands in, rising; where each begins (C + 1,); and for every point the number of its cell."""
    if len(xs) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32)
    south, north = int(ordinal(float(ys.min()), step)), int(ordinal(float(ys.max()), step))
    west, east = int(ordinal(float(xs.min()), step)), int(ordinal(float(xs.max()), step))
    wide = east - west + 1
    if (north - south + 1) * wide <= min(max(4 * len(xs), 1 << 22), _INT32):
        flat, counts = _counted(xs, ys, step, south, west, wide, (north - south + 1) * wide)
        occupied = np.flatnonzero(counts)
        renumber = np.cumsum(counts > 0, dtype=np.int64).astype(np.int32) - np.int32(1)
        cell = _looked_up(flat, renumber)
        return key_of(occupied // wide + south, occupied % wide + west), _begins(counts[occupied]), cell
    # Few people far apart: a table of all cells between them would be larger than they are.
    keys, inverse, counts = np.unique(key_of(ordinals(ys, step), ordinals(xs, step)), return_inverse=True, return_counts=True)
    return keys, _begins(counts), inverse.astype(np.int32)


def _begins(counts: Ints) -> Ints:
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)))


@numba.njit(cache=True, nogil=True)
def scatter(
    starts: Ints, cell: NDArray[np.int32], ids: Ids, xs: Floats, ys: Floats, kinds: Kinds,
    to_ids: Ids, to_xs: Floats, to_ys: Floats, to_kinds: Kinds, to_place: Places,
) -> None:
    """Counting sort: every point to the next free position of its cell."""
    free = starts[:-1].copy()
    for number in range(len(ids)):
        position = free[cell[number]]
        free[cell[number]] = position + 1
        to_ids[position], to_xs[position], to_ys[position] = ids[number], xs[number], ys[number]
        to_kinds[position] = kinds[number]
        to_place[number] = position


@numba.njit(cache=True, nogil=True)
def _rising(ids: Ids) -> bool:
    falls = 0
    for number in range(1, len(ids)):
        falls += ids[number] <= ids[number - 1]
    return falls == 0


@numba.njit(cache=True, nogil=True)
def _counted(
    xs: Floats, ys: Floats, step: float, south: int, west: int, wide: int, size: int
) -> tuple[NDArray[np.int32], Ints]:
    flat, counts = np.empty(len(xs), dtype=np.int32), np.zeros(size, dtype=np.int64)
    for number in range(len(xs)):
        at = (ordinal(ys[number], step) - south) * wide + ordinal(xs[number], step) - west
        flat[number] = at
        counts[at] += 1
    return flat, counts


@numba.njit(cache=True, nogil=True)
def _looked_up(flat: NDArray[np.int32], renumber: NDArray[np.int32]) -> NDArray[np.int32]:
    for number in range(len(flat)):
        flat[number] = renumber[flat[number]]
    return flat
