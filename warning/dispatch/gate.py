"""Gates: what waits in the ledger while a channel's way out is cut, without using up a try; it goes by level and deadline when it returns."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from warning.dispatch.delivery import RetryPolicy


class Gates:
    """For channels with routes: each says for how many seconds nothing can leave (0 = it may). Others have no gate and are always tried."""

    def __init__(self) -> None:
        self._closed_for: dict[str, Callable[[], float]] = {}

    def __bool__(self) -> bool:
        return bool(self._closed_for)

    def watch(self, channel: str, closed_for: Callable[[], float]) -> None:
        self._closed_for[channel] = closed_for

    def pause(self, channel: str, *, now: datetime, expires: datetime) -> float:
        """Seconds that a batch stays where it is; 0 for one that has expired, so that this is written down at once."""
        gate = self._closed_for.get(channel)
        return 0.0 if gate is None or now >= expires else gate()

    def policy(self, channel: str, policy: RetryPolicy) -> RetryPolicy:
        """What could not leave because every route is cut is tried until its warning is over."""
        return replace(policy, patient=True) if channel in self._closed_for else policy
