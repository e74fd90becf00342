"""SGIP 1.2 on the wire, both sides: China Unicom's protocol between a service provider and the gateway (SMG).

Source: China Unicom, SGIP interface specification V1.2, §4 (messages). Integers are big-endian. A request is numbered by twelve octets: the
node, the time as MMDDHHMMSS, and a counter; they are also the message's id, by which the gateway reports later.
"""

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

from channels.wire.dialect import PduError
from channels.wire.mainland import field, read_field

HEADER = Struct("!IIIII")  # length, command, node, time, counter
HEADER_SIZE = 20
MAX_PDU = 4096
SP_TO_SMG = 1  # login types
SMG_TO_SP = 2
_RESERVE = bytes(8)


class Command(IntEnum):
    BIND = 0x00000001
    UNBIND = 0x00000002
    SUBMIT = 0x00000003
    DELIVER = 0x00000004
    REPORT = 0x00000005
    BIND_RESP = 0x80000001
    UNBIND_RESP = 0x80000002
    SUBMIT_RESP = 0x80000003
    DELIVER_RESP = 0x80000004
    REPORT_RESP = 0x80000005


class Result(IntEnum):
    """As far as it means something to us."""

    OK = 0
    LOGIN = 1
    REPEATED_LOGIN = 2
    CONNECTIONS = 3
    LOGIN_TYPE = 4
    PARAMETER = 5
    NUMBER = 6
    LENGTH = 8
    BUSY = 11
    UNKNOWN_USER = 29
    SYSTEM = 32
    QUEUE_FULL = 33


class State(IntEnum):
    """Of a message, in a REPORT."""

    SENT = 0
    WAITING = 1
    FAILED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A DELIVER: what a person sent."""

    source: str
    destination: str
    header: bool
    coding: int
    octets: bytes


def pdu(command: int, sequence: bytes, body: bytes = b"") -> bytes:
    """``sequence``: the twelve octets."""
    return (HEADER_SIZE + len(body)).to_bytes(4) + command.to_bytes(4) + sequence + body


def result_body(result: int) -> bytes:
    """Of every answer but that to UNBIND."""
    return bytes((result,)) + _RESERVE


def bind_body(*, login_type: int, name: str, password: str) -> bytes:
    return bytes((login_type,)) + field(name, 16) + field(password, 16) + _RESERVE


def read_bind(body: bytes) -> tuple[int, str, str]:
    """``(login type, name, password)``. Raises PduError."""
    if len(body) < 33:
        raise PduError("a Bind is cut short")
    return body[0], read_field(body, 1, 16), read_field(body, 17, 16)


def submit_halves(
    octets: bytes, *, report: bool, priority: int, corp: str, service: str, fee_type: int, fee_value: str, expires: str, source: str, header: bool,
    coding: int,
) -> tuple[bytes, bytes]:
    """The body of a Submit to one number (§4.3.3), before and behind that number. ChargeNumber of zeros: the provider pays."""
    before = field(source, 21) + b"0" * 21 + b"\1"
    after = b"".join((
        field(corp, 5), field(service, 10), bytes((fee_type,)), field(fee_value, 6), field("0", 6), bytes((0, 2, priority)), field(expires, 16),
        bytes(16), bytes((1 if report else 2, 0, int(header), coding, 0)), len(octets).to_bytes(4), octets, _RESERVE))
    return before, after


def read_submit(body: bytes) -> tuple[str, str, bool, int, bool, bytes, str]:
    """``(number, source, header, coding, wants report, octets, valid until)`` of a Submit to one number. Raises PduError."""
    octets = _content(body, 132)
    return read_field(body, 43, 21), read_field(body, 0, 21), bool(body[129]), body[130], body[127] == 1, octets, read_field(body, 95, 16)


def deliver_body(octets: bytes, *, source: str, destination: str, header: bool, coding: int) -> bytes:
    """The body of a Deliver (§4.3.4)."""
    return b"".join((field(source, 21), field(destination, 21), bytes((0, int(header), coding)), len(octets).to_bytes(4), octets, _RESERVE))


def read_deliver(body: bytes) -> Delivery:
    """Raises PduError."""
    octets = _content(body, 45)
    return Delivery(source=read_field(body, 0, 21), destination=read_field(body, 21, 21), header=bool(body[43]), coding=body[44], octets=octets)


def report_body(*, submitted: bytes, number: str, state: int, error: int) -> bytes:
    """The body of a Report (§4.3.5); ``submitted`` are the twelve octets of the Submit."""
    return submitted + b"\0" + field(number, 21) + bytes((state, error)) + _RESERVE


def read_report(body: bytes) -> tuple[bytes, int, int]:
    """``(sequence of the submit, state, error code)``. Raises PduError."""
    if len(body) < 36:
        raise PduError("a Report is cut short")
    return body[:12], body[34], body[35]


def _content(body: bytes, at: int) -> bytes:
    if len(body) < at + 4:
        raise PduError("the content is cut short")
    end = at + 4 + int.from_bytes(body[at:at + 4])
    if len(body) < end:
        raise PduError("the content is cut short")
    return body[at + 4:end]
