"""CMPP 2.0 and 3.0 as a gateway speaks it. Field tables and their sources: ``cmpp_pdu``."""

from collections.abc import Mapping
from datetime import datetime
from hmac import compare_digest

from channels.wire.cmpp_pdu import (
    HEADER_SIZE,
    MAX_PDU,
    Command,
    Layout,
    Login,
    Result,
    authenticator,
    deliver_body,
    pdu,
    read_connect,
    read_submit,
    report_octets,
)
from channels.wire.mainland import BEIJING, cut, international, text_of
from channels.wire.sms_text import SmsText
from channels.wire.speech import Due, Entrance, Ruling, Said, Words

_RESULT = {Ruling.OK: Result.OK, Ruling.THROTTLED: Result.FLOW_CONTROL, Ruling.BAD_NUMBER: Result.NUMBER, Ruling.NOT_LOGGED_IN: Result.STRUCTURE}


class CmppSpeech:
    """The gateway's side; message ids count up in their last two octets, as the specification has it, and on."""

    header_size = HEADER_SIZE
    max_pdu = MAX_PDU
    submit = int(Command.SUBMIT)

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def enter(self, command: int, pdu: bytes, accounts: Mapping[str, str] | None) -> Entrance | None:
        if command != Command.CONNECT:
            return None
        name, proof, version, timestamp = read_connect(pdu[HEADER_SIZE:])
        status = Login.OK
        if version > self._layout.version:
            status = Login.VERSION
        elif accounts is not None and name not in accounts:
            status = Login.SOURCE
        elif accounts is not None and not compare_digest(proof, authenticator(name, accounts[name], timestamp)):
            status = Login.AUTHENTICATION
        reply = int(status).to_bytes(self._layout.result) + bytes(16) + bytes((self._layout.version,))
        return Entrance(status is Login.OK, name, True, True, _reply(Command.CONNECT_RESP, pdu, reply))

    def read_submit(self, data: bytes, at: int, length: int) -> tuple[str, Words]:
        number, source, header, coding, report, octets, valid = read_submit(data[at + HEADER_SIZE:at + length], self._layout)
        return international(number), Words(source, coding, header, octets, report, valid)

    def answer(self, data: bytes, at: int, ruling: Ruling, count: int) -> tuple[bytes, bytes]:
        message_id = count.to_bytes(8) if ruling is Ruling.OK else bytes(8)
        return _reply(Command.SUBMIT_RESP, data[at:at + HEADER_SIZE], message_id + int(_RESULT[ruling]).to_bytes(self._layout.result)), message_id

    def report(self, sequence: int, due: Due, *, done: datetime) -> bytes:
        content = report_octets(layout=self._layout, message_id=due.message_id, stat=due.stat, submitted=due.submitted.astimezone(BEIJING),
                                done=done.astimezone(BEIJING), number=due.destination)
        return pdu(Command.DELIVER, sequence, deliver_body(
            content, layout=self._layout, message_id=sequence.to_bytes(8), destination=due.source, source=due.destination, header=False, coding=0,
            is_report=True))

    def text(self, sequence: int, *, source: str, destination: str, coding: int, header: bool, octets: bytes) -> bytes:
        return pdu(Command.DELIVER, sequence, deliver_body(
            octets, layout=self._layout, message_id=sequence.to_bytes(8), destination=destination, source=source, header=header, coding=coding,
            is_report=False))

    def cut(self, text: str) -> SmsText:
        return cut(text, gbk=False)

    def read(self, words: Words) -> tuple[str, int, int, int]:
        return text_of(words.coding, words.octets, header=words.header)

    def hear(self, command: int, pdu: bytes) -> Said:
        if command == Command.DELIVER_RESP:
            return Said(acks=True)
        if command == Command.ACTIVE_TEST:
            return Said(_reply(Command.ACTIVE_TEST_RESP, pdu, b"\0"))
        if command == Command.TERMINATE:
            return Said(_reply(Command.TERMINATE_RESP, pdu, b""), parts=True)
        return Said()

    def complain(self, pdu: bytes) -> bytes:
        if not pdu:
            return b""
        return _reply(Command.SUBMIT_RESP, pdu, bytes(8) + int(Result.STRUCTURE).to_bytes(self._layout.result))


def _reply(command: int, request: bytes, body: bytes) -> bytes:
    return pdu(command, int.from_bytes(request[8:12]), body)
