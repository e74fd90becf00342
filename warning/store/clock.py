"""The ledger's clock: machines differ about the time, so every process goes by the database's."""

import time
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import text

from warning.clock import Clock, SystemClock
from warning.store.database import Database

log = structlog.get_logger()

SKEW: Final = timedelta(seconds=2)
"""A machine that is further off than this is told of, in its log."""


class LedgerClock:
    """The database's time, carried on between two looks by seconds that no setting of the machine's clock touches.

    A warning ends at one moment for all workers, however wrong a machine's own clock is, and does not jump when somebody sets it.
    ``machine`` is the clock that is compared, and the one before the first look.
    """

    def __init__(self, database: Database, *, machine: Clock | None = None) -> None:
        self._db = database
        self._machine: Clock = machine or SystemClock()
        self._at: datetime | None = None
        self._read = 0.0
        self._told = False

    def now(self) -> datetime:
        if self._at is None:
            return self._machine.now()
        return self._at + timedelta(seconds=time.monotonic() - self._read)

    def monotonic(self) -> float:
        return time.monotonic()

    @property
    def skew(self) -> timedelta:
        """By how much the machine's own clock is ahead."""
        return self._machine.now() - self.now()

    async def refresh(self) -> None:
        """Look at the database's time; half the way there and back is taken off."""
        async with self._db.begin() as connection:
            asked = time.monotonic()
            at: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
            answered = time.monotonic()
        self._at, self._read = at, (asked + answered) / 2
        off = abs(self.skew) > SKEW
        if off and not self._told:
            log.warning("this machine's clock is wrong; the database's time is used: set up time synchronisation (NTP) on this machine",
                        ahead_s=round(self.skew.total_seconds(), 1))
        self._told = off
