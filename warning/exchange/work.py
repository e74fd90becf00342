"""Work: partners, and what became of what they sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from cryptography.x509 import Certificate

from warning.cap import Status
from warning.level import Level
from warning.signature import Standing

How = Literal["push", "poll"]
Form = Literal["cap", "national"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """An authority that sends us its alerts.

    ``senders`` are the CAP senders that it may speak for; ``issuer`` is under whose name we pass its alerts on; ``area`` is the zone-code
    prefix that it may warn; ``called`` is how its words are introduced to people. ``agreed_by``: two names who have agreed that what it has signed goes out without being looked at; fewer than
    two = everything is held for our own two people.
    """

    name: str
    token_hash: str
    senders: Sequence[str]
    issuer: str
    area: str
    certificates: Sequence[Certificate]
    agreed_by: Sequence[str]
    called: str
    url: str = ""


class Fate(StrEnum):
    """What became of an alert.

    TAKING is under way, or was cut short and is taken up again. HELD waits as a proposal for our two people; REDISTRIBUTED went out under
    the agreement; these three claim the message, so that a copy is KNOWN. KEPT and REFUSED are on record only and claim nothing: what comes
    later under the same name is looked at afresh.
    """

    TAKING = "taking"
    HELD = "held"
    REDISTRIBUTED = "redistributed"
    KEPT = "kept"
    REFUSED = "refused"
    KNOWN = "known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The answer to a partner: ``why`` names the reason, ``repairs`` what had to be mended to read it.

    ``earlier``: of a KNOWN one, what became of it when it came first. ``alerts``: ours that went out for it.
    """

    identifier: str
    fate: Fate
    why: str = ""
    standing: Standing | None = None
    repairs: tuple[str, ...] = ()
    proposals: tuple[UUID, ...] = ()
    alerts: tuple[str, ...] = ()
    earlier: Fate | None = None

    @property
    def counts(self) -> bool:
        """Whether the partner may rest: it waits for our people, or went out, now or before."""
        return (self.earlier or self.fate) in (Fate.HELD, Fate.REDISTRIBUTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message as it came. Sender, identifier and sent together name it (CAP 1.2 §3.2.1); ``document`` is the very bytes."""

    partner: str
    how: How
    form: Form
    sender: str
    identifier: str
    sent: datetime
    msg_type: str
    status: Status
    document: bytes
    standing: Standing
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message that somebody claimed, as it stands in the ledger."""

    id: UUID
    arrival: Arrival
    fate: Fate
    why: str
    proposals: tuple[UUID, ...]
    alerts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """How far a proposal has come; ``alert`` is what was issued for it."""

    status: str
    revision: int
    alert: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The newest version of an event of ours that a partner's message led to. ``ended``: it was lifted, or its time has passed."""

    event_id: UUID
    identifier: str
    event_code: str
    level: Level
    zones: tuple[str, ...]
    expires: datetime
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What a message's references lead to here: events of ours, and proposals that still wait (each with the signature it came with)."""

    events: tuple[InForce, ...] = ()
    waiting: Mapping[UUID, Standing] = field(default_factory=dict)
