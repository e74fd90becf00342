"""SMPP 3.4 as a dialect of the session core. Field tables and their sources: ``smpp_pdu``."""

import re
from datetime import datetime

from channels.message import Outcome, Reason
from channels.wire.dialect import Act, Heard, Report, Template, Text
from channels.wire.smpp_pdu import (
    HEADER,
    HEADER_SIZE,
    MAX_PDU,
    UDHI,
    Command,
    ShortMessage,
    Status,
    address_field,
    bind_body,
    message_tail,
    pdu,
    read_message,
    read_receipt,
    validity,
)
from channels.wire.sms_text import SmsText, decode, encode, misfits, split_header

_FAULTS: dict[int, tuple[Outcome, Reason]] = {
    Status.THROTTLED: (Outcome.RETRY, Reason.RATE_LIMITED),
    Status.QUEUE_FULL: (Outcome.RETRY, Reason.RATE_LIMITED),
    Status.NOT_BOUND: (Outcome.RETRY, Reason.UNREACHABLE),
    Status.SYSTEM_ERROR: (Outcome.RETRY, Reason.REFUSED),
    Status.TEMPORARY_APP_ERROR: (Outcome.RETRY, Reason.REFUSED),
    Status.INVALID_DESTINATION: (Outcome.REJECTED, Reason.BAD_ADDRESS),
    Status.INVALID_LENGTH: (Outcome.REJECTED, Reason.TOO_LONG),
}
# A receipt as appendix B writes it, which is what nearly every gateway sends: behind service type and two addresses an esm_class that says
# so, then the text with both words, all at one look.
_USUAL = re.compile(rb"[^\0]*\0..[^\0]*\0..[^\0]*\0[\x04-\x07\x44-\x47\x84-\x87\xc4-\xc7].*?id:(\S+) sub:.*? stat:([A-Z]+)", re.DOTALL)
_ACK = HEADER.pack(HEADER_SIZE + 1, Command.DELIVER_SM_RESP, 0, 0)[:12]
_SUBMIT_SM = int(Command.SUBMIT_SM)


class SmppDialect:
    """One account at one SMPP gateway."""

    header_size = HEADER_SIZE
    max_pdu = MAX_PDU
    first_sequence = 0
    numbers = re.compile(r"\+?[1-9]\d{6,14}", re.ASCII)  # ITU-T E.164: at most 15 digits, no leading zero
    answer = int(Command.SUBMIT_SM_RESP)
    deliveries = frozenset({int(Command.DELIVER_SM)})
    faults = _FAULTS
    throttled = frozenset({int(Status.THROTTLED), int(Status.QUEUE_FULL)})
    unbound = frozenset({int(Status.NOT_BOUND)})
    report_word = "deliver_sm"

    def __init__(self, *, system_id: str, password: str, source: str, reports: bool) -> None:
        self._system_id, self._password, self._reports = system_id, password, reports
        self._from = b"\0" + address_field(source)  # service type and sender are the same for all
        self._frames: dict[int, bytes] = {}

    def login(self, sequence: int) -> bytes:
        return pdu(Command.BIND_TRANSCEIVER, sequence, bind_body(system_id=self._system_id, password=self._password))

    def welcome(self, status: int) -> bool:
        return status in (Status.OK, Status.ALREADY_BOUND)

    def logout(self, sequence: int) -> bytes:
        return pdu(Command.UNBIND, sequence)

    def probe(self, sequence: int) -> bytes:
        return pdu(Command.ENQUIRE_LINK, sequence)

    def frame(self, body_length: int) -> bytes:
        found = self._frames.get(body_length)
        if found is None:
            found = self._frames[body_length] = HEADER.pack(HEADER_SIZE + body_length, _SUBMIT_SM, 0, 0)[:12]
        return found

    def read_answer(self, data: bytes, at: int, length: int) -> tuple[int, int, str]:
        _, _, status, sequence = HEADER.unpack_from(data, at)
        # The id is empty where the body is left out, as it is beside an error.
        return sequence, status, data[at + HEADER_SIZE:at + length].partition(b"\0")[0].decode("latin-1")

    def read_delivery(self, pdu: bytes) -> tuple[bytes, Report | Text]:
        ack = _ACK + pdu[12:16] + b"\0"
        usual = _USUAL.match(pdu, HEADER_SIZE)
        if usual is not None:
            return ack, Report(usual[1].decode("latin-1"), usual[2].decode("ascii"))
        message = read_message(pdu[HEADER_SIZE:])
        return ack, Report(*read_receipt(message)) if message.is_receipt else text_of(message)

    def refuse_delivery(self, pdu: bytes) -> bytes:
        return HEADER.pack(HEADER_SIZE + 1, Command.DELIVER_SM_RESP, Status.INVALID_LENGTH, int.from_bytes(pdu[12:16])) + b"\0"

    def hear(self, command: int, pdu: bytes) -> Heard:
        _, _, status, sequence = HEADER.unpack_from(pdu)
        if command == Command.ENQUIRE_LINK:
            return Heard(Act.REPLY, HEADER.pack(HEADER_SIZE, Command.ENQUIRE_LINK_RESP, 0, sequence))
        if command == Command.UNBIND:
            return Heard(Act.GOODBYE, HEADER.pack(HEADER_SIZE, Command.UNBIND_RESP, 0, sequence))
        if command == Command.BIND_TRANSCEIVER_RESP:
            return Heard(Act.LOGGED_IN, status=status)
        if command == Command.UNBIND_RESP:
            return Heard(Act.PARTED)
        if command == Command.GENERIC_NACK:
            return Heard(Act.REFUSED, status=status, sequence=sequence)
        if command in (Command.ENQUIRE_LINK_RESP, Command.ALERT_NOTIFICATION):
            return Heard(Act.ALIVE)
        return Heard(Act.REPLY, HEADER.pack(HEADER_SIZE, Command.GENERIC_NACK, Status.INVALID_COMMAND, sequence))

    def cut(self, text: str, *, flash: bool) -> SmsText:  # noqa: ARG002 - both alphabets exist in class 0
        return encode(text)

    def misfits(self, text: str) -> str:
        return misfits(text)

    def templates(self, text: SmsText, *, ref: int, priority: int, expires: datetime, flash: bool) -> list[Template]:
        valid = validity(expires)
        return [
            Template(self._from, message_tail(
                part, esm_class=UDHI if text.concatenated else 0, priority=min(max(priority - 1, 0), 3), valid=valid,
                registered=int(self._reports), data_coding=text.data_coding | (FLASH if flash else 0)))
            for part in text.parts(ref=ref)
        ]

    def number(self, digits: str) -> bytes:
        return address_field(digits)

    def said(self, status: int) -> str:
        return f"submit_sm_resp 0x{status:08x}"

    def login_said(self, status: int) -> str:
        return f"bind_transceiver_resp 0x{status:08x}"


FLASH = 0x10
"""data_coding 0x10 | alphabet (TS 23.038 §4, general data coding, message class 0): shown at once, and stored by nobody."""


def text_of(message: ShortMessage) -> Text:
    """What a person wrote, whole or one part of it."""
    if not message.esm_class & UDHI:
        return Text(message.source, decode(message.data_coding, message.octets), *message.segment)
    part = split_header(message.octets)
    return Text(message.source, decode(message.data_coding, part.octets), part.ref, part.total, part.seq)
