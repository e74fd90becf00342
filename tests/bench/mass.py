"""Mass lane: residents of one district, from the signature to accepted over SMPP, outcomes durable, everything on one machine."""

import asyncio
import time

import procrastinate

from tests.bench.city import city
from tests.bench.lane import sent
from tests.bench.measure import Effort, Goal, Row, Timing, rows


def run(effort: Effort) -> list[Row]:
    """One process works, the SMS centre and PostgreSQL beside it on the same cores."""
    return asyncio.run(_run(effort.pick(full=1_000_000, quick=20_000), effort.pick(full=2_000, quick=500)))


async def _run(people: int, tasks: int) -> list[Row]:
    async with city() as here:
        registered = await here.residents(people)
        async with here.worker() as worker:
            one = await sent(here, worker, people)
        each = await _task_per_message(str(here.parts.database.url), tasks)
    return rows(
        f"mass lane, {people:,} residents over SMPP", "messages/s",
        [Timing(subject="signature → accepted, durable", value=people / one.took_s,
                note=f"worker {one.worker_us:.0f} µs CPU a message, {one.memory / 2**20:.0f} MiB at most; one of our processes, not several")],
        [Timing(subject="procrastinate, a task a message", value=each, note=f"{tasks} tasks that do nothing")], goal=Goal(value=20_000),
    ) + rows("mass lane, whom to tell", "people/s", [
        Timing(subject="muster in batches", value=people / one.muster_s, note="while the first batches are sent already"),
        Timing(subject="registration", value=people / registered, note="one statement, with the person kept by the trigger")]
    ) + rows("mass lane, cost of a message", "µs CPU", [
        Timing(subject="worker", value=one.worker_us), Timing(subject="PostgreSQL", value=one.database_us),
        Timing(subject="SMS centre of the drill", value=one.centre_us)]
    ) + rows("mass lane, what the database writes", "bytes/message", [
        Timing(subject="write-ahead log", value=one.log_bytes, note=f"{1000 * one.transactions:.1f} transactions for 1,000 messages")])


async def _task_per_message(url: str, count: int) -> float:
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    done = 0

    @app.task(name="bench.nothing", queue="bench")
    async def nothing() -> None:
        nonlocal done
        done += 1

    async with app.open_async():
        await nothing.batch_defer_async(*({} for _ in range(count)))
        started = time.perf_counter()
        await app.run_worker_async(queues=["bench"], concurrency=20, wait=False, install_signal_handlers=False, delete_jobs="successful")
        took = time.perf_counter() - started
    if done < count:
        raise AssertionError(f"{done} of {count} tasks ran")
    return count / took
