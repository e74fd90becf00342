"""Two processes on one database: one watches, the other takes over when it dies."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg

from warning.store.turn import Turn

FIRST = """
import asyncio, sys
from warning.store.turn import Turn

async def act():
    print("watching", flush=True)
    await asyncio.Event().wait()

asyncio.run(Turn(sys.argv[1], look_s=0.05).hold(act))
"""


class Second:
    """Counts how often it began to watch, and tells when it does."""

    def __init__(self) -> None:
        self.began, self.ended = asyncio.Event(), asyncio.Event()
        self.times = 0

    async def act(self) -> None:
        self.times += 1
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()


@asynccontextmanager
async def held(url: str, second: Second) -> AsyncIterator[None]:
    task = asyncio.create_task(Turn(url, look_s=0.05).hold(second.act))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def waits(url: str) -> None:
    """Until the second has asked for the lock in vain at least once more."""
    async def asked() -> int:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            row = await (await connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_try_advisory_lock%' AND datname = current_database() "
                "AND state = 'idle'")).fetchone()
            return int(row[0]) if row else 0

    for _ in range(3000):
        if await asked():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the second never asked")


async def test_the_second_takes_over_when_the_first_is_killed(database_url: str) -> None:
    first = await asyncio.create_subprocess_exec(sys.executable, "-c", FIRST, database_url, stdout=asyncio.subprocess.PIPE)
    assert first.stdout is not None
    try:
        assert await asyncio.wait_for(first.stdout.readline(), 60) == b"watching\n"
        second = Second()
        async with held(database_url, second):
            await waits(database_url)
            assert second.times == 0
            os.kill(first.pid, signal.SIGKILL)
            await asyncio.wait_for(second.began.wait(), 60)
            assert second.times == 1
    finally:
        if first.returncode is None:
            first.kill()
        await first.communicate()


async def test_a_process_that_loses_its_connection_stops_watching_and_waits_its_turn_again(database_url: str) -> None:
    second = Second()
    async with held(database_url, second):
        await asyncio.wait_for(second.began.wait(), 60)
        second.began.clear()
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
            await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        await asyncio.wait_for(second.ended.wait(), 60)
        await asyncio.wait_for(second.began.wait(), 60)
        assert second.times == 2


async def test_what_ends_by_itself_gives_the_turn_back(database_url: str) -> None:
    done = []

    async def act() -> None:
        done.append(1)

    for _ in range(2):
        await asyncio.wait_for(Turn(database_url, look_s=0.05).hold(act), 60)
    assert done == [1, 1]
