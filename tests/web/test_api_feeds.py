"""The age of the data, wherever a decision is made."""

from datetime import timedelta
from pathlib import Path

from tests.web.conftest import World, opened_world
from warning.settings import FeedSettings

RADAR = FeedSettings.model_validate({"kind": "folder", "source": "radar", "options": {"path": "."}, "expect_every_s": 900})


async def fed(world: World, *, minutes_ago: float) -> None:
    """A payload fetched so many minutes ago, with a run of ten minutes before that."""
    at = world.now - timedelta(minutes=minutes_ago)
    await world.execute("INSERT INTO payload (id, source, path, checksum, run_time, fetched_at, state) VALUES "
                        "(gen_random_uuid(), 'radar', 'a.nc', md5(random()::text), :run, :at, 'watched')",
                        {"run": at - timedelta(minutes=10), "at": at})


async def test_each_feed_with_its_promise_and_age(database_url: str, tmp_path: Path) -> None:
    async with opened_world(database_url, tmp_path, feeds=(RADAR,)) as world:
        await fed(world, minutes_ago=5)
        (radar,) = (await world.get("/api/feeds", "wang")).json()
        assert (radar["source"], radar["kind"], radar["state"], radar["expect_every_s"]) == ("radar", "folder", "fresh", 900.0)
        assert (radar["fed_age_s"], radar["data_age_s"], radar["text"]) == (300.0, 900.0, "")
        assert (await world.get("/api/health")).json()["feeds"] == [{"source": "radar", "state": "fresh", "data_age_s": 900.0}]


async def test_a_silent_feed_says_what_to_do(database_url: str, tmp_path: Path) -> None:
    async with opened_world(database_url, tmp_path, feeds=(RADAR,)) as world:
        await fed(world, minutes_ago=20)
        (radar,) = (await world.get("/api/feeds", "wang")).json()
        assert radar["state"] == "silent"
        assert "has brought nothing usable for 20 min (promised every 15 min)" in radar["text"]
        assert "call the provider" in radar["next_step"]


async def test_a_proposal_tells_how_old_its_data_are(world: World) -> None:
    await world.proposed()
    await world.move(timedelta(minutes=7))
    (proposal,) = (await world.get("/api/proposals", "wang")).json()
    assert proposal["data_age_s"] == 780.0  # the data were six minutes old when it was proposed
