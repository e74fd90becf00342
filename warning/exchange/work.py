"""Work: partners, and what became of what they sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from cryptography.x509 import Certificate

from warning.signature import Standing

How = Literal["push", "poll"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """An authority that sends us its alerts.

    ``senders`` are the CAP senders that it may speak for; ``issuer`` is under whose name we pass its alerts on; ``area`` is the zone-code
    prefix that it may warn. ``agreed_by``: two names who have agreed that what it has signed goes out without being looked at; fewer than
    two = everything is held for our own two people.
    """

    name: str
    token_hash: str
    senders: Sequence[str]
    issuer: str
    area: str
    certificates: Sequence[Certificate]
    agreed_by: Sequence[str]
    url: str = ""


class Fate(StrEnum):
    """What became of an alert. HELD waits as a proposal for our two people; REDISTRIBUTED went out under the agreement; KEPT is on record only."""

    HELD = "held"
    REDISTRIBUTED = "redistributed"
    KEPT = "kept"
    REFUSED = "refused"
    KNOWN = "known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The answer to a partner: ``why`` names the reason, ``repairs`` what had to be mended to read it."""

    identifier: str
    fate: Fate
    why: str = ""
    standing: Standing | None = None
    repairs: tuple[str, ...] = ()
    proposal: UUID | None = None
    alert: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One alert as it came, for the record: unique by sender, identifier and sent (CAP 1.2 §3.2.1)."""

    partner: str
    how: How
    sender: str
    identifier: str
    sent: datetime
    msg_type: str
    document: str
    taken: Taken
    references: tuple[str, ...] = ()
