"""SGIP 1.2 as a gateway speaks it: reports and replies go by a connection that it opens itself. Field tables: ``sgip_pdu``."""

from collections.abc import Callable, Mapping
from datetime import datetime

from channels.wire.mainland import cut, international, national, stamp, text_of
from channels.wire.sgip_pdu import (
    HEADER_SIZE,
    MAX_PDU,
    SMG_TO_SP,
    SP_TO_SMG,
    Command,
    Result,
    State,
    bind_body,
    deliver_body,
    pdu,
    read_bind,
    read_submit,
    report_body,
    result_body,
)
from channels.wire.sms_text import SmsText
from channels.wire.speech import Due, Entrance, Ruling, Said, Words

_RESULT = {Ruling.OK: Result.OK, Ruling.THROTTLED: Result.BUSY, Ruling.BAD_NUMBER: Result.NUMBER, Ruling.NOT_LOGGED_IN: Result.LOGIN}
_NODE = 3_010_000_001
_NO_SUCH_USER = 29


class SgipSpeech:
    """The gateway's side; a message's id is the sequence it came with."""

    header_size = HEADER_SIZE
    max_pdu = MAX_PDU
    submit = int(Command.SUBMIT)

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def enter(self, command: int, pdu: bytes, accounts: Mapping[str, str] | None) -> Entrance | None:
        if command != Command.BIND:
            return None
        login_type, name, password = read_bind(pdu[HEADER_SIZE:])
        result = Result.OK
        if login_type != SP_TO_SMG:
            result = Result.LOGIN_TYPE
        elif accounts is not None and accounts.get(name) != password:
            result = Result.LOGIN
        return Entrance(result is Result.OK, name, True, False, _reply(Command.BIND_RESP, pdu, result))

    def greet(self, sequence: int, name: str, password: str) -> bytes:
        """The login at a provider's listener."""
        return pdu(Command.BIND, self._numbered(sequence), bind_body(login_type=SMG_TO_SP, name=name, password=password))

    def read_submit(self, data: bytes, at: int, length: int) -> tuple[str, Words]:
        number, source, header, coding, report, octets, valid = read_submit(data[at + HEADER_SIZE:at + length])
        return international(number), Words(source, coding, header, octets, report, valid)

    def answer(self, data: bytes, at: int, ruling: Ruling, count: int) -> tuple[bytes, bytes]:  # noqa: ARG002 - the client numbers here
        return _reply(Command.SUBMIT_RESP, data[at:at + HEADER_SIZE], _RESULT[ruling]), data[at + 8:at + 20]

    def report(self, sequence: int, due: Due, *, done: datetime) -> bytes:  # noqa: ARG002 - it carries no time
        delivered = due.stat == "DELIVRD"
        return pdu(Command.REPORT, self._numbered(sequence), report_body(
            submitted=due.message_id, number=due.destination, state=State.SENT if delivered else State.FAILED,
            error=0 if delivered else _NO_SUCH_USER))

    def text(self, sequence: int, *, source: str, destination: str, coding: int, header: bool, octets: bytes) -> bytes:
        return pdu(Command.DELIVER, self._numbered(sequence), deliver_body(
            octets, source=national(source), destination=destination, header=header, coding=coding))

    def cut(self, text: str) -> SmsText:
        return cut(text, gbk=False)

    def read(self, words: Words) -> tuple[str, int, int, int]:
        return text_of(words.coding, words.octets, header=words.header)

    def hear(self, command: int, pdu: bytes) -> Said:
        if command in (Command.DELIVER_RESP, Command.REPORT_RESP):
            return Said(acks=True)
        if command == Command.BIND_RESP:
            return Said(welcomed=pdu[HEADER_SIZE:HEADER_SIZE + 1] == b"\0")
        if command == Command.UNBIND:
            return Said(HEADER_SIZE.to_bytes(4) + int(Command.UNBIND_RESP).to_bytes(4) + pdu[8:20], parts=True)
        return Said()

    def complain(self, pdu: bytes) -> bytes:
        return _reply(Command.SUBMIT_RESP, pdu, Result.PARAMETER) if pdu else b""

    def _numbered(self, sequence: int) -> bytes:
        return _NODE.to_bytes(4) + int(stamp(self._now())).to_bytes(4) + sequence.to_bytes(4)


def _reply(command: int, request: bytes, result: Result) -> bytes:
    return pdu(command, request[8:20], result_body(result))
