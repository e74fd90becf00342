"""Breaker and bucket: how often a route may be tried after it failed, and how fast it may be used."""

from enum import StrEnum


class Circuit(StrEnum):
    """``half_open``: the pause is over, one message is let through to see."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


class Breaker:
    """The circuit of one endpoint. Times are seconds of the caller's clock.

        from        to          when
        ----------  ----------  -----------------------------------------------------------
        closed      open        ``trip_after`` messages in a row got no answer
        open        half_open   the pause is over, or an operator says: try
        half_open   closed      the one message let through was answered
        half_open   open        it was not: the pause doubles, up to the longest
    """

    def __init__(self, *, trip_after: int = 3, pause_s: float = 5.0, longest_s: float = 60.0) -> None:
        self._trip_after = trip_after
        self._first_s = pause_s
        self._longest_s = longest_s
        self._pause_s = pause_s
        self._failures = 0
        self._until: float | None = None
        self._probing = False

    def state(self, now_s: float) -> Circuit:
        if self._until is None:
            return Circuit.CLOSED
        return Circuit.OPEN if now_s < self._until else Circuit.HALF_OPEN

    def opens_in(self, now_s: float) -> float:
        """Seconds until it may be tried again; 0 when it may."""
        return 0.0 if self._until is None else max(0.0, self._until - now_s)

    def room(self, now_s: float) -> int | None:
        """How many messages may go now; None = as many as there are."""
        match self.state(now_s):
            case Circuit.CLOSED:
                return None
            case Circuit.OPEN:
                return 0
            case Circuit.HALF_OPEN:
                return 0 if self._probing else 1

    def taken(self, now_s: float) -> None:
        """Messages are about to go; of a half-open circuit this is the one."""
        self._probing = self.state(now_s) is Circuit.HALF_OPEN

    def answered(self) -> None:
        """The endpoint lives: it took or refused something."""
        self._failures, self._until, self._probing, self._pause_s = 0, None, False, self._first_s

    def silent(self, now_s: float, *, messages: int) -> None:
        """So many messages got no answer, and none of those beside them did."""
        if self.state(now_s) is Circuit.HALF_OPEN:
            self._pause_s = min(2 * self._pause_s, self._longest_s)
            self._until, self._probing = now_s + self._pause_s, False
            return
        self._failures += messages
        if self._until is None and self._failures >= self._trip_after:
            self._until = now_s + self._pause_s

    def untold(self) -> None:
        """What was let through says nothing of the endpoint (it expired, its address was wrong): the next one may be tried."""
        self._probing = False

    def try_now(self, now_s: float) -> None:
        """An operator says that it is mended."""
        if self._until is not None:
            self._until, self._probing = now_s, False


class Bucket:
    """A token bucket: ``rate_per_s`` messages a second, at most ``burst`` at once after a rest. No rate, no limit."""

    def __init__(self, rate_per_s: float | None, *, burst: float | None = None) -> None:
        self._rate = rate_per_s
        self._burst = burst if burst is not None else max(1.0, rate_per_s or 1.0)
        self._tokens = self._burst
        self._at: float | None = None

    @property
    def portion(self) -> int | None:
        """The most that is worth taking at once."""
        return None if self._rate is None else max(1, int(self._burst))

    def take(self, count: int, now_s: float) -> float:
        """Take ``count``; the seconds to wait before they are used. The next taker waits behind them."""
        if self._rate is None:
            return 0.0
        if self._at is not None:
            self._tokens = min(self._burst, self._tokens + (now_s - self._at) * self._rate)
        self._at = now_s
        self._tokens -= count
        return max(0.0, -self._tokens / self._rate)

    def give_back(self, count: int) -> None:
        """What was taken and not used."""
        self._tokens += count
