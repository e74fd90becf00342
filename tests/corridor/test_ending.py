"""Told to end, a process ends: whatever the database does, and however often it is told."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from tests.corridor.conftest import until
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


@asynccontextmanager
async def at_work(url: str, done: asyncio.Event) -> AsyncIterator[tuple[Database, Jobs]]:
    """A worker whose one kind of job says that it is done."""

    async def send(_: int) -> None:
        done.set()

    async def never(_: object) -> None:
        raise AssertionError

    database, jobs = Database(url), Jobs(url)
    jobs.register(expand=never, send=send, crowd=never)
    await jobs.open()
    worker = asyncio.create_task(jobs.work(concurrency=1, name="worker", heartbeat_s=0.1))
    try:
        yield database, jobs
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        await jobs.close()
        await database.close()


async def works(database: Database, jobs: Jobs, done: asyncio.Event) -> None:
    async with database.begin() as connection:
        await jobs.defer_send(connection, 1, priority=0)
    await asyncio.wait_for(done.wait(), 60)


async def test_a_worker_that_procrastinate_stops_by_itself_begins_again(database_url: str) -> None:
    done = asyncio.Event()
    async with at_work(database_url, done) as (database, jobs):

        async def began() -> bool:
            return jobs._worker is not None and jobs._worker.worker_id is not None

        async def begins_again() -> bool:
            return any(one["event"] == "the worker stopped by itself and begins again" for one in said)

        await until(began, within_s=60)
        with capture_logs() as said:
            assert jobs._worker is not None
            jobs._worker.stop()  # type: ignore[no-untyped-call]  # procrastinate has left its types out
            await until(begins_again, within_s=60)
        await works(database, jobs, done)


async def test_a_worker_whose_heartbeat_has_failed_beats_on_when_the_database_takes_it_again(database_url: str) -> None:
    done = asyncio.Event()
    async with at_work(database_url, done) as (database, jobs):

        async def has_failed() -> bool:
            return [one["event"] for one in said].count("a heartbeat waits for the database") >= 5

        async def beats() -> bool:
            async with database.begin() as connection:
                return bool(await connection.scalar(text("SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'")))

        with capture_logs() as said:
            async with database.begin() as connection:
                await connection.execute(text("ALTER FUNCTION procrastinate_update_heartbeat_v1 RENAME TO heartbeat_is_away"))
            await until(has_failed, within_s=60)
            async with database.begin() as connection:
                await connection.execute(text("ALTER FUNCTION heartbeat_is_away RENAME TO procrastinate_update_heartbeat_v1"))
                await connection.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"))
        await until(beats, within_s=60)
        await works(database, jobs, done)


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
