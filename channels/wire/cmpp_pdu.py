"""CMPP 2.0 and 3.0 on the wire, both sides: China Mobile's protocol between a service provider and the gateway (ISMG).

Source: China Mobile, CMPP interface specification V2.0 and V3.0.0 (QB-GF-028-2003), §7 message definitions. Integers are big-endian. Version 3.0
has longer numbers with a type behind each, longer results, and a LinkID where 2.0 has eight reserved octets.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from hashlib import md5
from struct import Struct

from channels.wire.dialect import PduError
from channels.wire.mainland import field, read_field

HEADER = Struct("!III")  # length, command, sequence
HEADER_SIZE = 12
MAX_PDU = 4096
REPORT = 1


class Command(IntEnum):
    CONNECT = 0x00000001
    TERMINATE = 0x00000002
    SUBMIT = 0x00000004
    DELIVER = 0x00000005
    ACTIVE_TEST = 0x00000008
    CONNECT_RESP = 0x80000001
    TERMINATE_RESP = 0x80000002
    SUBMIT_RESP = 0x80000004
    DELIVER_RESP = 0x80000005
    ACTIVE_TEST_RESP = 0x80000008


class Result(IntEnum):
    """Of a submit, as far as it means something to us."""

    OK = 0
    STRUCTURE = 1
    LENGTH = 4
    TOO_LONG = 6
    FLOW_CONTROL = 8
    NUMBER = 13


class Login(IntEnum):
    OK = 0
    STRUCTURE = 1
    SOURCE = 2
    AUTHENTICATION = 3
    VERSION = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What differs between the versions."""

    version: int  # the octet of CONNECT
    number: int  # octets of a terminal's number
    type: int  # octets of its type
    tail: int  # octets behind the content: Reserve or LinkID
    result: int  # octets of a result, and of a login's status


V20 = Layout(version=0x20, number=21, type=0, tail=8, result=1)
V30 = Layout(version=0x30, number=32, type=1, tail=20, result=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A DELIVER: what a person sent, or a report (then ``octets`` are its body)."""

    message_id: bytes
    destination: str
    source: str
    header: bool
    coding: int
    is_report: bool
    octets: bytes


def pdu(command: int, sequence: int, body: bytes = b"") -> bytes:
    return HEADER.pack(HEADER_SIZE + len(body), command, sequence) + body


def authenticator(sp_id: str, secret: str, timestamp: str) -> bytes:
    """MD5 of Source_Addr, nine zero octets, the shared secret and MMDDHHMMSS (§7.4.1.1)."""
    return md5(sp_id.encode() + bytes(9) + secret.encode() + timestamp.encode(), usedforsecurity=False).digest()


def connect_body(*, sp_id: str, secret: str, timestamp: str, layout: Layout) -> bytes:
    return b"".join((field(sp_id, 6), authenticator(sp_id, secret, timestamp), bytes((layout.version,)), int(timestamp).to_bytes(4)))


def read_connect(body: bytes) -> tuple[str, bytes, int, str]:
    """``(sp id, authenticator, version, timestamp)``. Raises PduError."""
    if len(body) < 27:
        raise PduError("a CMPP_CONNECT is cut short")
    return read_field(body, 0, 6), body[6:22], body[22], f"{int.from_bytes(body[23:27]):010d}"


def submit_halves(
    octets: bytes, *, layout: Layout, total: int, seq: int, report: bool, level: int, service: str, sp_id: str, fee_type: str, fee_code: str,
    valid: str, source: str, header: bool, coding: int,
) -> tuple[bytes, bytes]:
    """The body of a SUBMIT to one number (§7.4.3.1), before and behind that number. The provider pays (Fee_UserType 2)."""
    before = b"".join((
        bytes(8), bytes((total, seq, int(report), level)), field(service, 10), b"\2", bytes(layout.number + layout.type),
        bytes((0, int(header), coding)), field(sp_id, 6), field(fee_type, 2), field(fee_code, 6), field(valid, 17), bytes(17),
        field(source, 21), b"\1"))
    return before, bytes(layout.type) + bytes((len(octets),)) + octets + bytes(layout.tail)


def read_submit(body: bytes, layout: Layout) -> tuple[str, str, bool, int, bool, bytes, str]:
    """``(number, source, header, coding, wants report, octets, valid until)`` of a SUBMIT to one number. Raises PduError."""
    at = 23 + layout.number + layout.type  # TP_pid
    number = at + 3 + 6 + 2 + 6 + 17 + 17 + 21 + 1
    length = number + layout.number + layout.type
    octets = _content(body, length)
    return (read_field(body, number, layout.number), read_field(body, number - 22, 21), bool(body[at + 1]), body[at + 2], body[10] == 1, octets,
            read_field(body, at + 17, 17))


def deliver_body(
    octets: bytes, *, layout: Layout, message_id: bytes, destination: str, source: str, header: bool, coding: int, is_report: bool,
) -> bytes:
    """The body of a DELIVER (§7.4.5.1)."""
    return b"".join((
        message_id, field(destination, 21), bytes(10), bytes((0, int(header), coding)), field(source, layout.number), bytes(layout.type),
        bytes((int(is_report), len(octets))), octets, bytes(layout.tail)))


def read_deliver(body: bytes, layout: Layout) -> Delivery:
    """Raises PduError."""
    at = 42 + layout.number + layout.type  # Registered_Delivery
    octets = _content(body, at + 1)
    return Delivery(message_id=body[:8], destination=read_field(body, 8, 21), source=read_field(body, 42, layout.number), header=bool(body[40]),
                    coding=body[41], is_report=body[at] == REPORT, octets=octets)


def report_octets(*, layout: Layout, message_id: bytes, stat: str, submitted: datetime, done: datetime, number: str) -> bytes:
    """The content of a report (§7.4.5.1): Msg_Id, Stat, Submit_time, Done_time, Dest_terminal_Id, SMSC_sequence."""
    return b"".join((message_id, field(stat, 7), submitted.strftime("%y%m%d%H%M").encode(), done.strftime("%y%m%d%H%M").encode(),
                     field(number, layout.number), bytes(4)))


def _content(body: bytes, at: int) -> bytes:
    if len(body) <= at or len(body) < at + 1 + body[at]:
        raise PduError("the content is cut short")
    return body[at + 1:at + 1 + body[at]]
