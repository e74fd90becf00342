"""Speech: the gateway's side of a dialect, for the simulator; its client's side is ``dialect``."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple, Protocol

from channels.wire.sms_text import SmsText


class Ruling(Enum):
    """What the simulator decides on a submit; each protocol has a number for it."""

    OK = auto()
    THROTTLED = auto()
    BAD_NUMBER = auto()
    NOT_LOGGED_IN = auto()


class Words(NamedTuple):
    """What a submit carries beside its number."""

    source: str
    coding: int
    header: bool  # the octets begin with a user data header
    octets: bytes
    wants_report: bool
    validity: str


class Entrance(NamedTuple):
    """A login: whether it is let in, as whom, to do what, and what it is answered."""

    let_in: bool
    name: str
    may_send: bool
    may_receive: bool
    reply: bytes


class Said(NamedTuple):
    """What the simulator answers to anything else; ``acks``: it acknowledges a delivery; ``parts``: the connection ends;
    ``welcomed``: our own login was let in."""

    reply: bytes = b""
    acks: bool = False
    parts: bool = False
    welcomed: bool = False


class Due(NamedTuple):
    """A report to be sent."""

    at_s: float
    account: str
    message_id: bytes
    source: str
    destination: str
    stat: str
    submitted: datetime


class Speech(Protocol):
    @property
    def header_size(self) -> int: ...

    @property
    def max_pdu(self) -> int: ...

    @property
    def submit(self) -> int:
        """The command of a submit."""

    def enter(self, command: int, pdu: bytes, accounts: Mapping[str, str] | None) -> Entrance | None:
        """The answer to a login, or None when this is none; ``accounts`` None lets everyone in. Raises PduError."""

    def read_submit(self, data: bytes, at: int, length: int) -> tuple[str, Words]:
        """The number, and the rest. Raises PduError."""

    def answer(self, data: bytes, at: int, ruling: Ruling, count: int) -> tuple[bytes, bytes]:
        """``(PDU, message id)`` for the submit at ``data[at:]``, the ``count``-th that was taken."""

    def report(self, sequence: int, due: Due, *, done: datetime) -> bytes: ...

    def text(self, sequence: int, *, source: str, destination: str, coding: int, header: bool, octets: bytes) -> bytes:
        """One part of what a person writes."""

    def cut(self, text: str) -> SmsText:
        """What a person writes, in parts."""

    def read(self, words: Words) -> tuple[str, int, int, int]:
        """``(text, ref, total, seq)`` of a part."""

    def hear(self, command: int, pdu: bytes) -> Said:
        """Everything else."""

    def complain(self, pdu: bytes) -> bytes:
        """The answer to what cannot be read; ``pdu`` is empty when not even its length makes sense."""
