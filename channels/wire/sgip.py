"""SGIP 1.2 as a dialect of the session core. Field tables and their sources: ``sgip_pdu``. It has no keep-alive: gateways cut what is idle."""

import random
from collections.abc import Callable
from datetime import datetime

from channels.message import Outcome, Reason
from channels.wire.dialect import MAX_SEQUENCE, Act, Heard, PduError, Report, Template, Text
from channels.wire.mainland import FLASH, MOBILE, cut, field, international, misfits, stamp, text_of, valid_until
from channels.wire.sgip_pdu import (
    HEADER_SIZE,
    MAX_PDU,
    SP_TO_SMG,
    Command,
    Result,
    State,
    bind_body,
    pdu,
    read_deliver,
    read_report,
    result_body,
    submit_halves,
)
from channels.wire.sms_text import SmsText

_FAULTS: dict[int, tuple[Outcome, Reason]] = {
    Result.LOGIN: (Outcome.RETRY, Reason.UNREACHABLE),
    Result.BUSY: (Outcome.RETRY, Reason.RATE_LIMITED),
    Result.QUEUE_FULL: (Outcome.RETRY, Reason.RATE_LIMITED),
    Result.SYSTEM: (Outcome.RETRY, Reason.REFUSED),
    Result.LENGTH: (Outcome.REJECTED, Reason.TOO_LONG),
    Result.NUMBER: (Outcome.REJECTED, Reason.BAD_ADDRESS),
    Result.UNKNOWN_USER: (Outcome.REJECTED, Reason.BAD_ADDRESS),
}
_WORDS = {Result.LOGIN: "login refused: name or password", Result.REPEATED_LOGIN: "logged in twice", Result.CONNECTIONS: "too many connections",
          Result.LOGIN_TYPE: "login type", Result.PARAMETER: "a field's form", Result.NUMBER: "destination number", Result.LENGTH: "text too long",
          Result.BUSY: "busy", Result.UNKNOWN_USER: "unknown user", Result.SYSTEM: "system failure", Result.QUEUE_FULL: "queue full"}
_STATES: dict[int, str] = {State.SENT: "DELIVRD", State.WAITING: "ENROUTE"}
_ANSWERS = {int(Command.DELIVER): int(Command.DELIVER_RESP), int(Command.REPORT): int(Command.REPORT_RESP)}


class SgipDialect:
    """One account at one gateway of China Unicom."""

    header_size = HEADER_SIZE
    max_pdu = MAX_PDU
    answer = int(Command.SUBMIT_RESP)
    deliveries = frozenset({int(Command.DELIVER), int(Command.REPORT)})
    faults = _FAULTS
    throttled = frozenset({int(Result.BUSY), int(Result.QUEUE_FULL)})
    unbound = frozenset({int(Result.LOGIN)})
    report_word = "SGIP Report"
    numbers = MOBILE

    def __init__(
        self, *, node: int, name: str, password: str, corp: str, source: str, service: str, fee_type: int, fee_value: str, reports: bool, gbk: bool,
        now: Callable[[], datetime],
    ) -> None:
        self._node, self._name, self._password, self._corp, self._source, self._service = node, name, password, corp, source, service
        self._fee_type, self._fee_value, self._reports, self._gbk, self._now = fee_type, fee_value, reports, gbk, now

    @property
    def first_sequence(self) -> int:
        # The sequence is the message's id too: two sessions within a second must not give the same one.
        return random.randrange(MAX_SEQUENCE)

    def _numbered(self, sequence: int) -> bytes:
        return self._node.to_bytes(4) + int(stamp(self._now())).to_bytes(4) + sequence.to_bytes(4)

    def login(self, sequence: int) -> bytes:
        return pdu(Command.BIND, self._numbered(sequence), bind_body(login_type=SP_TO_SMG, name=self._name, password=self._password))

    def welcome(self, status: int) -> bool:
        return status == Result.OK

    def logout(self, sequence: int) -> bytes:
        return pdu(Command.UNBIND, self._numbered(sequence))

    def probe(self, sequence: int) -> bytes:  # noqa: ARG002 - there is none
        return b""

    def frame(self, body_length: int) -> bytes:
        return pdu(Command.SUBMIT, self._numbered(0), bytes(body_length))[:16]

    def read_answer(self, data: bytes, at: int, length: int) -> tuple[int, int, str]:
        if length < HEADER_SIZE + 1:
            raise PduError("a Submit_Resp is cut short")
        return int.from_bytes(data[at + 16:at + 20]), data[at + 20], data[at + 8:at + 20].hex()

    def read_delivery(self, pdu: bytes) -> tuple[bytes, Report | Text]:
        ack = self._ack(pdu, Result.OK)
        if int.from_bytes(pdu[4:8]) == Command.REPORT:
            submitted, state, error = read_report(pdu[HEADER_SIZE:])
            return ack, Report(submitted.hex(), f"UNDELIV/{error}" if state == State.FAILED else _STATES.get(state, "UNKNOWN"))
        delivery = read_deliver(pdu[HEADER_SIZE:])
        words, ref, total, seq = text_of(delivery.coding, delivery.octets, header=delivery.header)
        return ack, Text(international(delivery.source), words, ref, total, seq)

    def refuse_delivery(self, pdu: bytes) -> bytes:
        return self._ack(pdu, Result.PARAMETER)

    def _ack(self, request: bytes, result: Result) -> bytes:
        return pdu(_ANSWERS[int.from_bytes(request[4:8])], request[8:20], result_body(result))

    def hear(self, command: int, pdu: bytes) -> Heard:
        if command == Command.BIND_RESP:
            if len(pdu) <= HEADER_SIZE:
                raise PduError("a Bind_Resp is cut short")
            return Heard(Act.LOGGED_IN, status=pdu[HEADER_SIZE])
        if command == Command.UNBIND:
            return Heard(Act.GOODBYE, HEADER_SIZE.to_bytes(4) + int(Command.UNBIND_RESP).to_bytes(4) + pdu[8:20])
        if command == Command.UNBIND_RESP:
            return Heard(Act.PARTED)
        return Heard(Act.ALIVE)

    def cut(self, text: str, *, flash: bool) -> SmsText:
        return cut(text, gbk=self._gbk and not flash)  # there is no GBK in class 0

    def misfits(self, text: str) -> str:
        return misfits(text)

    def templates(self, text: SmsText, *, ref: int, priority: int, expires: datetime, flash: bool) -> list[Template]:
        return [
            Template(*submit_halves(
                part, report=self._reports, priority=priority, corp=self._corp, service=self._service, fee_type=self._fee_type,
                fee_value=self._fee_value, expires=valid_until(expires), source=self._source, header=text.concatenated,
                coding=text.data_coding | (FLASH if flash else 0)))
            for part in text.parts(ref=ref)
        ]

    def number(self, digits: str) -> bytes:
        return field(digits, 21)  # with 86 in front, as the specification asks

    def said(self, status: int) -> str:
        return f"Submit_Resp {status}" + (f" ({_WORDS[Result(status)]})" if status in _WORDS else "")

    def login_said(self, status: int) -> str:
        return f"Bind_Resp {status}" + (f" ({_WORDS[Result(status)]})" if status in _WORDS else "")
