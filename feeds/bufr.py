"""Read BUFR surface reports (SYNOP and the like): every value we know of every station, with the interval it holds for."""

from collections.abc import Iterator
from pathlib import Path

import eccodes
import numpy as np

from feeds.bufr_report import NAMES, OTHER, Element, Report
from feeds.errors import BadField, PartlyRead, Truncated
from geo.field import Provenance
from geo.observation import Observation

MAGIC = (b"BUFR",)

_SURFACE = (0, 1)  # WMO BUFR table A: surface data on land and at sea
_CATEGORIES = {2: "vertical soundings", 3: "satellite soundings", 4: "single-level upper-air data", 5: "single-level satellite data",
               6: "radar data", 7: "synoptic features", 8: "physical constituents", 12: "surface data from satellites"}  # fmt: skip


def read(path: Path, *, source: str, checksum: str = "") -> Iterator[Observation]:
    """Yield the observations message by message, in the report's own units (K, Pa, kg m-2, m, m s-1).

    Compressed and uncompressed messages, one station or many in each. Raises PartlyRead after the last good report for
    what is no surface report, Truncated for a file that ends within a message.
    """
    faults: list[str] = []
    number = 0
    with path.open("rb") as file:
        while True:
            number += 1
            try:
                handle: int | None = eccodes.codes_bufr_new_from_file(file)
            except eccodes.CodesInternalError as fault:
                told = "; ".join(("", *faults))
                raise Truncated(f"{path.name}: broken in message {number} ({fault}). {number - 1} message(s) were read{told}; "
                                f"fetch the file again") from fault
            if handle is None:
                break
            provenance = Provenance(source=source, path=str(path), checksum=checksum, index=number, original=(("name", "BUFR"),))
            try:
                for report in _reports(handle):
                    yield from report.observations(provenance)
            except BadField as fault:
                faults.append(f"message {number}: {fault}")
            except eccodes.CodesInternalError as fault:
                faults.append(f"message {number}: cannot be unpacked ({fault}); fetch the file again")
            finally:
                eccodes.codes_release(handle)
    if number == 1 and not faults:
        raise Truncated(f"{path.name}: no whole BUFR message in it; fetch it again")
    if faults:
        raise PartlyRead(path.name, tuple(dict.fromkeys(faults)))


def _reports(handle: int) -> list[Report]:
    """One Report a subset, with its elements in the message's order."""
    category = eccodes.codes_get_long(handle, "dataCategory")
    if category not in _SURFACE:
        raise BadField(f"it holds {_CATEGORIES.get(category, f'data of category {category}')}, no surface reports; leave such files out by the pattern")
    eccodes.codes_set(handle, "unpack", 1)
    subsets = eccodes.codes_get_long(handle, "numberOfSubsets")
    compressed = bool(eccodes.codes_get_long(handle, "compressedData"))
    reports = [Report() for _ in range(subsets)]
    current = 0 if compressed else -1
    keys = eccodes.codes_bufr_keys_iterator_new(handle)
    try:
        while eccodes.codes_bufr_keys_iterator_next(keys):
            key = eccodes.codes_bufr_keys_iterator_get_name(keys)
            if key == "subsetNumber" and not compressed:
                current += 1
            if "->" in key or not key.startswith("#"):
                continue
            if (name := key.rpartition("#")[2]) not in NAMES:
                _divide(reports, compressed=compressed, current=current)
                continue
            if current < 0:  # one subset has no number
                current = 0
            units = eccodes.codes_get_string(handle, f"{key}->units") if name == "timePeriod" else ""
            values = _values(handle, key)
            if compressed:
                for report, value in zip(reports, values * subsets if len(values) == 1 else values, strict=True):
                    report.elements.append(Element(name=name, value=value, units=units))
            else:
                reports[current].elements.append(Element(name=name, value=values[0], units=units))
    finally:
        eccodes.codes_bufr_keys_iterator_delete(keys)
    return reports


def _divide(reports: list[Report], *, compressed: bool, current: int) -> None:
    """Something else stands here: an interval before it does not belong to one after it."""
    for report in reports if compressed else reports[max(current, 0) : max(current, 0) + 1]:
        if report.elements and report.elements[-1].name == "timePeriod":
            report.elements.append(Element(name=OTHER, value=None))


def _values(handle: int, key: str) -> list[float | str | None]:
    """The values of a key, one or one a subset; None where missing."""
    if eccodes.codes_get_native_type(handle, key) is str:
        texts = eccodes.codes_get_string_array(handle, key)
        return [str(text).strip() or None for text in texts]
    found = np.atleast_1d(np.asarray(eccodes.codes_get_double_array(handle, key), dtype=np.float64))
    return [None if value in (eccodes.CODES_MISSING_DOUBLE, eccodes.CODES_MISSING_LONG) else float(f"{value:.9g}") for value in found]
