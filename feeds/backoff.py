"""Back-off: how long a source waits before it tries again what failed."""

from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """``first`` seconds after one failure, twice as long after each further one, never more than ``longest``."""

    first: float
    longest: float
    failures: int = 0

    @property
    def wait(self) -> float:
        """Seconds; 0 when the last try went well."""
        return min(self.first * 2 ** (self.failures - 1), self.longest) if self.failures else 0.0

    def failed(self) -> None:
        self.failures = min(self.failures + 1, 32)

    def succeeded(self) -> None:
        self.failures = 0
