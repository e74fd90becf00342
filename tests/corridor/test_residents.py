"""The resident index follows the registry on a real database, and a drawn warning finds the same people by it as without it."""

import asyncio
import shutil
from pathlib import Path
from typing import Literal

import pytest
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text

from tests.corridor.conftest import PLACES, Corridor
from tests.database import dropped, fresh
from warning.dispatch.subscribe import ResidentSubscription
from warning.store import residents
from warning.store.database import Database
from warning.store.dispatch import DispatchStore
from warning.store.residents import NoResidentIndex, ResidentIndex

EVERYWHERE = shapely.box(120, 30, 123, 32)
# The cells in which PLACES of the districts lie.
PUDONG, FENGXIAN = "c3115_12165", "c3090_12155"


def around(zone: str, by: float = 0.02) -> BaseGeometry:
    lat, lon = PLACES[zone]
    return shapely.Point(lon, lat).buffer(by)


async def both(corridor: Corridor, ground: BaseGeometry) -> list[str]:
    """The cells by the index; the database on its own must say the same."""
    found = await corridor.parts.residents.cells_inside(ground)
    alone = await DispatchStore(corridor.parts.database, corridor.parts.jobs).cells_inside(ground)
    assert found == sorted(alone)
    return found


async def test_registrations_stops_and_moves_are_in_the_next_answer(corridor: Corridor) -> None:
    assert await both(corridor, EVERYWHERE) == []
    await corridor.resident("8619900000001", "310115")
    assert await both(corridor, EVERYWHERE) == [PUDONG]
    await corridor.resident("8619900000002", "310120")
    assert await both(corridor, EVERYWHERE) == [FENGXIAN, PUDONG]
    assert await both(corridor, around("310120")) == [FENGXIAN]
    await corridor.parts.subscriptions.stop("sms", "8619900000001")
    assert await both(corridor, EVERYWHERE) == [FENGXIAN]
    await corridor.execute("UPDATE subscription SET cell = :c", c="c3100_12100")
    assert await both(corridor, EVERYWHERE) == ["c3100_12100"]
    await corridor.execute("DELETE FROM subscription")
    assert await both(corridor, EVERYWHERE) == []


async def test_who_wants_what_is_counted_by_lane_channel_and_level(corridor: Corridor) -> None:
    lanes: tuple[tuple[str, str, Literal["exercise", "actual"]], ...] = (
        ("8619900000001", "blue", "exercise"), ("8619900000002", "blue", "exercise"), ("8619900000003", "red", "exercise"),
        ("8619900000004", "red", "actual"))
    for number, level, lane in lanes:
        await corridor.resident(number, min_level=level, lane=lane)
    index = corridor.parts.residents
    found = await index.wishes(await index.inside(EVERYWHERE))
    assert sorted((wish.lane, wish.channel, wish.min_level, count) for wish, count in found) == [
        ("actual", "sms", 4, 1), ("exercise", "sms", 1, 2), ("exercise", "sms", 4, 1)]


async def test_what_another_transaction_commits_later_is_not_missed(corridor: Corridor) -> None:
    async with corridor.parts.database.begin() as slow:
        # Its place in the log is before the next one's, and it is committed after that has been read.
        await slow.execute(text(
            "INSERT INTO subscription (kind, lane, channel, address, cell, district) VALUES ('resident', 'exercise', 'sms', '1', :c, '310115')"),
            {"c": PUDONG})
        await corridor.resident("8619900000002", "310120")
        assert await both(corridor, EVERYWHERE) == [FENGXIAN]
    assert await both(corridor, EVERYWHERE) == [FENGXIAN, PUDONG]


async def test_a_lost_a_damaged_and_an_old_index_are_built_anew(corridor: Corridor) -> None:
    await corridor.resident("8619900000001", "310115")
    assert await both(corridor, EVERYWHERE) == [PUDONG]
    folder = corridor.parts.settings.data / "residents"
    shutil.rmtree(folder)
    assert await ResidentIndex(corridor.parts.database, folder).cells_inside(EVERYWHERE) == [PUDONG]
    (folder / "current").write_text("nonsense")
    assert await ResidentIndex(corridor.parts.database, folder).cells_inside(EVERYWHERE) == [PUDONG]
    # A week passes in which this folder is not looked at; what changed meanwhile is no longer in the log.
    await corridor.resident("8619900000002", "310120")
    await corridor.execute("UPDATE resident_change SET at = at - interval '8 days'")
    assert await ResidentIndex(corridor.parts.database, folder).prune() >= 1
    assert await ResidentIndex(corridor.parts.database, folder).cells_inside(EVERYWHERE) == [FENGXIAN, PUDONG]


async def test_an_index_of_a_database_that_was_restored_from_a_backup_is_built_anew(corridor: Corridor) -> None:
    await corridor.resident("8619900000001", "310115")
    # What a backup of this moment holds is put back after the index has followed further.
    await corridor.execute("CREATE TABLE kept_log AS SELECT * FROM resident_change")
    await corridor.execute("CREATE TABLE kept_people AS SELECT * FROM subscription")
    await corridor.resident("8619900000002", "310120")
    assert await both(corridor, EVERYWHERE) == [FENGXIAN, PUDONG]
    await corridor.execute("ALTER TABLE subscription DISABLE TRIGGER USER")
    await corridor.execute("DELETE FROM subscription WHERE id NOT IN (SELECT id FROM kept_people)")
    await corridor.execute("DELETE FROM resident_change WHERE id NOT IN (SELECT id FROM kept_log)")
    await corridor.execute("ALTER TABLE subscription ENABLE TRIGGER USER")
    assert await both(corridor, EVERYWHERE) == [PUDONG], "the same file set, by the same process"
    # The lost lines' numbers are given out again, for other people.
    await corridor.execute("SELECT setval(pg_get_serial_sequence('resident_change', 'id'), (SELECT max(id) FROM resident_change))")
    await corridor.resident("8619900000003", "310116")
    assert await both(corridor, EVERYWHERE) == ["c3080_12125", PUDONG]


async def test_an_index_of_another_database_is_built_anew(corridor: Corridor, server_url: str) -> None:
    await corridor.resident("8619900000001", "310115")
    assert await both(corridor, EVERYWHERE) == [PUDONG]
    folder = corridor.parts.settings.data / "residents"
    restored = fresh(server_url)
    other = Database(restored)
    try:
        async with other.begin() as connection:
            await connection.execute(text(
                "INSERT INTO subscription (kind, lane, channel, address, cell, district) VALUES ('resident', 'exercise', 'sms', '1', :c, '310120')"),
                {"c": FENGXIAN})
        assert await ResidentIndex(other, folder).cells_inside(EVERYWHERE) == [FENGXIAN]
    finally:
        await other.close()
        dropped(server_url, restored)


async def test_a_week_without_a_registration_builds_nothing_anew(corridor: Corridor) -> None:
    await corridor.resident("8619900000001", "310115")
    await corridor.execute("UPDATE resident_change SET at = at - interval '8 days'")
    assert await both(corridor, EVERYWHERE) == [PUDONG]
    folder = corridor.parts.settings.data / "residents"
    before = (folder / "current").read_text()
    await corridor.parts.residents.prune()
    assert await both(corridor, EVERYWHERE) == [PUDONG]
    assert (folder / "current").read_text() == before


async def test_thousands_registered_at_once_are_one_line_of_the_log(corridor: Corridor) -> None:
    assert await both(corridor, EVERYWHERE) == []
    [before] = await corridor.rows("SELECT count(*) AS lines FROM resident_change")
    await corridor.execute(
        "INSERT INTO subscription (kind, lane, channel, address, cell, district) "
        "SELECT 'resident', 'exercise', 'sms', n::text, 'c31' || lpad((n % 90)::text, 2, '0') || '_12150', '310115' FROM generate_series(1, 6000) n")
    assert await corridor.rows("SELECT count(*) AS lines FROM resident_change") == [{"lines": before["lines"] + 1}]
    found = await corridor.parts.residents.inside(EVERYWHERE)
    assert (found.count, len(await both(corridor, EVERYWHERE))) == (6000, 90)


async def test_two_processes_keep_one_folder(corridor: Corridor) -> None:
    folder = corridor.parts.settings.data / "residents"
    one, other = (ResidentIndex(corridor.parts.database, folder) for _ in range(2))
    await corridor.resident("8619900000001", "310115")
    assert list(await asyncio.gather(one.cells_inside(EVERYWHERE), other.cells_inside(EVERYWHERE))) == [[PUDONG], [PUDONG]]
    await corridor.resident("8619900000002", "310120")
    assert await other.cells_inside(EVERYWHERE) == [FENGXIAN, PUDONG]
    assert await one.cells_inside(EVERYWHERE) == [FENGXIAN, PUDONG]


async def test_a_drawn_warning_still_goes_out_when_the_index_cannot_be_kept(
    corridor: Corridor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await corridor.resident("8619900000001", "310115")
    monkeypatch.setattr(residents, "_TRIES", 2)
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    broken = ResidentIndex(corridor.parts.database, blocked)
    with pytest.raises(NoResidentIndex, match="file"):
        await broken.refresh()
    store = DispatchStore(corridor.parts.database, corridor.parts.jobs, broken)
    assert await store.cells_inside(around("310115")) == [PUDONG]


async def test_residents_register_by_the_open_door_and_are_found_by_their_cell(corridor: Corridor) -> None:
    await corridor.parts.subscriptions.resident(ResidentSubscription(channel="sms", address="8619900000009", lat=31.155, lon=121.655))
    assert await both(corridor, shapely.box(121.655, 31.155, 121.7, 31.2)) == [PUDONG]  # the middle itself: the edge counts
    assert await both(corridor, shapely.box(121.6551, 31.155, 121.7, 31.2)) == []
