"""Work: what the answer desk hands its ledger."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from warning.answer.timetable import Try

How = Literal["link", "key", "reply", "desk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A step with the identity from which its link is derived."""

    id: UUID
    token_hash: str
    step: Try


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A call to be opened, for a post of the roster or for an office that subscribed, by this ``edition`` of either."""

    id: UUID
    post: str
    zone: str
    deadline: datetime
    steps: tuple[Planned, ...]
    post_id: int | None = None
    subscription_id: int | None = None
    edition: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A subscription that must answer for itself; ``after`` (subscription, name, channel) are called in its stead, in this order.

    ``edition``: how often it has changed.
    """

    subscription_id: int
    name: str
    channel: str
    after: tuple[tuple[int, str, str], ...] = ()
    edition: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Who says that it was received, how, when; ``entered_by``: the operator who wrote it down, with a note."""

    by: str
    how: How
    at: datetime
    entered_by: str = ""
    note: str = ""
