"""The database is cut, restarted and crashed in the middle of an alert; the same worker goes on by itself."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from channels.wire.smsc import Faults
from tests.chaos.brake import Brake, Step
from tests.chaos.reckoning import reckoned
from tests.chaos.successor import drained, missed, successor
from tests.corridor.conftest import Corridor, opened_corridor, until
from warning.store.server import EmbeddedServer

PEOPLE = [f"8613900000{n:03d}" for n in range(80)]
HAND = 50
STEPS = (
    Step(name="residents are being worked out", act="INSERT", table="crowd"),
    Step(name="residents' messages are claimed", act="UPDATE", table="crowd", when="OLD.tally[2] = 0 AND NEW.tally[2] > 0"),
    Step(name="what the channel said is written down", act="UPDATE", table="crowd", when="NEW.tally[3] > OLD.tally[3]"),
    Step(name="handsets report", act="UPDATE", table="crowd", when="NEW.tally[4] > OLD.tally[4]"),
)


@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_connections_cut_in_the_middle_of_a_step_are_made_anew_by_the_same_worker(city: Corridor, brake: Brake, step: Step) -> None:
    for number in PEOPLE:
        await city.resident(number)
    async with successor(city) as parts:
        await brake.on(step)
        alert = await city.warned()
        await brake.reached()
        await brake.cut()
        await brake.off(step)
        await missed(city)
        await drained(parts)
    found = await reckoned(city, alert, PEOPLE)
    assert found.silent == frozenset()
    assert len(found.marked) <= HAND


@pytest.fixture
async def own_server() -> AsyncIterator[EmbeddedServer]:
    """A server of this test alone, for it will be stopped."""
    folder = Path(tempfile.mkdtemp(prefix="xxs-", dir="/tmp"))
    server = EmbeddedServer(folder)
    yield server
    server.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("crash", [False, True], ids=["stopped and started", "power cut"])
async def test_a_database_that_goes_away_in_the_middle_has_forgotten_nothing_when_it_comes_back(
    own_server: EmbeddedServer, tmp_path: Path, *, crash: bool
) -> None:
    url = await asyncio.to_thread(own_server.open)
    async with AsyncExitStack() as stack:
        city = await opened_corridor(url, tmp_path, stack, channels=False)
        for number in PEOPLE:
            await city.resident(number)
        city.smsc.misbehave(Faults(slow_s=0.3))
        async with successor(city) as parts:
            alert = await city.warned()

            async def first_hand_is_out() -> bool:
                return city.smsc.received >= 3 * HAND

            await until(first_hand_is_out, within_s=120)
            await asyncio.to_thread(own_server.restart, crash=crash)
            city.smsc.misbehave(Faults())
            await missed(city)
            await drained(parts)
        found = await reckoned(city, alert, PEOPLE)
        assert found.silent == frozenset()
        assert len(found.marked) <= HAND
