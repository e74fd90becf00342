"""Replay: a recorded folder in the order of its runs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from feeds.errors import FeedError, SourceUnavailable
from feeds.replay import Options, Source

NOON = datetime(2024, 9, 19, 12, tzinfo=UTC)


def now() -> datetime:
    return NOON


async def names(options: Options) -> list[str]:
    return [payload.path.name async for payload in Source(options, name="drill", now=now).payloads()]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    for name in ("b_202409191210.bin", "a_202409191220.bin", "c_202409191200.bin", ".hidden_202409191200"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


async def test_payloads_come_in_order_of_run_time_and_end(recording: Path) -> None:
    payloads = [payload async for payload in Source(Options(folder=recording), name="drill", now=now).payloads()]
    assert [payload.path.name[0] for payload in payloads] == ["c", "b", "a"]
    assert [payload.run_time for payload in payloads] == [NOON, NOON + timedelta(minutes=10), NOON + timedelta(minutes=20)]
    assert {payload.fetched_at for payload in payloads} == {NOON}
    assert len({payload.checksum for payload in payloads}) == 3


async def test_start_and_end_are_both_included(recording: Path) -> None:
    options = Options(folder=recording, start=NOON + timedelta(minutes=10), end=NOON + timedelta(minutes=20))
    assert await names(options) == ["b_202409191210.bin", "a_202409191220.bin"]


async def test_runs_of_one_time_come_by_name(tmp_path: Path) -> None:
    for name in ("2024091912_wind.bin", "2024091912_rain.bin"):
        (tmp_path / name).write_bytes(b"x")
    assert await names(Options(folder=tmp_path)) == ["2024091912_rain.bin", "2024091912_wind.bin"]


async def test_the_content_tells_the_time_when_it_can_be_read(tmp_path: Path, write_grib: Callable[..., Path], grib_field: Any) -> None:
    write_grib("late_2024091900.grib2", grib_field([0.0] * 6, {"dataTime": 1800}))
    write_grib("early_2024091923.grib2", grib_field([0.0] * 6, {"dataTime": 600}))
    assert await names(Options(folder=tmp_path)) == ["early_2024091923.grib2", "late_2024091900.grib2"]


async def test_paced_it_waits_for_the_clock(recording: Path) -> None:
    at, slept = NOON - timedelta(minutes=1), []

    async def sleep(seconds: float) -> None:
        nonlocal at
        slept.append(seconds)
        at += timedelta(minutes=1)

    source = Source(Options(folder=recording, paced=True, poll_s=0.5), name="drill", now=lambda: at, sleep=sleep)
    assert [payload.fetched_at async for payload in source.payloads()] == [NOON + timedelta(minutes=m) for m in (0, 10, 20)]
    assert slept == [0.5] * 21


async def test_a_file_whose_time_nobody_can_tell_stops_the_replay_before_it_begins(recording: Path) -> None:
    (recording / "notes.txt").write_text("hello")
    with pytest.raises(FeedError, match=r"replay 'drill': neither name nor content of notes.txt tells its run time; set time_pattern"):
        await names(Options(folder=recording))
    assert len(await names(Options(folder=recording, pattern="*.bin"))) == 3


async def test_a_recording_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="name an existing one"):
        await names(Options(folder=tmp_path / "gone"))


def test_a_replay_cannot_end_before_it_starts(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="swap them"):
        Options(folder=tmp_path, start=NOON, end=NOON - timedelta(hours=1))
