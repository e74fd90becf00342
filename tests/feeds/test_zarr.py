"""Zarr stores: a folder as one file, formats 2 and 3, and what a half-copied one says."""

import asyncio
import contextlib
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import zarr

from feeds.checksum import checksum_of
from feeds.errors import PartlyRead, Truncated, UnknownFormat
from feeds.folder import Options, Source
from feeds.format import read_fields, sniff

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "tests/feeds/recordings/zarr"
SAMPLE = ROOT / "../shared/data/gridded/zarr/analysed_sst.zarr"
NOON = datetime(2024, 9, 19, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    shutil.copytree(RECORDED / "tiny_v3.zarr", tmp_path / "rain.zarr")
    return tmp_path / "rain.zarr"


def written(folder: Path, *, fill: float | None) -> Path:
    """Rain of 2 hours in a chunk each, of which only the first is stored."""
    path = folder / "gap.zarr"
    group = zarr.create_group(path, zarr_format=3)
    for name, values, units in (("time", [1.0, 2.0], "hours since 2024-09-19"), ("lat", [30.0, 31.0], "degrees_north"), ("lon", [121.0, 122.0], "degrees_east")):
        array = group.create_array(name, shape=(2,), dtype="f8", dimension_names=(name,), attributes={"units": units})
        array[:] = np.array(values)
    attributes: dict[str, object] = {"units": "mm"}
    if fill is not None:
        attributes["_FillValue"] = "AAAAAAAAwMA="  # -8192.0 in base 64, as xarray writes it
    rain = group.create_array("rain_1h", shape=(2, 2, 2), chunks=(1, 2, 2), dtype="f8", fill_value=fill or 0.0,
                              dimension_names=("time", "lat", "lon"), attributes=attributes)  # type: ignore[arg-type]
    rain[0] = 5.0
    return path


def test_a_chunk_that_is_not_there_is_unknown_and_no_dry_hour(tmp_path: Path) -> None:
    first, second = read_fields(written(tmp_path, fill=None), source="test")
    assert (first.raw_min, first.missing_count, second.missing_count) == (5.0, 0, 4)
    for field in (first, second):
        (suspicion,) = field.provenance.suspicions
        assert "1 of 2 chunks are not stored and would read as 0.0" in suspicion
        assert "that value is taken as unknown" in suspicion


def test_a_chunk_whose_absence_is_declared_missing_is_missing(tmp_path: Path) -> None:
    first, second = read_fields(written(tmp_path, fill=-8192.0), source="test")
    assert (first.missing_count, second.missing_count) == (0, 4)
    assert first.provenance.suspicions == second.provenance.suspicions == ()


def test_a_store_that_is_half_copied_is_fetched_again(store: Path) -> None:
    (store / "rain_1h/zarr.json").write_text('{"shape": [2, ')
    with pytest.raises(Truncated, match=r"rain\.zarr: this Zarr store cannot be opened .*half copied, fetch it again"):
        list(read_fields(store, source="test"))


def test_a_folder_that_is_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat, match="a folder that is no Zarr store"):
        sniff(tmp_path)


def test_the_checksum_of_a_store_changes_with_any_member(store: Path) -> None:
    before = checksum_of(store)
    assert before == checksum_of(RECORDED / "tiny_v3.zarr")
    chunk = next(path for path in sorted(store.rglob("*")) if path.is_file() and path.name != "zarr.json")
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"\x01")
    assert checksum_of(store) != before


async def test_a_watched_folder_hands_a_store_on_when_all_its_members_stand_still(tmp_path: Path, store: Path) -> None:
    at, looks = NOON, 0

    async def sleep(seconds: float) -> None:
        nonlocal at, looks
        at, looks = at + timedelta(seconds=seconds), looks + 1
        if looks == 1:
            (store / "rain_1h/c/late").write_bytes(b"x")
        elif looks == 4:
            raise asyncio.CancelledError

    got = []
    source = Source(Options(path=tmp_path, poll_s=2, settle_s=3), name="store", now=lambda: at, sleep=sleep)
    with pytest.raises(asyncio.CancelledError):
        [got.append(payload) async for payload in source.payloads()]  # type: ignore[func-returns-value]
    assert [(payload.path.name, payload.fetched_at) for payload in got] == [("rain.zarr", NOON + timedelta(seconds=6))]  # changed at +2
    assert got[0].run_time == NOON


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="no ../shared/data")
def test_the_real_store_without_consolidated_metadata() -> None:
    fields = []
    with contextlib.suppress(PartlyRead):  # after all, for a mask has no units
        for field in read_fields(SAMPLE, source="jpl"):
            fields += [field] if dict(field.provenance.original)["name"] == "analysed_sst" else []
    assert len(fields) == 32
    assert (fields[0].units, fields[0].grid.shape) == ("K", (101, 101))
    assert 285 < fields[0].raw_min < fields[0].raw_max < 300  # °K over the Azores in January
