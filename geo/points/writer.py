"""Writer: the one process that changes a point index; readers follow by ``refresh``."""

import fcntl
from pathlib import Path
from typing import IO

import numpy as np

from geo.points import changes, fileset
from geo.points.cells import Floats, Ints
from geo.points.columns import BadPoints, Ids, Kinds
from geo.points.index import PointIndex

_MANY = 50_000
"""Changes beside the columns that make a merge worth its time, and the share of the columns that do."""
_SHARE = 0.02


class Busy(RuntimeError):
    """Another process writes this index."""


class PointWriter:
    """Holds the folder's lock from opening to ``close``. Raises Busy."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock: IO[bytes] = (folder / "lock").open("ab")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise Busy(f"{folder}: another process keeps this point index; read it, or stop that one") from error

    def close(self) -> None:
        self._lock.close()

    def rebuild(self, ids: Ids, xs: Floats, ys: Floats, *, step: float, kinds: Kinds | None = None, mark: int = 0) -> PointIndex:
        """Everything anew from the source, known up to ``mark``. Raises BadPoints."""
        fileset.write(self._folder, ids, xs, ys, step=step, kinds=kinds, mark=mark)
        return PointIndex(self._folder)

    def change(self, index: PointIndex, ids: Ints, xs: Floats, ys: Floats, kinds: Kinds, *, mark: int) -> None:
        """These people are here from now on (x = NaN: nowhere); on the disk, and seen by ``index``, when this returns.

        Said twice it is as if said once, so a source may be read again from an earlier mark. Raises BadPoints.
        """
        records = np.zeros(len(ids), dtype=changes.RECORD)
        records["id"], records["x"], records["y"], records["kind"] = ids, xs, ys, kinds
        here = records[~np.isnan(records["x"])]
        if len(ids) and int(ids.min()) < 0 or not (np.abs(here["x"]) <= 180).all() or not (np.abs(here["y"]) <= 90).all():
            raise BadPoints("a change has an id below zero or a place off the Earth")
        path = index.generation.folder / "changes"
        changes.cut(path, changes.read(path).offset)
        changes.append(path, records, mark=mark)
        index.refresh()
        if index.changed > max(_MANY, int(_SHARE * len(index))):
            self.merge(index)

    def merge(self, index: PointIndex) -> None:
        """The changes into the columns: a new generation, read by ``index`` when this returns."""
        everyone = index.everyone()
        columns, runs, late = everyone.columns, everyone.runs, everyone.late
        kept = np.concatenate([np.arange(begin, end) for begin, end in runs.tolist()]) if len(runs) else np.zeros(0, dtype=np.int64)
        fileset.write(
            self._folder, np.concatenate((columns.ids[kept].astype(np.int64), late["id"])), np.concatenate((columns.xs[kept], late["x"])),
            np.concatenate((columns.ys[kept], late["y"])), kinds=np.concatenate((columns.kinds[kept], late["kind"])),
            step=index.step, mark=index.mark)
        index.refresh()
