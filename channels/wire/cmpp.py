"""CMPP 2.0 and 3.0 as a dialect of the session core. Field tables and their sources: ``cmpp_pdu``."""

from collections.abc import Callable
from datetime import datetime

from channels.message import Outcome, Reason
from channels.wire.cmpp_pdu import (
    HEADER,
    HEADER_SIZE,
    MAX_PDU,
    Command,
    Layout,
    Login,
    Result,
    connect_body,
    pdu,
    read_deliver,
    submit_halves,
)
from channels.wire.dialect import Act, Heard, PduError, Report, Template, Text
from channels.wire.mainland import (
    FLASH,
    MOBILE,
    cut,
    field,
    international,
    misfits,
    national,
    stamp,
    text_of,
    valid_until,
)
from channels.wire.sms_text import SmsText

_FAULTS: dict[int, tuple[Outcome, Reason]] = {
    Result.FLOW_CONTROL: (Outcome.RETRY, Reason.RATE_LIMITED),
    Result.LENGTH: (Outcome.REJECTED, Reason.TOO_LONG),
    Result.TOO_LONG: (Outcome.REJECTED, Reason.TOO_LONG),
    Result.NUMBER: (Outcome.REJECTED, Reason.BAD_ADDRESS),
}
_WORDS = {1: "structure", 2: "command", 3: "sequence used twice", 4: "length", 5: "fee code", 6: "text too long", 7: "service id", 8: "flow control",
          9: "not this gateway's number", 10: "source number", 11: "provider id", 12: "charged number", 13: "destination number"}
_LOGIN = {Login.STRUCTURE: "structure", Login.SOURCE: "unknown sp_id or address", Login.AUTHENTICATION: "sp_id or secret wrong",
          Login.VERSION: "version too high: use the one in the contract"}


class CmppDialect:
    """One account at one gateway of China Mobile."""

    header_size = HEADER_SIZE
    max_pdu = MAX_PDU
    first_sequence = 0
    answer = int(Command.SUBMIT_RESP)
    deliveries = frozenset({int(Command.DELIVER)})
    faults = _FAULTS
    throttled = frozenset({int(Result.FLOW_CONTROL)})
    unbound: frozenset[int] = frozenset()
    report_word = "CMPP_DELIVER"
    numbers = MOBILE
    single, multi = 70, 67

    def __init__(
        self, *, layout: Layout, sp_id: str, secret: str, source: str, service: str, fee_type: str, fee_code: str, reports: bool, gbk: bool,
        prefix86: bool, now: Callable[[], datetime],
    ) -> None:
        self._layout, self._sp_id, self._secret, self._source, self._service = layout, sp_id, secret, source, service
        self._fee_type, self._fee_code, self._reports, self._gbk, self._prefix86, self._now = fee_type, fee_code, reports, gbk, prefix86, now

    def login(self, sequence: int) -> bytes:
        return pdu(Command.CONNECT, sequence, connect_body(sp_id=self._sp_id, secret=self._secret, timestamp=stamp(self._now()), layout=self._layout))

    def welcome(self, status: int) -> bool:
        return status == Login.OK

    def logout(self, sequence: int) -> bytes:
        return pdu(Command.TERMINATE, sequence)

    def probe(self, sequence: int) -> bytes:
        return pdu(Command.ACTIVE_TEST, sequence)

    def frame(self, body_length: int) -> bytes:
        return HEADER.pack(HEADER_SIZE + body_length, Command.SUBMIT, 0)[:8]

    def read_answer(self, data: bytes, at: int, length: int) -> tuple[int, int, str]:
        if length < HEADER_SIZE + 8 + self._layout.result:
            raise PduError("a CMPP_SUBMIT_RESP is cut short")
        body = at + HEADER_SIZE
        return (int.from_bytes(data[at + 8:body]), int.from_bytes(data[body + 8:body + 8 + self._layout.result]), data[body:body + 8].hex())

    def read_delivery(self, pdu: bytes) -> tuple[bytes, Report | Text]:
        delivery = read_deliver(pdu[HEADER_SIZE:], self._layout)
        ack = self._ack(pdu, delivery.message_id, Result.OK)
        if not delivery.is_report:
            words, ref, total, seq = text_of(delivery.coding, delivery.octets, header=delivery.header)
            return ack, Text(international(delivery.source), words, ref, total, seq)
        if len(delivery.octets) < 15:
            raise PduError("a report is cut short")
        return ack, Report(delivery.octets[:8].hex(), delivery.octets[8:15].rstrip(b"\0 ").decode("latin-1").upper())

    def refuse_delivery(self, pdu: bytes) -> bytes:
        return self._ack(pdu, pdu[HEADER_SIZE:HEADER_SIZE + 8].ljust(8, b"\0"), Result.STRUCTURE)

    def _ack(self, request: bytes, message_id: bytes, result: Result) -> bytes:
        return pdu(Command.DELIVER_RESP, int.from_bytes(request[8:12]), message_id + int(result).to_bytes(self._layout.result))

    def hear(self, command: int, pdu: bytes) -> Heard:
        sequence = pdu[8:12]
        if command == Command.ACTIVE_TEST:
            return Heard(Act.REPLY, HEADER.pack(HEADER_SIZE + 1, Command.ACTIVE_TEST_RESP, 0)[:8] + sequence + b"\0")
        if command == Command.TERMINATE:
            return Heard(Act.GOODBYE, HEADER.pack(HEADER_SIZE, Command.TERMINATE_RESP, 0)[:8] + sequence)
        if command == Command.TERMINATE_RESP:
            return Heard(Act.PARTED)
        if command == Command.CONNECT_RESP:
            size = 1 if len(pdu) == HEADER_SIZE + 18 else 4  # a 2.0 gateway answers a 3.0 login in its own layout
            if len(pdu) < HEADER_SIZE + size:
                raise PduError("a CMPP_CONNECT_RESP is cut short")
            return Heard(Act.LOGGED_IN, status=int.from_bytes(pdu[HEADER_SIZE:HEADER_SIZE + size]))
        return Heard(Act.ALIVE)

    def cut(self, text: str, *, flash: bool) -> SmsText:
        return cut(text, gbk=self._gbk and not flash)  # there is no GBK in class 0

    def misfits(self, text: str) -> str:
        return misfits(text)

    def templates(self, text: SmsText, *, ref: int, priority: int, expires: datetime, flash: bool) -> list[Template]:
        parts = text.parts(ref=ref)
        return [
            Template(*submit_halves(
                part, layout=self._layout, total=len(parts), seq=seq, report=self._reports, level=priority, service=self._service,
                sp_id=self._sp_id, fee_type=self._fee_type, fee_code=self._fee_code, valid=valid_until(expires), source=self._source,
                header=text.concatenated, coding=text.data_coding | (FLASH if flash else 0)))
            for seq, part in enumerate(parts, 1)
        ]

    def number(self, digits: str) -> bytes:
        return field(digits if self._prefix86 else national(digits), self._layout.number)

    def said(self, status: int) -> str:
        return f"CMPP_SUBMIT_RESP {status}" + (f" ({_WORDS[status]})" if status in _WORDS else "")

    def login_said(self, status: int) -> str:
        return f"CMPP_CONNECT_RESP {status}" + (f" ({_LOGIN[Login(status)]})" if status in _LOGIN else "")
