"""SMGP 3.0.3 on the wire, both sides: China Telecom's protocol between a service provider and the gateway.

Source: China Telecom, SMGP interface specification V3.0.3, §7 (messages), §8 (optional parameters). Integers are big-endian. A report is a
DELIVER with the text of an SMPP receipt, only that its id is ten raw octets.
"""

import re
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
VERSION = 0x30

_TLV = Struct("!HH")
_TP_UDHI = 0x0002
_PK_TOTAL = 0x0009
_PK_NUMBER = 0x000A
_MT = 6  # MsgType: a provider's message to a handset
_BOTH_WAYS = 2  # LoginMode
# The id is ten octets of anything; some gateways write its hexadecimal digits instead.
_REPORT = re.compile(rb"id:(?:([0-9A-Fa-f]{20})|(.{10})) sub:.*?stat:\s*([A-Za-z]+)", re.DOTALL)


class Command(IntEnum):
    LOGIN = 0x00000001
    SUBMIT = 0x00000002
    DELIVER = 0x00000003
    ACTIVE_TEST = 0x00000004
    EXIT = 0x00000006
    LOGIN_RESP = 0x80000001
    SUBMIT_RESP = 0x80000002
    DELIVER_RESP = 0x80000003
    ACTIVE_TEST_RESP = 0x80000004
    EXIT_RESP = 0x80000006


class Status(IntEnum):
    """As far as it means something to us."""

    OK = 0
    BUSY = 1
    CONNECTIONS = 2
    STRUCTURE = 10
    IP = 20
    AUTHENTICATION = 21
    VERSION = 22
    LENGTH = 36
    EXPIRED = 37
    NUMBER = 47
    DAILY_QUOTA = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A DELIVER: what a person sent, or a report (then ``octets`` are its text)."""

    message_id: bytes
    source: str
    destination: str
    header: bool
    coding: int
    is_report: bool
    octets: bytes


def pdu(command: int, sequence: int, body: bytes = b"") -> bytes:
    return HEADER.pack(HEADER_SIZE + len(body), command, sequence) + body


def authenticator(client_id: str, secret: str, timestamp: str) -> bytes:
    """MD5 of ClientID, seven zero octets, the shared secret and MMDDHHMMSS (§7.2.1)."""
    return md5(client_id.encode() + bytes(7) + secret.encode() + timestamp.encode(), usedforsecurity=False).digest()


def login_body(*, client_id: str, secret: str, timestamp: str) -> bytes:
    return b"".join((field(client_id, 8), authenticator(client_id, secret, timestamp), bytes((_BOTH_WAYS,)), int(timestamp).to_bytes(4),
                     bytes((VERSION,))))


def read_login(body: bytes) -> tuple[str, bytes, str, int]:
    """``(client id, authenticator, timestamp, version)``. Raises PduError."""
    if len(body) < 30:
        raise PduError("a Login is cut short")
    return read_field(body, 0, 8), body[8:24], f"{int.from_bytes(body[25:29]):010d}", body[29]


def submit_halves(
    octets: bytes, *, total: int, seq: int, report: bool, priority: int, service: str, fee_type: str, fee_code: str, valid: str, source: str,
    header: bool, coding: int,
) -> tuple[bytes, bytes]:
    """The body of a Submit to one number (§7.2.2), before and behind that number."""
    before = b"".join((
        bytes((_MT, int(report), priority)), field(service, 10), field(fee_type, 2), field(fee_code, 6), field("0", 6), bytes((coding,)),
        field(valid, 17), bytes(17), field(source, 21), bytes(21), b"\1"))
    tlvs = b"".join(_TLV.pack(tag, 1) + bytes((value,)) for tag, value in ((_TP_UDHI, 1), (_PK_TOTAL, total), (_PK_NUMBER, seq))) if header else b""
    return before, bytes((len(octets),)) + octets + bytes(8) + tlvs


def read_submit(body: bytes) -> tuple[str, str, bool, int, bool, bytes, str]:
    """``(number, source, header, coding, wants report, octets, valid until)`` of a Submit to one number. Raises PduError."""
    octets, tlvs = _content(body, 126)
    return read_field(body, 105, 21), read_field(body, 62, 21), tlvs.get(_TP_UDHI) == b"\1", body[27], body[1] == 1, octets, read_field(body, 28, 17)


def deliver_body(
    octets: bytes, *, message_id: bytes, received: datetime, source: str, destination: str, header: bool, coding: int, is_report: bool,
) -> bytes:
    """The body of a Deliver (§7.2.3)."""
    return b"".join((message_id, bytes((int(is_report), coding)), received.strftime("%Y%m%d%H%M%S").encode(), field(source, 21),
                     field(destination, 21), bytes((len(octets),)), octets, bytes(8), _TLV.pack(_TP_UDHI, 1) + b"\1" if header else b""))


def read_deliver(body: bytes) -> Delivery:
    """Raises PduError."""
    octets, tlvs = _content(body, 68)
    return Delivery(message_id=body[:10], source=read_field(body, 26, 21), destination=read_field(body, 47, 21), header=tlvs.get(_TP_UDHI) == b"\1",
                    coding=body[11], is_report=body[10] == 1, octets=octets)


def report_octets(*, message_id: bytes, stat: str, submitted: datetime, done: datetime) -> bytes:
    return b"id:%b sub:001 dlvrd:%b submit date:%b done date:%b stat:%b err:000 text:" % (
        message_id, b"001" if stat == "DELIVRD" else b"000", submitted.strftime("%y%m%d%H%M").encode(), done.strftime("%y%m%d%H%M").encode(),
        stat.encode())


def read_report(octets: bytes) -> tuple[str, str]:
    """``(message id as hexadecimal digits, state)``. Raises PduError."""
    found = _REPORT.search(octets)
    if found is None:
        raise PduError("a report without id and state")
    return found[1].decode().lower() if found[1] else found[2].hex(), found[3].decode().upper()


def _content(body: bytes, at: int) -> tuple[bytes, dict[int, bytes]]:
    if len(body) <= at or len(body) < at + 1 + body[at]:
        raise PduError("the content is cut short")
    end = at + 1 + body[at]
    tlvs: dict[int, bytes] = {}
    place = end + 8
    while place + 4 <= len(body):
        tag, length = _TLV.unpack_from(body, place)
        tlvs[tag] = body[place + 4:place + 4 + length]
        place += 4 + length
    return body[at + 1:end], tlvs
