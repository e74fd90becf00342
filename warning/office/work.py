"""What the office desk reads and writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from channels.message import Lane
from warning.level import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One subscription of an office in full. ``address`` is masked; the secret never leaves the ledger, ``signs`` says whether there is one.

    ``contacts``: who is called after it, in order, when it does not answer. ``former_until``: until when the secret before signs too.
    """

    id: int
    owner: str
    name: str
    channel: str
    address: str
    language: str
    lane: Lane
    hazards: tuple[str, ...]
    sectors: tuple[str, ...]
    min_level: Level
    zones: tuple[str, ...]
    polygon: Mapping[str, object] | None
    form: str
    standby: bool
    escalates_to: int | None
    contacts: tuple["Contact", ...]
    signs: bool
    former_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One who is called when those before it have not answered; the address is masked."""

    id: int
    name: str
    channel: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPause:
    """A pause as its office sees it; ``cover`` is the stand-in's name, empty when nobody is told."""

    id: int
    subscription_id: int
    cover_id: int | None
    cover: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to hand something over. ``outcome``: empty while under way, ``lost`` when no answer was written down, else as of a delivery.

    ``state``: what has become of the whole delivery since. ``key``: what the receiver sees as Idempotency-Key, the same on every try.
    ``test``: a test message, no warning (then ``delivery_id`` is 0).
    """

    id: int
    delivery_id: int
    subscription_id: int
    name: str
    channel: str
    identifier: str
    number: int
    began_at: datetime
    seconds: float | None
    outcome: str
    reason: str
    http_status: int | None
    evidence: str
    next_try_at: datetime | None
    state: str
    key: str
    test: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFilter:
    """What of the attempts is wanted; empty = any. ``before``: those that began earlier, for the next page."""

    subscription_id: int | None = None
    channel: str = ""
    outcome: str = ""
    identifier: str = ""
    before: datetime | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A test message and its proof: what the channel said, and who has answered it when."""

    id: UUID
    subscription_id: int
    asked_by: str
    asked_at: datetime
    state: str
    began_at: datetime | None
    seconds: float | None
    reason: str
    evidence: str
    answered_at: datetime | None
    answered_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTrial:
    """A test message to be sent now. ``listed``: to a person on the roster, who may write back; an office's otherwise."""

    id: UUID
    name: str
    channel: str
    address: str
    secret: str
    former_secret: str
    language: str
    lane: Lane
    form: str
    listed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """An alert of the archive, as far as an audience hangs on it."""

    identifier: str
    event_id: UUID
    version: int
    msg_type: str
    hazard: str
    level: Level
    sent: datetime
    expires: datetime
    issuer: str
    zones: tuple[str, ...]
    polygon: Mapping[str, object] | None
    headlines: Mapping[str, str]
