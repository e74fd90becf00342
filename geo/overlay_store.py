"""Overlays kept on disk: one file each, mapped into memory, written whole or not at all, never more than fit in the folder's share."""

import json
import mmap
import os
import tempfile
from hashlib import blake2b
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

# Raised when the shares of the same grid and borders would come out otherwise, or lie otherwise in the file.
_FORM = 1
_MAGIC = b"xiaoxishu overlay\n"
_HEAD = 512
# Nationwide counties on 0.05 degrees take 6 MB.
MAX_BYTES = 512 * 1024 * 1024
_ARRAYS = (("data", "<f8"), ("indices", "<i4"), ("indptr", "<i4"))


def save(folder: Path, name: str, shares: csr_array[np.float64], *, max_bytes: int = MAX_BYTES) -> None:
    """Keep ``shares`` under ``name``; the files used longest ago go when the folder holds more than ``max_bytes``.

    A folder that cannot be written to keeps nothing: the overlay is made again at the next start, and nothing else is lost.
    """
    body = b"".join(np.ascontiguousarray(getattr(shares, part), dtype=kind).tobytes() for part, kind in _ARRAYS)
    head = {"form": _FORM, "shape": list(shares.shape), "entries": int(shares.nnz), "sum": blake2b(body, digest_size=16).hexdigest()}
    first = _MAGIC + json.dumps(head).encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".new-", delete=False) as file:
            file.write(first.ljust(_HEAD, b" ") + body)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(_path(folder, name))
        _make_room(folder, max_bytes)
    except OSError:
        return


def load(folder: Path, name: str, shape: tuple[int, int]) -> csr_array[np.float64] | None:
    """The shares kept under ``name``, mapped from the file; None when there are none, or when they are not whole and of this ``shape``."""
    path = _path(folder, name)
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            head = _head(whole[:_HEAD])
            entries = head.get("entries")
            if head.get("form") != _FORM or head.get("shape") != list(shape) or not isinstance(entries, int):
                return None
            sizes = (entries * 8, entries * 4, (shape[0] + 1) * 4)
            if entries < 0 or len(whole) != _HEAD + sum(sizes) or blake2b(memoryview(whole)[_HEAD:], digest_size=16).hexdigest() != head.get("sum"):
                return None
        os.utime(path)
    except (OSError, ValueError):
        return None
    parts = {}
    at = _HEAD
    for (part, kind), size in zip(_ARRAYS, sizes, strict=True):
        # "c": pages are shared with other processes until somebody writes, which nobody does.
        length = size // np.dtype(kind).itemsize
        parts[part] = np.asarray(np.memmap(path, dtype=kind, mode="c", offset=at, shape=(length,))) if size else np.zeros(0, dtype=kind)
        at += size
    return csr_array((parts["data"], parts["indices"], parts["indptr"]), shape=shape)


def _head(start: bytes) -> dict[str, object]:
    if not start.startswith(_MAGIC):
        return {}
    head = json.loads(start[len(_MAGIC) :])
    return head if isinstance(head, dict) else {}


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.overlay"


def _make_room(folder: Path, max_bytes: int) -> None:
    """The newest stay; others go, oldest use first, until the rest fits."""
    files = sorted(((found.stat().st_mtime, found.stat().st_size, found) for found in folder.glob("*.overlay")), reverse=True)
    total = 0
    for number, (_, size, path) in enumerate(files):
        total += size
        if total > max_bytes and number:
            path.unlink(missing_ok=True)
