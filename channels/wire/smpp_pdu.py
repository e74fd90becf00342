"""SMPP 3.4 on the wire: the few PDUs a text-message client and its simulator speak, as octets and back.

Source: Short Message Peer to Peer Protocol Specification v3.4, 12-Oct-1999, §4 (PDUs), §5.1 (commands and status), §5.2 (fields),
§5.3 (optional parameters), appendix B (delivery receipt). All integers are big-endian.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache
from struct import Struct

from channels.wire.dialect import PduError
from channels.wire.sms_text import MAX_PARTS

HEADER = Struct("!IIII")  # length, command, status, sequence
HEADER_SIZE = 16
MAX_PDU = 70_000  # a message_payload of 64 KiB and its frame; more is not SMPP

_TLV = Struct("!HH")
_RECEIPTED_MESSAGE_ID = 0x001E
_SAR_REF = 0x020C
_SAR_TOTAL = 0x020E
_SAR_SEQ = 0x020F
_MESSAGE_PAYLOAD = 0x0424
_MESSAGE_STATE = 0x0427
_STATES = {1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD"}

UDHI = 0x40  # esm_class: the text starts with a header
RECEIPT = 0x04  # esm_class: this deliver_sm is a delivery receipt
_MESSAGE_TYPE = 0x3C

# Looked for one by one: gateways leave fields out, and some change their order.
_ID = re.compile(rb"\bid:\s*(\S+)", re.IGNORECASE)
_STAT = re.compile(rb"\bstat:\s*(\S+)", re.IGNORECASE)


class Command(IntEnum):
    """SMPP 3.4 §5.1.2.1, as far as it is spoken here."""

    BIND_RECEIVER = 0x00000001
    BIND_TRANSMITTER = 0x00000002
    SUBMIT_SM = 0x00000004
    DELIVER_SM = 0x00000005
    UNBIND = 0x00000006
    BIND_TRANSCEIVER = 0x00000009
    ENQUIRE_LINK = 0x00000015
    ALERT_NOTIFICATION = 0x00000102
    GENERIC_NACK = 0x80000000
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM_RESP = 0x80000005
    UNBIND_RESP = 0x80000006
    BIND_TRANSCEIVER_RESP = 0x80000009
    ENQUIRE_LINK_RESP = 0x80000015


class Status(IntEnum):
    """SMPP 3.4 §5.1.3: the codes that mean something to us; others pass through as numbers."""

    OK = 0x00000000
    INVALID_LENGTH = 0x00000001
    INVALID_COMMAND_LENGTH = 0x00000002
    INVALID_COMMAND = 0x00000003
    NOT_BOUND = 0x00000004
    ALREADY_BOUND = 0x00000005
    SYSTEM_ERROR = 0x00000008
    INVALID_DESTINATION = 0x0000000B
    INVALID_PASSWORD = 0x0000000E
    QUEUE_FULL = 0x00000014
    THROTTLED = 0x00000058
    TEMPORARY_APP_ERROR = 0x00000064


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortMessage:
    """What a submit_sm or a deliver_sm carries; ``octets`` still has its header when ``esm_class`` says so.

    ``segment``: reference, total and number by the optional parameters, which some gateways use instead of a header; 0, 1, 1 without.
    """

    source: str
    destination: str
    esm_class: int
    priority: int
    validity: str
    registered_delivery: int
    data_coding: int
    octets: bytes
    receipted_id: str
    state: str
    segment: tuple[int, int, int]

    @property
    def is_receipt(self) -> bool:
        # 0x08/0x10 are acknowledgements of a person; only the SMSC delivery receipt counts as evidence.
        return self.esm_class & _MESSAGE_TYPE == RECEIPT


def pdu(command: int, sequence: int, body: bytes = b"", *, status: int = Status.OK) -> bytes:
    """A whole PDU."""
    return HEADER.pack(HEADER_SIZE + len(body), command, status, sequence) + body


def bind_body(*, system_id: str, password: str) -> bytes:
    """Body of a bind_transceiver (§4.1.5): no system type, interface version 3.4, no address range."""
    return _text(system_id) + _text(password) + b"\0\x34\0\0\0"


def read_bind(body: bytes) -> tuple[str, str]:
    """``(system_id, password)`` of a bind request."""
    system_id, at = _c_string(body, 0)
    password, _ = _c_string(body, at)
    return system_id, password


def address_kind(address: str) -> tuple[int, int]:
    """``(ton, npi)`` of an address (§5.2.5, §5.2.6): a name, a short code inside the network, or an international number."""
    if not address.isdigit():
        return (5, 0)
    return (3, 0) if len(address) <= 8 else (1, 1)


def validity(expires: datetime) -> bytes:
    """Absolute SMPP time in UTC, ``YYMMDDhhmmsstnnp`` (§7.1.1), so that the network itself drops what has expired."""
    return expires.astimezone(UTC).strftime("%y%m%d%H%M%S000+").encode()


def message_head(*, source: str, destination: str) -> bytes:
    """The first fields of a submit_sm or deliver_sm: service type and both addresses."""
    return b"\0" + address_field(source) + address_field(destination)


def address_field(address: str) -> bytes:
    """One address with its type and plan."""
    if len(address) > 8 and address.isdigit() and address.isascii():
        return b"\1\1%b\0" % address.encode()  # what nearly every address is
    return _short_field(address)


@lru_cache(maxsize=64)
def _short_field(address: str) -> bytes:
    return bytes(address_kind(address)) + _text(address)


def message_tail(octets: bytes, *, esm_class: int, priority: int, valid: bytes, registered: int, data_coding: int) -> bytes:
    """The other fields of a submit_sm (§4.4.1); at most 254 octets of text."""
    return b"".join((bytes((esm_class, 0, priority)), b"\0", valid, b"\0", bytes((registered, 0, data_coding, 0, len(octets))), octets))


def read_message(body: bytes) -> ShortMessage:
    """Read the body of a submit_sm or deliver_sm. Raises PduError when it is cut short."""
    find = body.index
    try:
        at = find(b"\0") + 3  # service type, then type and plan of the source
        end = find(b"\0", at)
        source, at = body[at:end].decode("latin-1"), end + 3
        end = find(b"\0", at)
        destination, at = body[at:end].decode("latin-1"), end + 1
        esm_class, priority = body[at], body[at + 2]
        at = find(b"\0", at + 3) + 1  # scheduled time
        end = find(b"\0", at)
        valid, at = body[at:end].decode("latin-1"), end + 1
        registered, data_coding, length = body[at], body[at + 2], body[at + 4]
    except (IndexError, ValueError):
        raise PduError("a submit_sm or deliver_sm is cut short") from None
    end = at + 5 + length
    octets = body[at + 5:end]
    if len(octets) < length:
        raise PduError("the text of a submit_sm or deliver_sm is cut short")
    tlvs = _read_tlvs(body, end) if end < len(body) else {}
    state = tlvs.get(_MESSAGE_STATE, b"")
    return ShortMessage(
        source=source, destination=destination, esm_class=esm_class, priority=priority, validity=valid,
        registered_delivery=registered, data_coding=data_coding, octets=octets or tlvs.get(_MESSAGE_PAYLOAD, b""),
        receipted_id=tlvs.get(_RECEIPTED_MESSAGE_ID, b"").rstrip(b"\0").decode("latin-1"),
        state=_STATES.get(state[0], "UNKNOWN") if state else "",
        segment=_segment(tlvs) if _SAR_TOTAL in tlvs else (0, 1, 1),
    )


def receipt_octets(*, message_id: bytes, stat: str, submitted: datetime, done: datetime) -> bytes:
    """The text of a delivery receipt as appendix B shows it."""
    return b"id:%b sub:001 dlvrd:%b submit date:%b done date:%b stat:%b err:000 text:" % (
        message_id, b"001" if stat == "DELIVRD" else b"000", _minute(submitted), _minute(done), stat.encode())


def read_receipt(message: ShortMessage) -> tuple[str, str]:
    """``(message id, state)`` of a receipt, from its text or else its optional parameters; empty where neither says so."""
    found_id, found_stat = _ID.search(message.octets), _STAT.search(message.octets)
    return (found_id[1].decode("latin-1") if found_id else message.receipted_id,
            found_stat[1].decode("latin-1").upper() if found_stat else message.state)


@lru_cache(maxsize=64)
def _minute(at: datetime) -> bytes:
    return at.strftime("%y%m%d%H%M").encode()


def _segment(tlvs: dict[int, bytes]) -> tuple[int, int, int]:
    ref, total, seq = (int.from_bytes(tlvs.get(tag, b"")) for tag in (_SAR_REF, _SAR_TOTAL, _SAR_SEQ))
    return (ref, total, seq) if 1 <= seq <= total <= MAX_PARTS else (0, 1, 1)


def _text(value: str) -> bytes:
    return value.encode("latin-1", "replace").replace(b"\0", b"") + b"\0"


def _c_string(body: bytes, at: int) -> tuple[str, int]:
    end = body.find(b"\0", at)
    if end < 0:
        raise PduError("a string without its end")
    return body[at:end].decode("latin-1"), end + 1


def _read_tlvs(body: bytes, at: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while at + 4 <= len(body):
        tag, length = _TLV.unpack_from(body, at)
        found[tag] = body[at + 4:at + 4 + length]
        at += 4 + length
    return found
