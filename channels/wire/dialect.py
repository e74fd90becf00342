"""Dialect: what differs from one SMS protocol to the next. The session core knows no field of any of them.

All four number their requests with four octets that stand right behind what ``frame`` gives, and begin with length and command.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple, Protocol

from channels.message import Outcome, Reason
from channels.wire.sms_text import SmsText

MAX_SEQUENCE = 0x7FFFFFFF


class PduError(ValueError):
    """The octets are not the PDU they claim to be."""


class Template(NamedTuple):
    """The body of a submit on either side of the number: all that a crowd shares."""

    before: bytes
    after: bytes


class Report(NamedTuple):
    """What a gateway says of one part; ``stat`` is one of the words of SMPP appendix B, whatever the protocol."""

    message_id: str
    stat: str


class Text(NamedTuple):
    """One part of what a person sent to us."""

    source: str
    text: str
    ref: int = 0
    total: int = 1
    seq: int = 1


class Act(Enum):
    """What the link does about a PDU that is neither an answer to a submit nor a delivery."""

    LOGGED_IN = auto()  # the answer to our login
    REFUSED = auto()  # the answer to something of ours, perhaps a submit, by its sequence
    ALIVE = auto()  # nothing to do: the gateway lives
    REPLY = auto()  # send ``reply``
    GOODBYE = auto()  # the gateway ends the session: send ``reply`` and close
    PARTED = auto()  # the answer to our good-bye


class Heard(NamedTuple):
    act: Act
    reply: bytes = b""
    status: int = 0
    sequence: int = 0


class Dialect(Protocol):
    """One account's way of speaking. ``faults`` say what a refused submit means; every other status is REJECTED, REFUSED."""

    @property
    def header_size(self) -> int: ...

    @property
    def max_pdu(self) -> int: ...

    @property
    def first_sequence(self) -> int:
        """The number before that of a session's first request."""

    @property
    def numbers(self) -> re.Pattern[str]:
        """The addresses that may be sent to, in E.164 with or without a plus sign."""

    @property
    def answer(self) -> int:
        """The command of the answer to a submit."""

    @property
    def deliveries(self) -> frozenset[int]:
        """The commands that bring reports and texts."""

    @property
    def faults(self) -> Mapping[int, tuple[Outcome, Reason]]: ...

    @property
    def throttled(self) -> frozenset[int]:
        """The statuses that ask us to slow down."""

    @property
    def unbound(self) -> frozenset[int]:
        """The statuses that say we are not logged in."""

    def login(self, sequence: int) -> bytes: ...

    def welcome(self, status: int) -> bool:
        """Whether this answer to the login lets us in."""

    def logout(self, sequence: int) -> bytes: ...

    def probe(self, sequence: int) -> bytes:
        """The keep-alive request; empty where the protocol has none."""

    def frame(self, body_length: int) -> bytes:
        """What stands before the sequence of a submit."""

    def read_answer(self, data: bytes, at: int, length: int) -> tuple[int, int, str]:
        """``(sequence, status, message id)`` of the answer to a submit at ``data[at:at + length]``. Raises PduError."""

    def read_delivery(self, pdu: bytes) -> tuple[bytes, Report | Text]:
        """The acknowledgement, and what it said. Raises PduError."""

    def refuse_delivery(self, pdu: bytes) -> bytes:
        """What to answer to a delivery that cannot be read."""

    def hear(self, command: int, pdu: bytes) -> Heard:
        """Everything else. Raises PduError."""

    def cut(self, text: str, *, flash: bool) -> SmsText:
        """The text in parts. Raises ValueError when they are too many."""

    def misfits(self, text: str) -> str:
        """The few characters for which a text needs a larger alphabet, to be named when it is too long; empty when they are many or none."""

    def templates(self, text: SmsText, *, ref: int, priority: int, expires: datetime, flash: bool) -> list[Template]:
        """One for each part; ``priority`` 1 blue … 4 red."""

    def number(self, digits: str) -> bytes:
        """The field between the halves of a template; ``digits`` as in E.164, without a plus sign."""

    def said(self, status: int) -> str:
        """The answer to a submit in words."""

    def login_said(self, status: int) -> str: ...

    @property
    def report_word(self) -> str:
        """The command that brings reports, for evidence."""
