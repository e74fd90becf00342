"""Work: what the mass lane reads from its ledger."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from warning.dispatch.mass.sheet import Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a version warns residents: districts by code, and coarse cells when a polygon was drawn."""

    districts: tuple[str, ...]
    cells: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A batch in a worker's hands: who is due, in order, and where to. Addresses never reach a log.

    ``attempt`` fences what is written: a batch that was taken over has a higher one. ``going`` of ``numbers`` are claimed already.
    """

    crowd_id: int
    root: int
    identifier: str
    version: int
    channel: str
    language: str
    role: str
    priority: int
    attempt: int
    expires: datetime
    numbers: Places
    addresses: Sequence[str] = field(repr=False)
    going: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """``go``: these places in ``Claim.numbers`` are claimed and may be handed over; empty = put the batch down."""

    go: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Headway:
    """One line of an alert's progress."""

    channel: str
    district: str
    counts: dict[str, int]
    twice: int
    fell_back: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """What failed on one channel for one reason; ``deliveries`` and ``crowds`` are what a retry asks for."""

    channel: str
    reason: str
    count: int
    deliveries: tuple[int, ...]
    crowds: tuple[int, ...]
