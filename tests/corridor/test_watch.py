"""Bad, stale and partial data at the watch desk: refused with a next step, or unknown; never "no hazard", and nothing is lost."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import feeds  # noqa: F401  # before ecCodes: it keeps that wheel's libraries to themselves

# isort: split
import eccodes
import pytest
from shapely.geometry import shape

from feeds.payload import Payload
from tests.corridor.conftest import Corridor
from tests.corridor.rain import payload_of, rain_file
from warning.app import opened
from warning.settings import load_settings
from warning.store.drill import DrillClock

PUDONG = (121.60, 31.00, 121.72, 31.15)
JINSHAN = (121.20, 30.75, 121.30, 30.85)
# A grid that ends north of Jinshan.
NORTH_EAST = (121.40, 30.98, 122.10, 31.45)


def truncated_grib(folder: Path, corridor: Corridor) -> Payload:
    handle = eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib2")
    whole = eccodes.codes_get_message(handle)
    eccodes.codes_release(handle)
    path = folder / "cut.grib2"
    path.write_bytes(whole[: len(whole) // 2])
    return payload_of(path, corridor.now)


def without_units(folder: Path, corridor: Corridor) -> Payload:
    return rain_file(folder, corridor.now, {PUDONG: 20.0}, units="")


def stale(folder: Path, corridor: Corridor) -> Payload:
    return rain_file(folder, corridor.now - timedelta(hours=3), {PUDONG: 20.0})


def of_the_future(folder: Path, corridor: Corridor) -> Payload:
    return rain_file(folder, corridor.now + timedelta(hours=8), {PUDONG: 20.0})


def empty(folder: Path, corridor: Corridor) -> Payload:
    path = folder / "empty.nc"
    path.write_bytes(b"")
    return payload_of(path, corridor.now)


async def notices(corridor: Corridor) -> list[dict[str, Any]]:
    return await corridor.rows("SELECT * FROM notice")


@pytest.mark.parametrize(("make", "said"), [
    (truncated_grib, "cut"), (without_units, "unit"), (stale, "3 h 0 min old, 1 h 0 min is allowed"),
    (of_the_future, "8 h 0 min ahead of the clock: most likely Beijing time taken for UTC"), (empty, "empty.nc"),
])  # fmt: skip
async def test_a_file_that_cannot_be_used_is_refused_with_the_reason_and_a_next_step(
    corridor: Corridor, make: Any, said: str
) -> None:
    assert await corridor.parts.watch.take(make(corridor.folder, corridor)) == []
    [payload] = await corridor.rows("SELECT state, detail FROM payload")
    assert payload["state"] == "refused"
    assert said in payload["detail"]
    [notice] = await notices(corridor)
    assert notice["text"] == payload["detail"]
    assert notice["next_step"]
    assert notice["cleared_at"] is None
    assert await corridor.rows("SELECT * FROM proposal") == []
    assert await corridor.rows("SELECT * FROM watch_memory") == []


async def test_the_next_good_file_of_the_source_clears_the_notice(corridor: Corridor) -> None:
    await corridor.parts.watch.take(empty(corridor.folder, corridor))
    await corridor.rain({})
    [notice] = await notices(corridor)
    assert notice["cleared_at"] is not None


async def test_the_same_payload_twice_counts_once(corridor: Corridor) -> None:
    payload = rain_file(corridor.folder, corridor.now, {PUDONG: 10.0})  # 60 mm in an hour: yellow, asked after two cycles
    assert await corridor.parts.watch.take(payload) == []
    assert await corridor.parts.watch.take(payload) == []
    assert await corridor.proposals("310115") == []
    assert len(await corridor.rows("SELECT * FROM payload")) == 1
    assert await lows(corridor, "310115") == [2]
    await corridor.next_cycle()
    assert len(await corridor.rain({PUDONG: 10.0})) == 1
    assert await lows(corridor, "310115") == [2, 2]


async def test_a_grid_that_does_not_cover_a_district_says_nothing_of_it(corridor: Corridor) -> None:
    await corridor.rain({JINSHAN: 20.0})
    [red] = await corridor.proposals("310116")
    await corridor.sign(red["id"])
    known = await track(corridor, "310116", "known")
    for _ in range(7):  # a warning is lifted after six cycles that are known to be dry
        await corridor.next_cycle()
        await corridor.rain({}, extent=NORTH_EAST, dry_hours=6, ahead_hours=6)
    assert [p["action"] for p in await corridor.proposals("310116")] == ["new"]
    assert await track(corridor, "310116", "known") == known == [4]
    assert await track(corridor, "310106", "known") == [0] * 6  # Jing'an lies inside the grid
    # Runs that do cover it, and know of the six hours before and after: after six cycles the end is proposed.
    for _ in range(6):
        await corridor.next_cycle()
        await corridor.rain({}, dry_hours=6, ahead_hours=6)
    assert [p["action"] for p in await corridor.proposals("310116")] == ["new", "cancel"]


async def test_a_forecast_that_ends_before_the_lead_proposes_no_end_and_says_until_when_it_is_known(corridor: Corridor) -> None:
    await corridor.rain({JINSHAN: 20.0}, dry_hours=6)
    [red] = await corridor.proposals("310116")
    [evidence] = red["body"]["evidence"]
    # Two hours of nowcast, and a rule that asks six hours ahead.
    at = corridor.now
    assert datetime.fromisoformat(evidence["known_until"]) == at + timedelta(hours=2)
    assert datetime.fromisoformat(evidence["asked_until"]) == at + timedelta(hours=6)
    await corridor.sign(red["id"])
    for _ in range(7):
        await corridor.next_cycle()
        await corridor.rain({}, dry_hours=6)
    assert [p["action"] for p in await corridor.proposals("310116")] == ["new"]
    assert await track(corridor, "310116", "known") == [4]


async def test_a_new_grid_is_measured_at_once_although_the_window_still_holds_the_old_one(corridor: Corridor) -> None:
    await corridor.rain({}, extent=NORTH_EAST)
    await corridor.next_cycle()
    await corridor.rain({PUDONG: 20.0})
    [red] = await corridor.proposals("310115")
    assert red["level"] == 4
    # Its cells are numbered on the new grid: the polygon lies round the box, half a cell and a hair wider.
    assert shape(red["polygon"]).bounds == pytest.approx((121.595, 30.995, 121.725, 31.155), abs=0.001)


async def test_a_restarted_desk_reads_its_window_again_and_proposes_the_same(corridor: Corridor) -> None:
    for mm in (0.0, 20.0, 20.0, 20.0, 20.0):
        await corridor.rain({}, observed={PUDONG: mm}, extent=NORTH_EAST)
        await corridor.next_cycle()
    # 80 mm in the last hour were seen by the desk that stopped; the fifth 20 mm make 100.
    async with opened(load_settings(corridor.settings_file), channels=False) as restarted:
        assert isinstance(restarted.clock, DrillClock)
        await corridor.rain({}, observed={PUDONG: 20.0}, extent=NORTH_EAST, desk=restarted.watch)
    newest = (await corridor.proposals("310115"))[-1]
    [evidence] = newest["body"]["evidence"]
    assert (newest["level"], evidence["peak"], evidence["observed"]) == (4, 100.0, True)


async def test_a_restarted_desk_forgets_an_old_forecast_when_the_new_run_is_dry(corridor: Corridor) -> None:
    await corridor.rain({PUDONG: 20.0}, extent=NORTH_EAST)
    assert [p["status"] for p in await corridor.proposals("310115")] == ["open"]
    await corridor.next_cycle()
    async with opened(load_settings(corridor.settings_file), channels=False) as restarted:
        await corridor.rain({}, extent=NORTH_EAST, desk=restarted.watch)
    assert [p["status"] for p in await corridor.proposals("310115")] == ["superseded"]
    assert (await lows(corridor, "310115"))[-1] == 0


async def track(corridor: Corridor, zone: str, key: str) -> list[int]:
    """What the desk remembers of rainstorms in a zone."""
    [row] = await corridor.rows("SELECT memory FROM watch_memory WHERE issuer = :z", z=zone)
    memory = row["memory"] if isinstance(row["memory"], dict) else json.loads(row["memory"])
    [found] = [t for t in memory["tracks"] if (t["hazard"], t["zone"]) == ("rainstorm", zone)]
    return list(found[key])


async def lows(corridor: Corridor, zone: str) -> list[int]:
    return await track(corridor, zone, "lows")
