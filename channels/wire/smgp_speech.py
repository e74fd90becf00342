"""SMGP 3.0.3 as a gateway speaks it. Field tables and their sources: ``smgp_pdu``."""

from collections.abc import Callable, Mapping
from datetime import datetime
from hmac import compare_digest

from channels.wire.mainland import BEIJING, cut, international, text_of
from channels.wire.smgp_pdu import (
    HEADER_SIZE,
    MAX_PDU,
    VERSION,
    Command,
    Status,
    authenticator,
    deliver_body,
    pdu,
    read_login,
    read_submit,
    report_octets,
)
from channels.wire.sms_text import SmsText
from channels.wire.speech import Due, Entrance, Ruling, Said, Words

_STATUS = {Ruling.OK: Status.OK, Ruling.THROTTLED: Status.BUSY, Ruling.BAD_NUMBER: Status.NUMBER, Ruling.NOT_LOGGED_IN: Status.AUTHENTICATION}


class SmgpSpeech:
    """The gateway's side; message ids are ten octets of binary-coded decimals, as the specification has it."""

    header_size = HEADER_SIZE
    max_pdu = MAX_PDU
    submit = int(Command.SUBMIT)

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def enter(self, command: int, pdu: bytes, accounts: Mapping[str, str] | None) -> Entrance | None:
        if command != Command.LOGIN:
            return None
        name, proof, timestamp, version = read_login(pdu[HEADER_SIZE:])
        status = Status.OK
        if version > VERSION:
            status = Status.VERSION
        elif accounts is not None and not compare_digest(proof, authenticator(name, accounts.get(name, ""), timestamp)):
            status = Status.AUTHENTICATION
        return Entrance(status is Status.OK, name, True, True,
                        _reply(Command.LOGIN_RESP, pdu, int(status).to_bytes(4) + bytes(16) + bytes((VERSION,))))

    def read_submit(self, data: bytes, at: int, length: int) -> tuple[str, Words]:
        number, source, header, coding, report, octets, valid = read_submit(data[at + HEADER_SIZE:at + length])
        return international(number), Words(source, coding, header, octets, report, valid)

    def answer(self, data: bytes, at: int, ruling: Ruling, count: int) -> tuple[bytes, bytes]:
        message_id = bytes.fromhex(f"{count:020d}") if ruling is Ruling.OK else bytes(10)
        return _reply(Command.SUBMIT_RESP, data[at:at + HEADER_SIZE], message_id + int(_STATUS[ruling]).to_bytes(4)), message_id

    def report(self, sequence: int, due: Due, *, done: datetime) -> bytes:
        content = report_octets(message_id=due.message_id, stat=due.stat, submitted=due.submitted.astimezone(BEIJING), done=done.astimezone(BEIJING))
        return pdu(Command.DELIVER, sequence, deliver_body(
            content, message_id=sequence.to_bytes(10), received=done.astimezone(BEIJING), source=due.destination, destination=due.source,
            header=False, coding=0, is_report=True))

    def text(self, sequence: int, *, source: str, destination: str, coding: int, header: bool, octets: bytes) -> bytes:
        return pdu(Command.DELIVER, sequence, deliver_body(
            octets, message_id=sequence.to_bytes(10), received=self._now().astimezone(BEIJING), source=source, destination=destination,
            header=header, coding=coding, is_report=False))

    def cut(self, text: str) -> SmsText:
        return cut(text, gbk=False)

    def read(self, words: Words) -> tuple[str, int, int, int]:
        return text_of(words.coding, words.octets, header=words.header)

    def hear(self, command: int, pdu: bytes) -> Said:
        if command == Command.DELIVER_RESP:
            return Said(acks=True)
        if command == Command.ACTIVE_TEST:
            return Said(_reply(Command.ACTIVE_TEST_RESP, pdu, b""))
        if command == Command.EXIT:
            return Said(_reply(Command.EXIT_RESP, pdu, b""), parts=True)
        return Said()

    def complain(self, pdu: bytes) -> bytes:
        if not pdu:
            return b""
        return _reply(Command.SUBMIT_RESP, pdu, bytes(10) + int(Status.STRUCTURE).to_bytes(4))


def _reply(command: int, request: bytes, body: bytes) -> bytes:
    return pdu(command, int.from_bytes(request[8:12]), body)
