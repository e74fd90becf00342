"""The drill's clock: virtual time that every process of the drill reads from the database."""

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from warning.store.database import Database


class DrillClock:
    """Stands at ``at`` and runs ``speed`` times as fast as real time; ``refresh`` follows what the driver last set."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._at = datetime(1970, 1, 1, tzinfo=UTC)
        self._read = time.monotonic()
        self._speed = 0.0

    def now(self) -> datetime:
        return self._at + timedelta(seconds=(time.monotonic() - self._read) * self._speed)

    def monotonic(self) -> float:
        return time.monotonic()

    async def refresh(self) -> None:
        """Read the anchor; before the driver has set one the clock stands in 1970, so that nothing is due."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text(
                "SELECT at, speed, extract(epoch FROM clock_timestamp() - real_at) AS since FROM drill_clock WHERE id = 1"
            ))).one_or_none()
        if row is not None:
            self._at = row.at + timedelta(seconds=float(row.since) * row.speed)
            self._speed, self._read = row.speed, time.monotonic()

    async def move_to(self, at: datetime, *, speed: float = 0.0) -> None:
        """Set the drill's time for every process."""
        async with self._db.begin() as connection:
            await connection.execute(text(
                "INSERT INTO drill_clock (id, at, real_at, speed) VALUES (1, :at, clock_timestamp(), :speed) "
                "ON CONFLICT (id) DO UPDATE SET at = excluded.at, real_at = clock_timestamp(), speed = excluded.speed"),
                {"at": at, "speed": speed})
        self._at, self._speed, self._read = at, speed, time.monotonic()
