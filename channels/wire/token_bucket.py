"""Token bucket: the speed of a contract, kept to within a tenth of a second."""

_BURST_S = 0.1


class TokenBucket:
    """``rate_per_s`` tokens a second; times are of a monotonic clock, in seconds."""

    def __init__(self, rate_per_s: float) -> None:
        self._rate = rate_per_s
        self._room = max(1.0, rate_per_s * _BURST_S)
        self._tokens = self._room
        self._at_s: float | None = None

    def most(self, wanted: int, now_s: float) -> int:
        """How many may go now, at most ``wanted``."""
        if self._at_s is not None:
            self._tokens = min(self._room, self._tokens + (now_s - self._at_s) * self._rate)
        self._at_s = now_s
        return min(wanted, int(self._tokens))

    def take(self, count: int) -> None:
        self._tokens -= count

    @property
    def wait_s(self) -> float:
        """Until the next one may go."""
        return max((1.0 - self._tokens) / self._rate, 0.001)
