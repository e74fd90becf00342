"""Point index: who stands inside a polygon, or in these cells; opened by memory map, as many readers on as many machines as wanted.

The rule of the edge: a person on the border of the polygon stands inside, as in shapely's ``intersects_xy``. Who is warned
needlessly by a millimetre loses less than who is forgotten by one.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.points import changes, fileset
from geo.points.cells import Ints, key_of, ordinals
from geo.points.cover import cover
from geo.points.found import Found
from geo.points.inside import stand_inside

_NOWHERE = np.zeros((0, 2), dtype=np.int64)
_NOBODY = np.zeros(0, dtype=np.int64)


class PointIndex:
    """The newest generation of a folder and the changes beside it. Raises NoIndex when there is none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open()

    def _open(self) -> None:
        # Two rebuilds while we look away take the generation from under us: look again.
        for attempt in range(3):
            generation = fileset.newest(self._folder)
            try:
                self._columns = fileset.mapped(generation)
            except fileset.NoIndex:
                if attempt == 2 or fileset.newest(self._folder) == generation:
                    raise
                continue
            break
        self._generation = generation
        self._offset = 0
        self.mark = generation.mark
        self._take(np.zeros(0, dtype=changes.RECORD))
        self.refresh()

    @property
    def step(self) -> float:
        """Side of a cell, degrees."""
        return self._generation.step

    @property
    def generation(self) -> fileset.Generation:
        return self._generation

    @property
    def changed(self) -> int:
        """Ids whose newest word stands beside the sorted columns."""
        return len(self._changed)

    def __len__(self) -> int:
        return len(self._columns.ids) - len(self._dead) + len(self._live)

    def refresh(self) -> bool:
        """See what was changed or rebuilt since; True when there was something. What was found before stays as it was."""
        if fileset.newest(self._folder).number != self._generation.number:
            self._open()
            return True
        fresh = changes.read(self._generation.folder / "changes", self._offset)
        self._offset = fresh.offset
        if fresh.mark is not None:
            self.mark = fresh.mark
        if len(fresh.records):
            self._take(changes.newest(np.concatenate((self._changed, fresh.records))))
        return fresh.mark is not None

    def inside(self, polygon: BaseGeometry) -> Found:
        """Everybody inside or on the border of a Polygon or MultiPolygon in degrees. Raises NoArea."""
        columns = self._columns
        rows = (int(columns.keys[0] >> 32), int(columns.keys[-1] >> 32)) if len(columns.keys) else (0, -1)
        covered = cover(polygon, step=self.step, rows=rows)
        full = self._between(covered.full)
        border = self._between(covered.border)
        hits, doubts = stand_inside(
            columns.xs, columns.ys, border[:, 0], border[:, 1], covered.first, covered.odd, covered.edges)
        if len(doubts):
            # On an edge, or nearer to one than doubles can tell: the library with the longer arithmetic decides.
            hits = np.concatenate((hits, doubts[shapely.intersects_xy(polygon, columns.xs[doubts], columns.ys[doubts])]))
        late = self._live
        if len(late):
            shapely.prepare(polygon)
            late = late[shapely.intersects_xy(polygon, late["x"], late["y"])]
        return self._found(full, hits, late)

    def in_cells(self, cells: Iterable[tuple[int, int]], *, coarser: int = 1) -> Found:
        """Everybody in these cells ``(row, column)``, each ``coarser`` × ``coarser`` cells of the index wide (see cells.ordinal)."""
        wanted = np.unique(np.array(sorted(set(cells)), dtype=np.int64).reshape(-1, 2), axis=0)
        own = (wanted[:, :1] * coarser + np.arange(coarser)).ravel()
        first = np.repeat(wanted[:, 1] * coarser, coarser)
        # By row, then by column, so that neighbours become one run.
        order = np.lexsort((first, own))
        own, first = own[order], first[order]
        late = self._live
        if len(late):
            rows, columns = ordinals(late["y"].copy(), self.step), ordinals(late["x"].copy(), self.step)
            late = late[np.isin(key_of(rows // coarser, columns // coarser), key_of(wanted[:, 0], wanted[:, 1]))]
        return self._found(self._between(np.column_stack((own, first, first + coarser - 1))), _NOBODY, late)

    def everyone(self) -> Found:
        """All of them."""
        return self._found(np.array([[0, len(self._columns.ids)]], dtype=np.int64), _NOBODY, self._live)

    def cells(self, found: Found) -> set[tuple[int, int]]:
        """(row, column) of the cells in which those found stand."""
        late = found.late
        return found.cells(key_of(ordinals(late["y"].copy(), self.step), ordinals(late["x"].copy(), self.step)))

    def _between(self, runs: Ints) -> Ints:
        """Runs of cells (row, first column, last column) → from–to positions (R, 2)."""
        keys, starts = self._columns.keys, self._columns.starts
        begin = np.searchsorted(keys, key_of(runs[:, 0], runs[:, 1]), side="left")
        end = np.searchsorted(keys, key_of(runs[:, 0], runs[:, 2]), side="right")
        return np.column_stack((starts[begin], starts[end]))

    def _found(self, runs: Ints, loose: Ints, late: changes.Records) -> Found:
        runs = _joined(runs[runs[:, 1] > runs[:, 0]])
        if len(self._dead):
            loose = loose[~np.isin(loose, self._dead)]
            runs = _without(runs, self._dead)
        return Found(columns=self._columns, runs=runs, loose=loose, late=late)

    def _take(self, newest: changes.Records) -> None:
        """Make these changes, the newest a person, those that count."""
        self._changed = newest
        self._live = newest[~np.isnan(newest["x"])]
        self._dead = np.sort(self._columns.positions(newest["id"].astype(np.int64)))


def _joined(runs: Ints) -> Ints:
    """Runs that follow each other without a gap as one; they come sorted."""
    if len(runs) == 0:
        return _NOWHERE
    apart = runs[1:, 0] != runs[:-1, 1]
    return np.column_stack((runs[np.concatenate(([True], apart)), 0], runs[np.concatenate((apart, [True])), 1]))


def _without(runs: Ints, dead: Ints) -> Ints:
    """The runs with single positions taken out; runs are sorted and do not overlap."""
    if len(runs) == 0:
        return _NOWHERE
    owner = np.searchsorted(runs[:, 0], dead, side="right") - 1
    met = (owner >= 0) & (dead < runs[np.maximum(owner, 0), 1])
    begin = np.sort(np.concatenate((runs[:, 0], dead[met] + 1)))
    end = np.sort(np.concatenate((runs[:, 1], dead[met])))
    kept = end > begin
    return np.column_stack((begin[kept], end[kept]))
