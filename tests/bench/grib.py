"""GRIB: a file of 24 fields of 1200 × 1000 points, read to the array that the kernels read, against ecCodes alone and cfgrib."""

import tempfile
from pathlib import Path

import eccodes
import numpy as np
from numpy.typing import NDArray

from feeds.grib import read
from tests.bench import capped
from tests.bench.measure import NOT_INSTALLED, Effort, Goal, Row, Timing, installed, median_s, peer, rows
from tests.bench.places import EAST_CHINA
from tests.bench.zonal import fields

_PACKINGS = (("simple packing, 16 bits", "grid_simple"), ("CCSDS, 16 bits", "grid_ccsds"))


def run(effort: Effort) -> list[Row]:
    """Ours is the product's reader, headers, grids and provenance included; the peers' values are compared with it."""
    count, found = effort.pick(full=24, quick=6), list[Row]()
    values = fields(EAST_CHINA, count)
    with tempfile.TemporaryDirectory(prefix="xiaoxishu-bench-") as folder:
        for what, packing in _PACKINGS:
            path = Path(folder) / f"{packing}.grib2"
            write(path, values, packing)
            found += _packing(path, what, count, effort)
    return found


def _packing(path: Path, what: str, count: int, effort: Effort) -> list[Row]:
    if not np.array_equal(product(path, count), by_eccodes(path, count)):
        raise AssertionError("our values are not those of ecCodes: do not quote the speed")
    repeats = effort.pick(full=7, quick=2)
    ours = [Timing(subject="feeds.grib", value=median_s(lambda: product(path, count), repeats=repeats), note="the whole reader: every key, rows from the south, float32")]
    peers = [Timing(subject="ecCodes, values alone", value=median_s(lambda: by_eccodes(path, count), repeats=repeats), note="codes_get_values, then float32, rows from the south")]
    raw = path.read_bytes()
    peers.append(Timing(subject="memcpy of the result", value=median_s(lambda: np.frombuffer(raw * 2, dtype=np.uint8).copy(), repeats=repeats), note="for scale", yardstick=False))
    library = peer("cfgrib") if installed("cfgrib") else None
    if library is None:
        peers.append(Timing(subject="cfgrib", value=None, note=NOT_INSTALLED))
    else:
        peers.append(capped.once("cfgrib", library.Opened(str(path))))
    return rows(f"GRIB2 {count} × {EAST_CHINA.ny}×{EAST_CHINA.nx}, {what}", "s", ours, peers, goal=Goal(ratio=2))


def product(path: Path, count: int) -> NDArray[np.float32]:
    """(T, ny, nx), as a series has it; each field's own array is given back as the next is read."""
    out = np.empty((count, *EAST_CHINA.shape), dtype=np.float32)
    for number, field in enumerate(read(path, source="bench")):
        out[number] = field.values
    return out


def by_eccodes(path: Path, count: int) -> NDArray[np.float32]:
    """The plain loop over messages, into the same array."""
    out = np.empty((count, *EAST_CHINA.shape), dtype=np.float32)
    with path.open("rb") as file:
        for number in range(count):
            handle = eccodes.codes_grib_new_from_file(file)
            values = eccodes.codes_get_values(handle)
            eccodes.codes_release(handle)
            out[number] = values.reshape(EAST_CHINA.shape)[::-1]
    return out


def write(path: Path, values: NDArray[np.float32], packing: str) -> None:
    """One message a field, hour by hour, from the north as most centres write."""
    grid = EAST_CHINA
    with path.open("wb") as file:
        for hour, field in enumerate(values, start=1):
            handle = eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib2")
            for key, value in {
                "Ni": grid.nx, "Nj": grid.ny, "latitudeOfFirstGridPointInDegrees": float(grid.lats[-1]),
                "latitudeOfLastGridPointInDegrees": grid.lat0, "longitudeOfFirstGridPointInDegrees": grid.lon0,
                "longitudeOfLastGridPointInDegrees": float(grid.lons[-1]), "iDirectionIncrementInDegrees": grid.dlon,
                "jDirectionIncrementInDegrees": grid.dlat, "dataDate": 20240919, "dataTime": 0, "stepRange": str(hour),
                "packingType": packing, "bitsPerValue": 16,
            }.items():
                eccodes.codes_set(handle, key, value)
            eccodes.codes_set_values(handle, field[::-1].ravel().astype(np.float64))
            eccodes.codes_write(handle, file)
            eccodes.codes_release(handle)
