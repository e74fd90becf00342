"""A feed that falls silent is told to the operators, and taken back when it is heard again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import netCDF4
import pytest

from feeds.payload import Arrears
from tests.corridor.conftest import Corridor, opened_corridor
from tests.corridor.rain import payload_of, rain_file
from warning.cli.serve import tell_arrears
from warning.store.feeds import FeedStore
from warning.watch.promise import FeedState, Promise

QUARTER = timedelta(minutes=15)


@pytest.fixture
async def watched(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[Corridor, FeedStore]]:
    """A corridor and its feed ``nowcast``, which has promised something every quarter of an hour."""
    async with AsyncExitStack() as stack:
        corridor = await opened_corridor(database_url, tmp_path, stack, channels=False)
        yield corridor, FeedStore(corridor.parts.database, promises=[Promise(source="nowcast", kind="folder", every=QUARTER)])


async def notices(corridor: Corridor) -> list[tuple[str, bool]]:
    rows = await corridor.rows("SELECT key, cleared_at FROM notice ORDER BY key")
    return [(row["key"], row["cleared_at"] is None) for row in rows]


async def test_silence_raises_one_notice_and_data_take_it_back(watched: tuple[Corridor, FeedStore]) -> None:
    corridor, feeds = watched
    await feeds.began("nowcast", now=corridor.now)
    await corridor.move(QUARTER)
    await feeds.hear(now=corridor.now)
    assert await notices(corridor) == []  # the promise is just kept
    await corridor.move(timedelta(minutes=1))
    for _ in range(2):
        await feeds.hear(now=corridor.now)
    assert await notices(corridor) == [("silent nowcast", True)]
    (row,) = await corridor.rows("SELECT text, next_step, at FROM notice")
    assert "nothing usable yet, for 16 min (promised every 15 min)" in row["text"]
    assert "no proposal does not mean no hazard" in row["next_step"]
    await corridor.rain({})
    await feeds.hear(now=corridor.now)
    assert await notices(corridor) == [("silent nowcast", False)]
    await corridor.move(QUARTER + timedelta(minutes=1))
    await feeds.hear(now=corridor.now)
    assert await notices(corridor) == [("silent nowcast", True)]  # and again, with the time of the new silence
    (again,) = await corridor.rows("SELECT at FROM notice")
    assert again["at"] == corridor.now


async def test_files_that_are_refused_do_not_keep_the_promise(watched: tuple[Corridor, FeedStore]) -> None:
    corridor, feeds = watched
    await feeds.began("nowcast", now=corridor.now)
    await corridor.move(QUARTER + timedelta(minutes=1))
    await corridor.parts.watch.take(rain_file(corridor.folder, corridor.now, {}, units=""))
    (standing,) = await feeds.standings(now=corridor.now)
    assert (standing.state, standing.fed_at) == (FeedState.SILENT, None)


async def test_a_fault_is_kept_until_the_feed_brings_something_again(watched: tuple[Corridor, FeedStore]) -> None:
    corridor, feeds = watched
    await feeds.began("nowcast", now=corridor.now)
    await feeds.failed("nowcast", "the server answers 401", now=corridor.now)
    await feeds.began("nowcast", now=corridor.now + timedelta(hours=1))  # a watch that begins again: neither since nor fault change
    (standing,) = await feeds.standings(now=corridor.now)
    assert (standing.since, standing.fault) == (corridor.now, "the server answers 401")
    await corridor.move(timedelta(minutes=1))
    await corridor.rain({})
    (standing,) = await feeds.standings(now=corridor.now)
    assert (standing.state, standing.fault, standing.fed_at, standing.data_at) == (FeedState.FRESH, "", corridor.now, corridor.now)


async def test_a_payload_whose_name_tells_no_time_gets_the_time_of_its_data(watched: tuple[Corridor, FeedStore]) -> None:
    corridor, feeds = watched
    payload = rain_file(corridor.folder, corridor.now, {})
    await corridor.execute("INSERT INTO payload (id, source, path, checksum, fetched_at, state) VALUES "
                           "(gen_random_uuid(), 'nowcast', :p, :c, :at, 'received')",
                           p=str(payload.path), c=payload.checksum, at=corridor.now)  # it came, and the process died before it was read
    await corridor.parts.watch.take(payload)
    (standing,) = await feeds.standings(now=corridor.now)
    assert standing.data_at == corridor.now


async def test_what_could_not_be_read_of_a_file_is_told_until_a_whole_one_comes(watched: tuple[Corridor, FeedStore]) -> None:
    corridor, _ = watched
    payload = rain_file(corridor.folder, corridor.now, {})
    with netCDF4.Dataset(payload.path, "a") as file:
        file.createVariable("t2m", "f4", ("lead", "lat", "lon"))[...] = 20.0  # of no unit
    await corridor.parts.watch.take(payload_of(payload.path, corridor.now))
    assert await notices(corridor) == [("partly nowcast", True)]
    (row,) = await corridor.rows("SELECT text, next_step FROM notice")
    assert "a file of feed nowcast was read in part: variable 't2m' (air_temperature) has no units" in row["text"]
    assert "what was not read is unknown" in row["next_step"]
    await corridor.next_cycle()
    await corridor.rain({})
    assert await notices(corridor) == [("partly nowcast", False)]


async def test_data_that_were_announced_and_cannot_be_had_are_told_until_they_are_here(watched: tuple[Corridor, FeedStore]) -> None:
    corridor, _ = watched

    class Source:
        arrears = Arrears(owed=2, lost=1, why="https://cache.example/a answers 503")

    async def told(*expected: tuple[str, bool]) -> None:
        for _ in range(1500):
            if await notices(corridor) == list(expected):
                return
            await asyncio.sleep(0.02)
        assert await notices(corridor) == list(expected)

    telling = asyncio.create_task(tell_arrears(corridor.parts, "wis2", Source(), every_s=0.02))
    await told(("owed wis2", True))
    (row,) = await corridor.rows("SELECT text, next_step FROM notice")
    assert row["text"] == ("资料源 wis2：2 份已公告的资料尚未取到，另有 1 份已放弃 / feed wis2: 2 announced data could not be had yet, 1 more were given up: "
                           "https://cache.example/a answers 503")
    assert "no proposal does not mean no hazard" in row["next_step"]
    Source.arrears = Arrears()
    await told(("owed wis2", False))
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)
