"""SMGP 3.0.3 as a dialect of the session core. Field tables and their sources: ``smgp_pdu``."""

from collections.abc import Callable
from datetime import datetime

from channels.message import Outcome, Reason
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
from channels.wire.smgp_pdu import (
    HEADER,
    HEADER_SIZE,
    MAX_PDU,
    Command,
    Status,
    login_body,
    pdu,
    read_deliver,
    read_report,
    submit_halves,
)
from channels.wire.sms_text import SmsText

_FAULTS: dict[int, tuple[Outcome, Reason]] = {
    Status.BUSY: (Outcome.RETRY, Reason.RATE_LIMITED),
    Status.DAILY_QUOTA: (Outcome.RETRY, Reason.RATE_LIMITED),
    Status.LENGTH: (Outcome.REJECTED, Reason.TOO_LONG),
    Status.EXPIRED: (Outcome.REJECTED, Reason.EXPIRED),
    Status.NUMBER: (Outcome.REJECTED, Reason.BAD_ADDRESS),
}
_WORDS = {Status.BUSY: "busy", Status.CONNECTIONS: "too many connections", Status.STRUCTURE: "structure", Status.IP: "address not registered",
          Status.AUTHENTICATION: "client_id or secret wrong", Status.VERSION: "version too high", Status.LENGTH: "text too long",
          Status.EXPIRED: "expired", Status.NUMBER: "destination number", Status.DAILY_QUOTA: "daily quota used up"}


class SmgpDialect:
    """One account at one gateway of China Telecom."""

    header_size = HEADER_SIZE
    max_pdu = MAX_PDU
    first_sequence = 0
    answer = int(Command.SUBMIT_RESP)
    deliveries = frozenset({int(Command.DELIVER)})
    faults = _FAULTS
    throttled = frozenset({int(Status.BUSY)})
    unbound: frozenset[int] = frozenset()
    report_word = "SMGP Deliver"
    numbers = MOBILE

    def __init__(
        self, *, client_id: str, secret: str, source: str, service: str, fee_type: str, fee_code: str, reports: bool, gbk: bool, prefix86: bool,
        now: Callable[[], datetime],
    ) -> None:
        self._client_id, self._secret, self._source, self._service = client_id, secret, source, service
        self._fee_type, self._fee_code, self._reports, self._gbk, self._prefix86, self._now = fee_type, fee_code, reports, gbk, prefix86, now

    def login(self, sequence: int) -> bytes:
        return pdu(Command.LOGIN, sequence, login_body(client_id=self._client_id, secret=self._secret, timestamp=stamp(self._now())))

    def welcome(self, status: int) -> bool:
        return status == Status.OK

    def logout(self, sequence: int) -> bytes:
        return pdu(Command.EXIT, sequence)

    def probe(self, sequence: int) -> bytes:
        return pdu(Command.ACTIVE_TEST, sequence)

    def frame(self, body_length: int) -> bytes:
        return HEADER.pack(HEADER_SIZE + body_length, Command.SUBMIT, 0)[:8]

    def read_answer(self, data: bytes, at: int, length: int) -> tuple[int, int, str]:
        if length < HEADER_SIZE + 14:
            raise PduError("a Submit_Resp is cut short")
        body = at + HEADER_SIZE
        return int.from_bytes(data[at + 8:body]), int.from_bytes(data[body + 10:body + 14]), data[body:body + 10].hex()

    def read_delivery(self, pdu: bytes) -> tuple[bytes, Report | Text]:
        delivery = read_deliver(pdu[HEADER_SIZE:])
        ack = _ack(pdu, delivery.message_id, Status.OK)
        if delivery.is_report:
            return ack, Report(*read_report(delivery.octets))
        words, ref, total, seq = text_of(delivery.coding, delivery.octets, header=delivery.header)
        return ack, Text(international(delivery.source), words, ref, total, seq)

    def refuse_delivery(self, pdu: bytes) -> bytes:
        return _ack(pdu, pdu[HEADER_SIZE:HEADER_SIZE + 10].ljust(10, b"\0"), Status.STRUCTURE)

    def hear(self, command: int, pdu: bytes) -> Heard:
        sequence = pdu[8:12]
        if command == Command.ACTIVE_TEST:
            return Heard(Act.REPLY, HEADER.pack(HEADER_SIZE, Command.ACTIVE_TEST_RESP, 0)[:8] + sequence)
        if command == Command.EXIT:
            return Heard(Act.GOODBYE, HEADER.pack(HEADER_SIZE, Command.EXIT_RESP, 0)[:8] + sequence)
        if command == Command.EXIT_RESP:
            return Heard(Act.PARTED)
        if command == Command.LOGIN_RESP:
            if len(pdu) < HEADER_SIZE + 4:
                raise PduError("a Login_Resp is cut short")
            return Heard(Act.LOGGED_IN, status=int.from_bytes(pdu[HEADER_SIZE:HEADER_SIZE + 4]))
        return Heard(Act.ALIVE)

    def cut(self, text: str, *, flash: bool) -> SmsText:
        return cut(text, gbk=self._gbk and not flash)  # there is no GBK in class 0

    def misfits(self, text: str) -> str:
        return misfits(text)

    def templates(self, text: SmsText, *, ref: int, priority: int, expires: datetime, flash: bool) -> list[Template]:
        parts = text.parts(ref=ref)
        return [
            Template(*submit_halves(
                part, total=len(parts), seq=seq, report=self._reports, priority=min(max(priority - 1, 0), 3), service=self._service,
                fee_type=self._fee_type, fee_code=self._fee_code, valid=valid_until(expires), source=self._source, header=text.concatenated,
                coding=text.data_coding | (FLASH if flash else 0)))
            for seq, part in enumerate(parts, 1)
        ]

    def number(self, digits: str) -> bytes:
        return field(digits if self._prefix86 else national(digits), 21)

    def said(self, status: int) -> str:
        return f"Submit_Resp {status}" + (f" ({_WORDS[Status(status)]})" if status in _WORDS else "")

    def login_said(self, status: int) -> str:
        return f"Login_Resp {status}" + (f" ({_WORDS[Status(status)]})" if status in _WORDS else "")


def _ack(request: bytes, message_id: bytes, status: Status) -> bytes:
    return pdu(Command.DELIVER_RESP, int.from_bytes(request[8:12]), message_id + int(status).to_bytes(4))
