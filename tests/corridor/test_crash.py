"""Power cuts: a worker is killed, the database restarts; nothing is lost, and what may have gone out twice says so."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from channels.wire.smsc import Faults
from tests.corridor.conftest import Corridor, opened_corridor, until, working
from warning.app import opened
from warning.settings import load_settings
from warning.store.server import EmbeddedServer

NUMBERS = [f"86139000001{n:02d}" for n in range(40)]


async def started_worker(corridor: Corridor) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "warning.cli", "work", "--config", str(corridor.settings_file),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)


async def test_kill_9_of_a_worker_in_the_middle_of_a_send_loses_nobody(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor = await opened_corridor(database_url, tmp_path, stack, channels=False)
        corridor.smsc.misbehave(Faults(slow_s=0.25))
        for number in NUMBERS:
            await corridor.resident(number)
        worker = await started_worker(corridor)
        alert = await corridor.warned()
        try:
            async def in_the_middle() -> bool:
                return corridor.smsc.received >= 90  # of 120 parts, three for each

            await until(in_the_middle, within_s=120)
            corridor.smsc.misbehave(Faults(mute=True))  # the rest stays under way

            async def mostly_settled() -> bool:
                states = [state for state, _ in (await corridor.states(alert)).values()]
                return states.count("delivered") >= 20

            await until(mostly_settled, within_s=120)
        finally:
            worker.kill()
            await worker.wait()
        states = await corridor.states(alert)
        assert "claimed" in {state for state, _ in states.values()}
        # A worker is called dead when its heart has not beaten for half a minute, and its batch is free after two: let that time be over.
        await corridor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
        await corridor.execute("UPDATE crowd SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL")
        corridor.smsc.misbehave(Faults())
        async with opened(load_settings(corridor.settings_file)) as second, working(second):

            async def drained() -> bool:
                await second.ledger.sweep()
                return await second.ledger.unfinished() == 0

            await until(drained, within_s=120)
        ends = await corridor.deliveries(alert)
        assert {end["state"] for end in ends.values()} <= {"accepted", "delivered"}
        times = {number: len(corridor.heard(number)) for number in NUMBERS}
        assert min(times.values()) >= 1
        twice = {number for number, heard in times.items() if heard > 1}
        marked = {number for number, end in ends.items() if end["maybe_twice"]}
        assert twice <= marked
        assert max(times.values()) <= 2
        # What the handsets had reported is settled; only what was under way, or not yet written down, goes out again.
        assert len(twice) <= 20


@pytest.fixture
async def own_server() -> AsyncIterator[EmbeddedServer]:
    """A server of this test alone, for it will be stopped."""
    folder = Path(tempfile.mkdtemp(prefix="xxs-", dir="/tmp"))
    server = EmbeddedServer(folder)
    yield server
    server.close()
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_restart_of_the_database_in_the_middle_loses_nothing(own_server: EmbeddedServer, tmp_path: Path) -> None:
    url = await asyncio.to_thread(own_server.open)
    async with AsyncExitStack() as stack:
        corridor = await opened_corridor(url, tmp_path, stack, lease_s=5.0)
        corridor.smsc.misbehave(Faults(slow_s=0.2))
        for number in NUMBERS:
            await corridor.resident(number)
        async with working(corridor.parts):
            alert = await corridor.warned()

            async def in_the_middle() -> bool:
                return corridor.smsc.received >= len(NUMBERS)

            await until(in_the_middle, within_s=120)
            await asyncio.to_thread(own_server.restart)
            corridor.smsc.misbehave(Faults())
            later = await corridor.warned(issuer="310115")

            async def drained() -> bool:
                await corridor.parts.ledger.sweep()
                return await corridor.parts.ledger.unfinished() == 0

            await until(drained, within_s=120)
        ends = await corridor.deliveries(alert)
        assert {end["state"] for end in ends.values()} <= {"accepted", "delivered"}
        assert {number: len(corridor.heard(number)) >= 1 for number in NUMBERS} == dict.fromkeys(NUMBERS, True)
        assert {number for number in NUMBERS if len(corridor.heard(number)) > 1} <= {n for n, end in ends.items() if end["maybe_twice"]}
        assert {state for state, _ in (await corridor.states(later)).values()} == {"muted"}


async def test_connections_that_the_database_cuts_are_made_anew(corridor: Corridor) -> None:
    for number in NUMBERS[:5]:
        await corridor.resident(number)
    async with working(corridor.parts):
        first = await corridor.warned()
        await corridor.drained()
        await corridor.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        second = await corridor.warned(action="cancel", replaces=first)
        await corridor.drained()
    assert {state for state, _ in (await corridor.states(second)).values()} <= {"accepted", "delivered"}
    assert {len(corridor.heard(number)) for number in NUMBERS[:5]} == {2}
