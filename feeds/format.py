"""Format: know a file by its first bytes, read it, correct it, and give it in our units."""

import logging
from collections.abc import Iterator, Set
from functools import partial
from pathlib import Path
from typing import Protocol

from feeds import bufr, cma_name, grib, micaps, netcdf, table_read, zarr
from feeds.canonical import canonical, canonical_observation
from feeds.errors import BadField, PartlyRead, Truncated, UnknownFormat
from feeds.members import Members
from feeds.override import NONE, Overrides, correct, correct_observation, suspect
from feeds.reading import Reading
from feeds.table import NO_TABLES, Table, Tables
from geo.field import GridField
from geo.observation import Observation
from geo.track import Track


class Read(Protocol):
    """What a reader's ``read`` looks like."""

    def __call__(self, path: Path, *, source: str, checksum: str = "") -> Iterator[Reading]: ...


# One line per reader; a reader is a file with MAGIC and read (a Zarr store is a folder and has no first bytes).
READERS: tuple[tuple[str, tuple[bytes, ...], Read], ...] = (
    ("grib", grib.MAGIC, grib.read),
    ("netcdf", netcdf.MAGIC, netcdf.read),
    ("micaps", micaps.MAGIC, micaps.read),
    ("bufr", bufr.MAGIC, bufr.read),
    ("zarr", zarr.MAGIC, zarr.read),
)

_HEAD = 512  # a GRIB or BUFR file may begin with a telecommunication heading
_HINTS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "it is compressed (gzip): decompress it in the transfer"),
    (b"BZh", "it is compressed (bzip2): decompress it in the transfer"),
    (b"PK\x03\x04", "it is a ZIP archive: unpack it in the transfer"),
    (b"<", "it is a page of text (HTML or XML), most likely an error message of the server: open it and read"),
    (b"[", "it is JSON: for a station feed give `table` in its settings"),
    (b"{", "it is JSON, most likely an error message of the server: open it and read (for a station feed give `table` in its settings)"),
)  # fmt: skip


def sniff(path: Path) -> str:
    """The name of the reader (of a folder: ``zarr``); raises UnknownFormat with a hint, Truncated for an empty file."""
    if path.is_dir():
        if any((path / mark).is_file() for mark in zarr.MARKS):
            return "zarr"
        raise UnknownFormat(f"{path.name}: a folder that is no Zarr store (no {', '.join(zarr.MARKS)} in it); name a file")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise Truncated(f"{path.name}: the file is empty; fetch it again")
    for kind, magic, _ in READERS:
        if head.startswith(magic):
            return kind
    for kind, mark in (("grib", b"GRIB"), ("bufr", b"BUFR")):  # behind a telecommunication heading
        if mark in head:
            return kind
    hint = next((hint for start, hint in _HINTS if head.lstrip().startswith(start)), "known are " + ", ".join(kind for kind, _, _ in READERS))
    raise UnknownFormat(f"{path.name}: no known format (it begins with {head[:8]!r}); {hint}")


def reader_of(path: Path) -> Read:
    """The reader that knows this file."""
    kind = sniff(path)
    return next(read for name, _, read in READERS if name == kind)


def read(
    path: Path, *, source: str, overrides: Overrides = NONE, checksum: str = "", lenient: bool = False, tables: Tables = NO_TABLES,
    wanted: Set[str] | None = None,
) -> Iterator[Reading]:
    """Yield every field, observation and track in file order: corrected, in canonical units, with suspicions.

    Fields that cannot be used are passed over and told at the end: after the last good field PartlyRead (or the
    reader's own Truncated) is raised; ``lenient`` logs it instead. A file of no known format is never passed over.
    ``wanted``: of a GRIB file, which may hold hundreds of fields, only these variables are unpacked (all of them where a
    correction renames one, or where it has none of them).
    """
    reader = _reader(path, tables.get(source))
    overrides, named = overrides.about(source, path.name), cma_name.parse(path.name)
    if wanted is not None and reader is grib.read and not any(one.set_variable for one in overrides.overrides):
        reader = partial(grib.read, wanted=wanted)
    faults: list[str] = []
    members = Members()
    try:
        for raw in reader(path, source=source, checksum=checksum):
            try:
                reading = _ours(raw, overrides, named)
            except BadField as fault:
                if str(fault) not in faults:
                    faults.append(str(fault))
                continue
            if isinstance(reading, GridField):
                members.add(reading)
            yield reading
    except PartlyRead as fault:
        faults.extend(fault.faults)
    except Truncated as fault:
        if not lenient and not faults:
            raise
        faults.append(str(fault))
        if not lenient:
            raise PartlyRead(path.name, tuple(faults), retry=True) from fault
    faults.extend(members.lacking())
    if faults and not lenient:
        raise PartlyRead(path.name, tuple(faults))
    for told in faults:
        logging.getLogger(__name__).warning("%s: %s", path.name, told)


def _reader(path: Path, table: Table | None) -> Read:
    """As :func:`reader_of`; what no reader knows is read by the source's table, where it has one."""
    try:
        return reader_of(path)
    except UnknownFormat:
        if table is None:
            raise
        return partial(table_read.read, table=table)


def _ours(raw: Reading, overrides: Overrides, named: cma_name.CmaName | None) -> Reading:
    """Dated by its name where it tells no run, corrected and in canonical units; a track has units of its own and nothing to correct."""
    match raw:
        case GridField():
            return suspect(canonical(correct(cma_name.dated(raw, named), overrides)), overrides)
        case Observation():
            return canonical_observation(correct_observation(raw, overrides))
        case Track():
            return raw


def read_fields(path: Path, *, source: str, overrides: Overrides = NONE, checksum: str = "") -> Iterator[GridField]:
    """As :func:`read`, the gridded ones only."""
    readings = read(path, source=source, overrides=overrides, checksum=checksum)
    return (reading for reading in readings if isinstance(reading, GridField))
