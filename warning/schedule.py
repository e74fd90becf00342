"""Ticking: the only file that knows APScheduler. A tick only looks; what is due is read from the ledgers."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.exc import OperationalError

from warning.parts import Parts
from warning.store.clock import LedgerClock
from warning.store.drill import DrillClock

log = structlog.get_logger()


def ticking(parts: Parts) -> AsyncIOScheduler:
    """A scheduler, not yet started: sweeps orphaned batches, sends risk notices, calls whoever is due, hears silent feeds, follows the drill's clock."""
    scheduler = AsyncIOScheduler(timezone="UTC")

    def every(seconds: float, name: str, act: Callable[[], Awaitable[object]]) -> None:
        async def tick() -> None:
            try:
                await act()
            except OperationalError as error:
                # A missed tick is harmless: the next one reads the same ledger.
                log.warning("a tick waits for the database", tick=name, error=str(error.orig))
            except asyncio.CancelledError:
                log.debug("a tick was cut short by the end of its process", tick=name)

        scheduler.add_job(tick, "interval", seconds=seconds, id=name, coalesce=True, max_instances=1)

    every(5, "sweep", parts.ledger.sweep)
    every(1, "fall back", parts.mass.fall_back)
    every(5, "wake who has slept", parts.mass.wake)
    every(10, "tell what ran-out warnings kept back", lambda: parts.revival.revive(now=parts.clock.now()))
    every(1, "words to one person", parts.words.send_due)
    every(2, "seal addresses", parts.subscribers.seal_old)
    every(3600, "forget registrations", lambda: parts.registrations.prune(now=parts.clock.now()))
    every(1, "escalate", parts.answer.escalate)
    every(1, "responses", parts.response.follow)
    every(60, "gaps of the roster", parts.rosters.look)
    every(2, "risk notices", parts.risk.send_due)
    every(parts.settings.poll_s, "look at partners' feeds", parts.polling.look)
    every(10, "sign what waits", parts.signing.catch_up)
    every(3600, "forget resident changes", parts.residents.prune)
    every(5, "silent feeds", lambda: parts.feeds.hear(now=parts.clock.now()))
    every(5, "measured rates", parts.rates.write)
    every(3600, "forget old rates", parts.rates.prune)
    if isinstance(parts.clock, DrillClock):
        every(0.2, "drill clock", parts.clock.refresh)
    if isinstance(parts.clock, LedgerClock):
        every(10, "the database's time", parts.clock.refresh)
    return scheduler
