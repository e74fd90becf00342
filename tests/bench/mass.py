"""Mass lane: residents of one district, from the signature to accepted over SMPP, outcomes durable, everything on one machine."""

import asyncio
import time

import procrastinate

from tests.bench.city import City, city, cpu_s
from tests.bench.measure import Effort, Goal, Row, Timing, rows
from warning.level import Level


def run(effort: Effort) -> list[Row]:
    """One process works, the SMS centre and PostgreSQL beside it on the same cores."""
    return asyncio.run(_run(effort.pick(full=1_000_000, quick=20_000), effort.pick(full=2_000, quick=500)))


async def _run(people: int, tasks: int) -> list[Row]:
    async with city() as here:
        registered = await here.residents(people)
        async with here.worker() as worker:
            identifier, signed = await here.warned(Level.BLUE)
            cpu, server = cpu_s(worker), cpu_s(here.postgres)
            work = await _work(here)
            flat = 0

            async def expanded() -> bool:
                return await here.one("SELECT count(*) FROM alert WHERE expanded_at IS NULL") == 0

            await here.until(expanded, within_s=300)
            muster = time.perf_counter() - signed

            async def accepted() -> bool:
                nonlocal flat
                flat = max(flat, worker.memory_info().rss)
                return await here.one(
                    "SELECT coalesce(sum(tally[3] + tally[4]), 0) FROM crowd WHERE identifier = :i", i=identifier) >= people

            await here.until(accepted, within_s=600, every_s=0.2)
            took = time.perf_counter() - signed
            cpu, server = cpu_s(worker) - cpu, cpu_s(here.postgres) - server
            work = [after - before for before, after in zip(work, await _work(here), strict=True)]
        each = await _task_per_message(str(here.parts.database.url), tasks)
    return rows(
        f"mass lane, {people:,} residents over SMPP", "messages/s",
        [Timing(subject="signature → accepted, durable", value=people / took,
                note=f"worker {1e6 * cpu / people:.0f} µs CPU a message, {flat / 2**20:.0f} MiB at most; one of our processes, not several")],
        [Timing(subject="procrastinate, a task a message", value=each, note=f"{tasks} tasks that do nothing")], goal=Goal(value=20_000),
    ) + rows("mass lane, whom to tell", "people/s", [
        Timing(subject="muster in batches", value=people / muster, note="while the first batches are sent already"),
        Timing(subject="registration", value=people / registered, note="one statement, with the person kept by the trigger")]
    ) + rows("mass lane, cost of a message", "µs CPU", [
        Timing(subject="worker", value=1e6 * cpu / people), Timing(subject="PostgreSQL", value=1e6 * server / people)]
    ) + rows("mass lane, what the database writes", "bytes/message", [
        Timing(subject="write-ahead log", value=work[0] / people, note=f"{1000 * work[1] / people:.1f} transactions for 1,000 messages")])


async def _work(here: City) -> list[float]:
    """Bytes of the write-ahead log, and transactions."""
    return [await here.one("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"),
            await here.one("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")]


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
