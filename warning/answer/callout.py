"""Callout: an office must answer an orange or red warning by a deadline, or the next one is called.

    from     event                         to
    -------  ----------------------------  ---------
    (new)    a start or upgrade is sent    waiting
    waiting  answered in time              answered
    waiting  the deadline passed           overdue    (escalated: the next post is named and told)
    overdue  answered late                 answered
    waiting  the event ended               ended
    overdue  the event ended               ended
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Callout:
    """Who must answer what by when."""

    id: UUID
    identifier: str
    post: str
    state: str
    step: int
    opened_at: datetime
    deadline: datetime
    answered_at: datetime | None
    answered_by: str
    escalated_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """The proof that a post answered."""

    identifier: str
    post: str
    at: datetime
    late: bool


def token(secret: str, callout_id: UUID) -> str:
    """The one-time word of an acknowledgement link: unguessable, and derived, so that a retry carries the same link."""
    mac = hmac.new(secret.encode(), f"acknowledge {callout_id}".encode(), hashlib.sha256).hexdigest()
    return f"{callout_id.hex}{mac[:32]}"


def token_hash(value: str) -> str:
    """What the ledger keeps of a token."""
    return hashlib.sha256(value.encode()).hexdigest()
