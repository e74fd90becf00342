"""Found: who stands in a place, as slices of the index where whole cells are inside, and single positions elsewhere."""

from dataclasses import dataclass

import numpy as np

from geo.points.cells import Ints, cell_of
from geo.points.changes import Records
from geo.points.columns import Columns


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """``runs`` (R, 2) from–to positions, ``loose`` (L,) positions, ``late`` records that changed since the columns were sorted.

    It stays true to the moment of the question, whatever is registered afterwards.
    """

    columns: Columns
    runs: Ints
    loose: Ints
    late: Records

    @property
    def count(self) -> int:
        return int((self.runs[:, 1] - self.runs[:, 0]).sum()) + len(self.loose) + len(self.late)

    def ids(self) -> Ints:
        """Every id once, in no order that means anything."""
        ids = self.columns.ids
        found = np.empty(self.count, dtype=np.int64)
        at = 0
        for begin, end in self.runs.tolist():
            found[at : at + end - begin] = ids[begin:end]
            at += end - begin
        found[at : at + len(self.loose)] = ids[self.loose]
        found[at + len(self.loose) :] = self.late["id"]
        return found

    def by_kind(self) -> dict[int, int]:
        """How many of each kind."""
        kinds = self.columns.kinds
        total = np.bincount(kinds[self.loose], minlength=1).astype(np.int64)
        parts = [np.bincount(kinds[begin:end]) for begin, end in self.runs.tolist()] + [np.bincount(self.late["kind"])]
        for part in parts:
            if len(part) > len(total):
                total = np.pad(total, (0, len(part) - len(total)))
            total[: len(part)] += part
        return {int(kind): int(total[kind]) for kind in np.flatnonzero(total)}

    def cells(self, late_keys: Ints) -> set[tuple[int, int]]:
        """(row, column) of every cell that somebody found stands in; ``late_keys`` are those of ``late``."""
        starts = self.columns.starts
        numbers = [np.searchsorted(starts, self.loose, side="right") - 1]
        for begin, end in self.runs.tolist():
            numbers.append(np.arange(np.searchsorted(starts, begin, side="right") - 1, np.searchsorted(starts, end, side="left")))
        keys = np.unique(np.concatenate((self.columns.keys[np.concatenate(numbers)], late_keys)))
        rows, columns = cell_of(keys)
        return set(zip(rows.tolist(), columns.tolist(), strict=True))
