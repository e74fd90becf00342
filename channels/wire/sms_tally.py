"""Tally: how many accepted messages got a report, by the time at which they were sent; finds a gateway that accepts and delivers nothing."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime

from channels.port import Health

_COHORT_S = 10.0
_KEPT_S = 3600.0
_ENOUGH = 20  # fewer say nothing
_FEW = 0.05


@dataclass(slots=True)
class Cohort:
    """The messages of ten seconds."""

    at_s: float
    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    strays: int = 0  # reports in these seconds of messages that this process does not know any more


class Tally:
    """The last hour of one link; times are of a monotonic clock, in seconds."""

    def __init__(self, *, report_within_s: float, reports: bool) -> None:
        """``reports``: whether any are asked for."""
        self._report_within_s, self._reports = report_within_s, reports
        self._cohorts: deque[Cohort] = deque()
        self.last_answer_at: datetime | None = None

    def cohort(self, now_s: float) -> Cohort:
        """The one that a message sent now belongs to."""
        if not self._cohorts or now_s - self._cohorts[-1].at_s >= _COHORT_S:
            self._cohorts.append(Cohort(at_s=now_s))
            while now_s - self._cohorts[0].at_s > _KEPT_S:
                self._cohorts.popleft()
        return self._cohorts[-1]

    def health(self, now_s: float, *, trouble: str) -> Health:
        """What can be said now; ``trouble`` is why the link is down, if it is."""
        accepted = sum(c.accepted for c in self._cohorts)
        delivered = sum(c.delivered for c in self._cohorts)
        failed = sum(c.failed for c in self._cohorts)
        return Health(accepted=accepted, delivered=delivered, failed=failed, waiting=max(accepted - delivered - failed, 0) if self._reports else 0,
                      last_answer_at=self.last_answer_at, up=not trouble, note=trouble or self._note(now_s))

    def _note(self, now_s: float) -> str:
        if not self._reports:
            return ""
        due = [c for c in self._cohorts if now_s - c.at_s >= self._report_within_s + _COHORT_S]
        accepted, delivered, failed = (sum(getattr(c, word) for c in due) for word in ("accepted", "delivered", "failed"))
        if accepted < _ENOUGH:
            return ""
        # Forgotten messages (a restart, a million in flight) speak for the gateway too.
        delivered += sum(c.strays for c in self._cohorts)
        if delivered + failed < _FEW * accepted:
            return (f"the gateway accepted {accepted} messages and reported on {delivered + failed} of them within "
                    f"{self._report_within_s:g} s: nothing shows that they "
                    "arrive; use another route and ask the operator why no reports come")
        if delivered < _FEW * accepted:
            return (f"the gateway accepted {accepted} messages and delivered {delivered}, {failed} failed: use another route and ask the operator "
                    "why handsets are not reached")
        return ""
