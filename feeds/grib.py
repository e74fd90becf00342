"""Read GRIB, editions 1 and 2: every field of every message, as the file has it, on a grid in geo's form."""

from collections import deque
from collections.abc import Generator, Iterator, Set
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import eccodes
import numpy as np
from numpy.typing import NDArray

from feeds import grib_header, lattice, variable
from feeds.errors import BadField, PartlyRead, Truncated, UnknownFormat
from feeds.grib_packed import Unpacked
from feeds.grib_scan import Scan, header, scan
from feeds.grib_values import unpack
from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.kernel import cores

MAGIC = (b"GRIB",)


def read(path: Path, *, source: str, checksum: str = "", wanted: Set[str] | None = None) -> Iterator[GridField]:
    """Yield every field in file order (with ``wanted`` those of these variables: the others' values are not unpacked); units, thresholds and values are the file's own, the variable's name is ours.

    ``Provenance.index`` counts fields from 1, also inside a message that holds many. Fields that were whole are
    yielded first; then Truncated or PartlyRead says what was not. UnknownFormat when there is no GRIB message at all.
    Bytes that belong to no message are a suspicion on every field, for a field may be missing there. A file
    that has none of the variables wanted is read whole: what it is about is then for others to judge.
    """
    found = scan(path)
    if not found.messages and not found.fault:
        raise UnknownFormat(f"{path.name}: no GRIB message in it; look whether the download is a page of text")
    index, passed, refused, fault = 0, 0, list[str](), found.fault
    about = _File(path=path, source=source, checksum=checksum, wanted=wanted,
                  suspicions=tuple(f"{stray}: a field may be missing there" for stray in found.strays))
    with path.open("rb") as file, ThreadPoolExecutor(max_workers=cores(), thread_name_prefix="grib") as pool:
        waiting: deque[tuple[int, Future[GridField | None]]] = deque()
        coming = _messages(file, found)
        try:
            more = True
            while more or waiting:
                # While one field is used, the next are read.
                while more and len(waiting) <= cores():
                    try:
                        came = next(coming, None)
                    except eccodes.CodesInternalError as error:
                        fault, came = fault or str(error), None
                    if came is None:
                        more = False
                    else:
                        index += 1
                        waiting.append((index, pool.submit(_read, *came, about, index)))
                if not waiting:
                    break
                number, reading = waiting.popleft()
                try:
                    field = reading.result()
                except BadField as bad:
                    refused.append(f"field {number}: {bad}")
                    continue
                except eccodes.CodesInternalError as error:
                    refused.append(f"field {number}: a key that every field must have cannot be read ({error})")
                    continue
                if field is None:
                    passed += 1
                else:
                    yield field
        finally:
            for _, reading in waiting:
                reading.cancel()
            coming.close()
    if fault:
        told = "; ".join(("", *refused))
        raise Truncated(f"{path.name}: broken after field {index}: {fault}. {index - len(refused) - passed} field(s) were read{told}; fetch the file again")
    if refused:
        raise PartlyRead(path.name, tuple(refused))
    if passed and passed == index:
        yield from read(path, source=source, checksum=checksum)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """What all fields of a file share."""

    path: Path
    source: str
    checksum: str
    wanted: Set[str] | None
    suspicions: tuple[str, ...]


def _messages(file: BinaryIO, found: Scan) -> Generator[tuple[bytes, bytes]]:
    """Each field's message, and what ecCodes is to be shown of it.

    Where every message is whole and holds one field, they are taken by their places and ecCodes is shown the headers alone: it copies what it is shown.
    """
    if not found.fault and not found.several:
        for start, length in found.places:
            file.seek(start)
            message = file.read(length)
            yield header(message), message
        return
    # Without this, ecCodes gives the first field of a message (u) and not the others (v).
    eccodes.codes_grib_multi_support_on()
    try:
        while (handle := eccodes.codes_grib_new_from_file(file)) is not None:
            message = eccodes.codes_get_message(handle)
            eccodes.codes_release(handle)
            yield message, message
    finally:
        # ecCodes remembers half-read messages by file; the next file could be taken for this one.
        eccodes.codes_grib_multi_support_reset_file(file)


def _read(head: bytes, message: bytes, about: _File, index: int) -> GridField | None:
    """One field, in a thread of the pool; None when it is none of those wanted."""
    handle = eccodes.codes_new_from_message(head)
    try:
        if about.wanted is not None and _called(handle, message) not in (*about.wanted, ""):
            return None
        return _field(handle, message, about, index)
    finally:
        eccodes.codes_release(handle)


def _called(handle: int, message: bytes) -> str:
    """The field's variable; "" when its header cannot be read, so that it is read on and told."""
    try:
        return _variable(handle, message)[0]
    except eccodes.CodesInternalError:
        return ""


def _variable(handle: int, message: bytes) -> tuple[str, grib_header.Names, variable.Variable | None, str]:
    """Our name for the field or the file's own, what its tables call it, what we know of it, and the level its name tells."""
    key = tuple(grib_header.number(handle, name) for name in ("discipline", "parameterCategory", "parameterNumber"))
    whole_key = (key[0], key[1], key[2]) if key[0] is not None and key[1] is not None and key[2] is not None else None
    names = grib_header.names(handle, message)
    known, level_of_name = variable.of_grib(whole_key, names.short_name, grib_header.text(handle, "typeOfLevel"))
    return known.name if known else _name(names.short_name, whole_key), names, known, level_of_name


def _field(handle: int, message: bytes, about: _File, index: int) -> GridField:
    times = grib_header.times(handle)
    called, names, known, level_of_name = _variable(handle, message)
    units = variable.plain_units(names.units) or (known.grib_units if known else "") or "unknown"
    probability = grib_header.threshold(handle)
    statistic = probability[1] if probability else grib_header.statistic(handle, times)
    if known is not None and known.statistic and times.window is not None and statistic in ("unknown", "instant"):
        statistic = known.statistic

    unpacked = unpack(handle, message)
    grid, turned = _on_grid(handle, unpacked)
    return GridField(
        variable=called,
        units="%" if probability else units,  # WMO-No. 306, table 4.9: probabilities are in per cent
        values=turned, grid=grid, valid_time=times.valid, run_time=times.run, window=times.window, statistic=statistic,
        level=level_of_name or grib_header.level(handle), member=grib_header.member(handle),
        threshold=probability[0] if probability else None, threshold_units=units if probability else "",
        raw_min=unpacked.lowest, raw_max=unpacked.highest, missing_count=unpacked.missing,
        provenance=Provenance(source=about.source, path=str(about.path), checksum=about.checksum, index=index,
                              original=grib_header.original(handle, names), suspicions=about.suspicions),
    )  # fmt: skip


def _name(short_name: str, key: tuple[int, int, int] | None) -> str:
    """The file's own name; a parameter that ecCodes has no name for keeps its numbers."""
    if short_name != "unknown" or key is None:
        return short_name
    return "grib2_{}_{}_{}".format(*key)


def _on_grid(handle: int, unpacked: Unpacked) -> tuple[Grid, NDArray[np.floating]]:
    kind, (ny, nx) = grib_header.text(handle, "gridType"), unpacked.rows.shape
    if not unpacked.whole:
        # Reduced and spectral grids have no rows of one length: one row of all points keeps every value.
        if kind == "regular_ll":
            raise BadField(f"its grid says {_said(handle)} points and it has {nx} values; ask the issuer for a mended file")
        return Grid(kind=kind, ny=1, nx=nx), unpacked.rows
    if kind != "regular_ll":
        return Grid(kind=kind, ny=ny, nx=nx), unpacked.rows
    return _regular(handle, unpacked.rows, i_negative=bool(grib_header.number(handle, "iScansNegatively")))


def _said(handle: int) -> str:
    said = grib_header.shape(handle)
    return "no number of" if said is None else f"{said[0]} x {said[1]}"


def _regular(handle: int, rows: NDArray[np.floating], *, i_negative: bool) -> tuple[Grid, NDArray[np.floating]]:
    ny, nx = rows.shape
    lats = [eccodes.codes_get_double(handle, f"latitudeOf{end}GridPointInDegrees") for end in ("First", "Last")]
    lons = [eccodes.codes_get_double(handle, f"longitudeOf{end}GridPointInDegrees") for end in ("First", "Last")]
    west, east = reversed(lons) if i_negative else lons
    span = (east - west) % 360.0
    if nx > 1 and span == 0:
        span = 360.0  # 0 to 360: the first meridian twice
    # Steps come from the corners, which are exact; edition 1 rounds a step of 1/3° to 0.333.
    dlat = (max(lats) - min(lats)) / (ny - 1) if ny > 1 else _increment(handle, "j")
    dlon = span / (nx - 1) if nx > 1 else _increment(handle, "i")
    if dlat <= 0 or dlon <= 0 or not -90.0 <= min(lats) <= max(lats) <= 90.0:
        raise BadField(f"its corners {lats[0]:g},{lons[0]:g} and {lats[1]:g},{lons[1]:g} make no grid of {ny} x {nx} points")
    return lattice.regular(rows, south=min(lats), dlat=dlat, west=west, dlon=dlon)


def _increment(handle: int, axis: str) -> float:
    """The declared step of an axis with a single point, degrees."""
    return float(eccodes.codes_get_double(handle, f"{axis}DirectionIncrementInDegrees"))
