"""Message, Receipt, Reports, Reply: what a channel takes and what it says back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

Lane = Literal["actual", "exercise"]
Stamp = tuple[str, str]
"""What a gateway calls a message: (name of the channel, the gateway's id). Two gateways may number alike."""


class Outcome(StrEnum):
    """What the evidence allows to say. ``UNKNOWN`` is a state of its own: sent, and no answer came."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    RETRY = "retry"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a message was not taken; what an operator can do follows from it."""

    BAD_ADDRESS = "bad_address"
    GONE = "gone"
    TOO_LONG = "too_long"
    EXPIRED = "expired"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    WRONG_LANE = "wrong_lane"
    BROKEN_REPLY = "broken_reply"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one message may be. ``max_chars`` counts characters of ``text``; None = no practical limit."""

    max_chars: int | None
    batch: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A finished text for one address.

    ``key`` is the idempotency key (the same on every attempt). ``address`` is what the channel needs: a phone number
    in E.164 digits, an e-mail address, a URL, an MQTT topic, a Web Push subscription as JSON, a file name.
    ``body``/``content_type`` carry the CAP document or JSON for machines; people's channels use ``subject``/``text``.
    ``lane`` is fixed by the alert's CAP status: Exercise and Test travel in the exercise lane only.
    ``secret`` signs a webhook, and so does ``former_secret`` while a secret is being changed. ``ack_url``: where a program whose ``body`` has no
    room for it answers. ``priority`` 1 blue … 4 red. ``flash``: an SMS of class 0, shown at once over whatever is on the screen.
    ``fetched``: the reader's own device can fetch the text by ``identifier``. ``ends``: for this reader the warning is over.
    """

    key: str
    address: str
    subject: str
    text: str
    language: str
    identifier: str
    event: str
    version: int
    msg_type: Literal["Alert", "Update", "Cancel"]
    status: Literal["Actual", "Exercise", "Test"]
    priority: int
    sent: datetime
    expires: datetime
    body: bytes = b""
    content_type: str = ""
    secret: str = ""
    former_secret: str = ""
    ack_url: str = ""
    flash: bool = False
    fetched: bool = False
    ends: bool = False

    @property
    def lane(self) -> Lane:
        return "actual" if self.status == "Actual" else "exercise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the channel said of one message. ``evidence`` quotes it (``"250 2.0.0 OK"``, ``"PUBACK 17"``), never an address.

    ``retry_after``: with RETRY, the pause for which the peer itself has asked. ``seconds``: how long this one exchange took, where it is known.
    ``channel``: the name of the channel by which it came late; whoever opens the channel writes it in.
    """

    key: str
    outcome: Outcome
    at: datetime
    external_id: str = ""
    evidence: str = ""
    reason: Reason | None = None
    retry_after: timedelta | None = None
    seconds: float | None = None
    channel: str = ""

    @property
    def stamp(self) -> Stamp:
        """What the gateway calls the message."""
        return self.channel, self.external_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What a channel heard later of many messages at once, all to the same effect: late receipts in bulk.

    ``keys[i]`` belongs to ``external_ids[i]``; a key is empty where this process does not know the message (the id is then that of one
    part). The message of a crowd has the key ``{crowd.message.key}.{number}``.
    """

    outcome: Outcome
    at: datetime
    keys: Sequence[str]
    external_ids: Sequence[str]
    evidence: str = ""
    reason: Reason | None = None
    channel: str = ""

    def singly(self) -> list[Receipt]:
        """The same as one Receipt for each message."""
        return [
            Receipt(key=key, outcome=self.outcome, at=self.at, external_id=external_id, evidence=self.evidence, reason=self.reason, channel=self.channel)
            for key, external_id in zip(self.keys, self.external_ids, strict=True)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a person sent back on a channel (STOP, LIST, an acknowledgement)."""

    channel: str
    address: str
    text: str
    at: datetime
