"""File set: columns on disk in numbered generations; a new one is whole before its name is told, the old one stays for its readers.

A folder holds ``current`` (the number of the newest whole generation), ``lock`` (held by the one process that writes) and a
folder a generation: one ``.npy`` a column, ``meta.json``, and ``changes`` (see changes). Readers need no lock and no right to
write, also on another machine that mounts the folder; the generation before the newest is kept for those just opening it.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from geo.points.cells import Floats
from geo.points.columns import Columns, Ids, Kinds, cells_occupied, checked, scatter

_FORMAT = 1
_NAMES = ("keys", "starts", "ids", "xs", "ys", "kinds", "by_id", "place")


class NoIndex(LookupError):
    """There is no index that can be read here: build one. The message says what was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A whole file set: its folder, the step of its cells in degrees, and the ``mark`` up to which it knows its source."""

    folder: Path
    number: int
    step: float
    mark: int


def write(
    folder: Path, ids: Ids, xs: Floats, ys: Floats, *, step: float, kinds: Kinds | None = None, mark: int = 0,
) -> Generation:
    """Sort the points and make them the folder's newest generation. Raises BadPoints.

    The caller holds the folder's lock (see writer). A crash at any moment leaves the generation before in force.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ids, xs, ys, kinds = checked(ids, xs, ys, kinds)
    keys, starts, cell = cells_occupied(xs, ys, step)
    columns = Columns(
        keys=keys, starts=starts, ids=np.empty_like(ids), xs=np.empty_like(xs), ys=np.empty_like(ys), kinds=np.empty_like(kinds),
        by_id=ids, place=np.empty(len(ids), dtype=np.uint32))
    scatter(starts, cell, ids, xs, ys, kinds, columns.ids, columns.xs, columns.ys, columns.kinds, columns.place)
    number = max((int(path.name) for path in folder.iterdir() if path.name.isdigit()), default=0) + 1
    generation = Generation(folder=folder / f"{number:06d}", number=number, step=step, mark=mark)
    generation.folder.mkdir()
    for name in _NAMES:
        with (generation.folder / f"{name}.npy").open("wb") as file:
            np.save(file, getattr(columns, name))
            file.flush()
            os.fsync(file.fileno())
    _put(generation.folder / "meta.json", json.dumps({"format": _FORMAT, "step": step, "mark": mark, "points": len(ids)}))
    _put(folder / "current", generation.folder.name)
    for path in folder.iterdir():
        if path.name.isdigit() and int(path.name) < number - 1:
            shutil.rmtree(path, ignore_errors=True)
    return generation


def newest(folder: Path) -> Generation:
    """The generation in force. Raises NoIndex when there is none, or one of another format."""
    try:
        name = (folder / "current").read_text(encoding="ascii").strip()
        meta = json.loads((folder / name / "meta.json").read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise NoIndex(f"{folder}: no point index can be read here ({type(error).__name__}); build it anew") from error
    if meta.get("format") != _FORMAT:
        raise NoIndex(f"{folder}: a point index of format {meta.get('format')}, this program reads {_FORMAT}; build it anew")
    return Generation(folder=folder / name, number=int(name), step=float(meta["step"]), mark=int(meta["mark"]))


def mapped(generation: Generation) -> Columns:
    """The columns by memory map, read-only: nothing is read before it is asked for. Raises NoIndex."""
    try:
        columns = Columns(**{name: _map(generation.folder / f"{name}.npy") for name in _NAMES})
    except (OSError, ValueError) as error:
        raise NoIndex(f"{generation.folder}: the point index is not whole ({error}); build it anew") from error
    lengths = {len(column) for column in (columns.ids, columns.xs, columns.ys, columns.kinds, columns.by_id, columns.place)}
    if len(lengths) != 1 or len(columns.starts) != len(columns.keys) + 1 or int(columns.starts[-1]) not in lengths:
        raise NoIndex(f"{generation.folder}: the columns of the point index are not of one length; build it anew")
    return columns


def _map(path: Path) -> Any:
    # numpy cannot map a file without values.
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except ValueError:
        return np.asarray(np.load(path, allow_pickle=False))


def _put(path: Path, text: str) -> None:
    """Write a small file whole or not at all, and see it on the disk."""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
