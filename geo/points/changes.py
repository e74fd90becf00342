"""Changes: registrations, moves and deletions beside a generation, in a file that only grows; the newest word about an id counts."""

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_HEAD = struct.Struct("<IIq")
"""How many records follow, their CRC-32, and the mark up to which the source is known once they count."""
RECORD = np.dtype([("id", "<i8"), ("x", "<f8"), ("y", "<f8"), ("kind", "<u2")])
"""One change; x = NaN: this id is gone."""

Records = NDArray[np.void]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Read:
    """What stood behind ``offset``: the records, the offset behind the last whole frame, and its mark (None without a frame)."""

    records: Records
    offset: int
    mark: int | None


def append(path: Path, records: Records, *, mark: int) -> None:
    """One frame, on the disk before this returns."""
    payload = records.tobytes()
    with path.open("ab") as file:
        file.write(_HEAD.pack(len(records), zlib.crc32(payload), mark) + payload)
        file.flush()
        os.fsync(file.fileno())


def read(path: Path, offset: int = 0) -> Read:
    """Whole frames from ``offset`` on; a torn or spoilt one and what follows it are not read. No file: no changes."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            content = file.read()
    except FileNotFoundError:
        content = b""
    found, at, mark = [np.zeros(0, dtype=RECORD)], 0, None
    while at + _HEAD.size <= len(content):
        count, crc, said = _HEAD.unpack_from(content, at)
        payload = content[at + _HEAD.size : at + _HEAD.size + count * RECORD.itemsize]
        if len(payload) < count * RECORD.itemsize or zlib.crc32(payload) != crc:
            break
        found.append(np.frombuffer(payload, dtype=RECORD))
        at += _HEAD.size + len(payload)
        mark = said
    return Read(records=np.concatenate(found), offset=offset + at, mark=mark)


def cut(path: Path, offset: int) -> None:
    """Take away what a crash left behind the last whole frame, so that the next one can be found."""
    if path.exists() and path.stat().st_size > offset:
        os.truncate(path, offset)


def newest(records: Records) -> Records:
    """The last record of every id, ids rising."""
    _, last = np.unique(records["id"][::-1], return_index=True)
    return records[len(records) - 1 - last]
