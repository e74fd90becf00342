"""Clock: the one door through which time comes in."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """``now`` is aware UTC (virtual in a drill); ``monotonic`` is real seconds and is never multiplied."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class VirtualClock:
    """Drill time: stands still at ``at`` until it is moved, or runs ``speed`` times as fast as real time."""

    def __init__(self, at: datetime, *, speed: float = 0.0) -> None:
        self._at = at.astimezone(UTC)
        self._real = time.monotonic()
        self._speed = speed

    def now(self) -> datetime:
        return self._at + timedelta(seconds=(time.monotonic() - self._real) * self._speed)

    def monotonic(self) -> float:
        return time.monotonic()

    def move_to(self, at: datetime) -> None:
        """Go on from ``at``; never backwards, because deadlines that have passed stay passed."""
        at = at.astimezone(UTC)
        if at < self.now():
            raise ValueError(f"the clock stands at {self.now():%H:%M:%S}, {at:%H:%M:%S} is before it")
        self._at, self._real = at, time.monotonic()
