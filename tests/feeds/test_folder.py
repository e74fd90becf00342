"""A watched folder: every file once, when it has come to rest."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from feeds.errors import SourceUnavailable
from feeds.folder import Options, Source
from feeds.payload import Payload

NOON = datetime(2024, 9, 19, 12, tzinfo=UTC)


class Hand:
    """Moves the clock by one poll at each sleep, does what the test put down for that poll, and stops after the last."""

    def __init__(self, *acts: Callable[[], object]) -> None:
        self.at = NOON
        self.acts = list(acts)

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        if not self.acts:
            raise asyncio.CancelledError
        self.acts.pop(0)()


def nothing() -> None:
    pass


async def collect(payloads: AsyncIterator[Payload]) -> list[Payload]:
    got = []
    try:
        async for payload in payloads:
            got.append(payload)
    except asyncio.CancelledError:
        return got
    return got


async def names(options: Options, hand: Hand, **more: Any) -> list[str]:
    source = Source(options, name="local", now=hand.now, sleep=hand.sleep, **more)
    return [payload.path.name for payload in await collect(source.payloads())]


async def test_a_file_is_handed_on_once_when_it_stands_still(tmp_path: Path) -> None:
    (tmp_path / "rain_20240919T1600Z.bin").write_bytes(b"abc")
    hand = Hand(nothing, nothing, nothing)
    source = Source(Options(path=tmp_path, poll_s=2, settle_s=2), name="local", now=hand.now, sleep=hand.sleep)
    (payload,) = await collect(source.payloads())
    assert payload == Payload(
        source="local", path=tmp_path / "rain_20240919T1600Z.bin", fetched_at=NOON + timedelta(seconds=2),
        checksum=hashlib.sha256(b"abc").hexdigest(), run_time=datetime(2024, 9, 19, 16, tzinfo=UTC),
    )  # fmt: skip


async def test_a_file_that_grows_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"a")
    hand = Hand(lambda: path.write_bytes(b"ab"), lambda: path.write_bytes(b"abc"), nothing, nothing)
    source = Source(Options(path=tmp_path, poll_s=2, settle_s=3), name="local", now=hand.now, sleep=hand.sleep)
    (payload,) = await collect(source.payloads())
    assert payload.checksum == hashlib.sha256(b"abc").hexdigest()
    assert payload.fetched_at == NOON + timedelta(seconds=8)  # last change seen at +4, at rest at +8


async def test_unfinished_names_and_dotfiles_are_passed_over_until_they_are_renamed(tmp_path: Path) -> None:
    for name in ("a.nc.part", ".a.nc", "b.nc.tmp", "c.nc.filepart"):
        (tmp_path / name).write_bytes(b"x")
    hand = Hand(nothing, lambda: (tmp_path / "a.nc.part").rename(tmp_path / "a.nc"), nothing, nothing)
    assert await names(Options(path=tmp_path, poll_s=2), hand) == ["a.nc"]


async def test_a_changed_file_of_the_same_name_comes_again_and_a_touched_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    path.write_bytes(b"one")
    hand = Hand(lambda: path.write_bytes(b"two!"), path.touch, nothing)
    assert await names(Options(path=tmp_path, settle_s=0), hand) == ["a.nc", "a.nc"]


async def test_what_the_ledger_has_seen_is_not_handed_on_after_a_restart(tmp_path: Path) -> None:
    (tmp_path / "old.nc").write_bytes(b"old")
    (tmp_path / "new.nc").write_bytes(b"new")
    seen = {("old.nc", hashlib.sha256(b"old").hexdigest())}
    assert await names(Options(path=tmp_path, settle_s=0), Hand(), seen=seen) == ["new.nc"]


async def test_only_names_of_the_pattern_are_wanted_and_folders_never(tmp_path: Path) -> None:
    (tmp_path / "a.nc").write_bytes(b"a")
    (tmp_path / "a.txt").write_bytes(b"a")
    (tmp_path / "b.nc").mkdir()
    assert await names(Options(path=tmp_path, pattern="*.nc", settle_s=0), Hand()) == ["a.nc"]


async def test_a_file_that_goes_before_it_is_read_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    path.write_bytes(b"a")
    assert await names(Options(path=tmp_path, poll_s=2, settle_s=2), Hand(path.unlink, nothing)) == []


async def test_the_digits_of_the_name_are_in_the_time_zone_that_is_set(tmp_path: Path) -> None:
    (tmp_path / "Z_NWGD_C_BABJ_20240919061500_P_RFFC_SCMOC-TMP_202409191400_24003.bin").write_bytes(b"a")
    options = Options(path=tmp_path, settle_s=0, time_pattern=r"_(\d{12})_", time_zone="Asia/Shanghai")
    hand = Hand()
    (payload,) = await collect(Source(options, name="local", now=hand.now, sleep=hand.sleep).payloads())
    assert payload.run_time == datetime(2024, 9, 19, 6, tzinfo=UTC)


async def test_a_folder_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="source 'local': folder .*gone cannot be read .*create it or mount it") as caught:
        await names(Options(path=tmp_path / "gone"), Hand())
    assert caught.value.retry


@pytest.mark.parametrize(("option", "value", "sentence"), [
    ("poll_s", 0, "greater than 0"), ("settle_s", -1, "greater than or equal to 0"), ("time_pattern", "(", "is no regular expression"),
    ("time_pattern", r"\d+", "has no group"), ("time_zone", "Mars/Olympus", "no time zone 'Mars/Olympus'"), ("folder", "x", "Extra inputs"),
])  # fmt: skip
def test_a_wrong_option_is_refused_in_words(option: str, value: object, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Options.model_validate({"path": ".", option: value})
