"""The worker that comes after: what a dead one left is brought to its end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.corridor.conftest import Corridor, until, working
from warning.app import opened
from warning.clock import Clock
from warning.parts import Parts
from warning.settings import load_settings


@asynccontextmanager
async def successor(city: Corridor, *, machine: Clock | None = None) -> AsyncIterator[Parts]:
    async with opened(load_settings(city.settings_file), machine=machine) as parts, working(parts):
        yield parts


async def missed(city: Corridor) -> None:
    """The time after which a dead worker is missed has passed."""
    await city.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    await city.execute("UPDATE crowd SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL")
    await city.execute("UPDATE delivery SET lease_until = clock_timestamp() WHERE lease_until IS NOT NULL")
    await city.execute("UPDATE alert SET real_at = real_at - interval '1 minute'")


async def rest(city: Corridor) -> None:
    """Some time later another worker works until nothing is owed."""
    await missed(city)
    async with successor(city) as parts:
        await drained(parts)


async def drained(parts: Parts, *, within_s: float = 120.0) -> None:
    async def nothing_owed() -> bool:
        await parts.ledger.sweep()
        return await parts.ledger.unfinished() == 0

    await until(nothing_owed, within_s=within_s)
