"""Told to end, a process ends: whatever the database does, and however often it is told."""

import asyncio
import signal
import sys

import pytest

from tests.database import dropped
from warning.store.database import Database
from warning.store.jobs import Jobs

CLOSING = """
import asyncio
from warning.cli.options import run

async def main():
    try:
        print("open", flush=True)
        await asyncio.Event().wait()
    finally:
        print("closing", flush=True)
        await asyncio.sleep(0.5)
        print("closed", flush=True)

run(main())
"""


async def test_a_worker_that_is_told_to_end_while_its_database_goes_away_ends(server_url: str, database_url: str) -> None:
    under_way, go_on = asyncio.Event(), asyncio.Event()

    async def send(_: int) -> None:
        under_way.set()
        await go_on.wait()

    async def never(_: object) -> None:
        raise AssertionError

    database, jobs = Database(database_url), Jobs(database_url)
    jobs.register(expand=never, send=send, crowd=never)
    await jobs.open()
    try:
        async with database.begin() as connection:
            await jobs.defer_send(connection, 1, priority=0)
        worker = asyncio.create_task(jobs.work(concurrency=1, name="worker", grace_s=0.5))
        await asyncio.wait_for(under_way.wait(), 60)
        worker.cancel()
        await asyncio.to_thread(dropped, server_url, database_url)
        go_on.set()  # how the job ended cannot be written down any more
        done, _ = await asyncio.wait([worker], timeout=60)
        assert done == {worker}
        assert worker.cancelled()
    finally:
        await jobs.close()
        await database.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_second_signal_does_not_cut_short_the_closing_that_the_first_began(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CLOSING, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        said = [await asyncio.wait_for(process.stdout.readline(), 60)]
        process.send_signal(number)
        said.append(await asyncio.wait_for(process.stdout.readline(), 60))
        process.send_signal(number)  # a machine that is late by half a second proves nothing, and fails nothing
        said.append(await asyncio.wait_for(process.stdout.readline(), 60))
        assert said == [b"open\n", b"closing\n", b"closed\n"]
        assert await asyncio.wait_for(process.wait(), 60) == 1  # typer.Exit(130), for no command line is around it
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
