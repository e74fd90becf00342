"""Work: a note on a proposal, and the review that an alert of the fast lane owes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Verdict(StrEnum):
    """``contested`` changes nothing by itself: whoever contests updates or retracts the alert, which stands until then."""

    CONFIRMED = "confirmed"
    CONTESTED = "contested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What somebody said, when; it stays as it was said."""

    id: int
    proposal_id: UUID
    who: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Owed until ``reviewed_at`` is set, by anybody but ``issued_by``."""

    identifier: str
    hazard: str
    zones: tuple[str, ...]
    status: str
    issued_by: str
    issued_at: datetime
    due_at: datetime
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    verdict: str = ""
    remark: str = ""

    def overdue(self, now: datetime) -> bool:
        return self.reviewed_at is None and now >= self.due_at
