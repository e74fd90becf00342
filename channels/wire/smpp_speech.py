"""SMPP 3.4 as an SMS centre speaks it. Field tables and their sources: ``smpp_pdu``."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from channels.wire.dialect import PduError
from channels.wire.smpp_pdu import (
    HEADER,
    HEADER_SIZE,
    MAX_PDU,
    RECEIPT,
    UDHI,
    Command,
    Status,
    message_head,
    message_tail,
    pdu,
    read_bind,
    read_message,
    receipt_octets,
)
from channels.wire.sms_text import SmsText, decode, encode, split_header
from channels.wire.speech import Due, Entrance, Ruling, Said, Words

_BINDS = (Command.BIND_TRANSCEIVER, Command.BIND_RECEIVER, Command.BIND_TRANSMITTER)
_STATUS = {Ruling.OK: Status.OK, Ruling.THROTTLED: Status.THROTTLED, Ruling.BAD_NUMBER: Status.INVALID_DESTINATION,
           Ruling.NOT_LOGGED_IN: Status.NOT_BOUND}
_ANSWER = int(Command.SUBMIT_SM_RESP)
_DELIVER = int(Command.DELIVER_SM)


class SmppSpeech:
    """The centre's side; message ids are ten hexadecimal digits."""

    header_size = HEADER_SIZE
    max_pdu = MAX_PDU
    submit = int(Command.SUBMIT_SM)

    def enter(self, command: int, pdu: bytes, accounts: Mapping[str, str] | None) -> Entrance | None:
        if command not in _BINDS:
            return None
        name, password = read_bind(pdu[HEADER_SIZE:])
        let_in = accounts is None or accounts.get(name) == password
        status = Status.OK if let_in else Status.INVALID_PASSWORD
        reply = HEADER.pack(HEADER_SIZE + 10, command | Command.GENERIC_NACK, status, int.from_bytes(pdu[12:16])) + b"xiaoxishu\0"
        return Entrance(let_in, name, command != Command.BIND_RECEIVER, command != Command.BIND_TRANSMITTER, reply)

    def read_submit(self, data: bytes, at: int, length: int) -> tuple[str, Words]:
        end = at + length
        try:
            number = data.index(b"\0", data.index(b"\0", at + HEADER_SIZE, end) + 3, end) + 3
            behind = data.index(b"\0", number, end)
        except ValueError:
            raise PduError("a submit_sm is cut short") from None
        # Everything but the number is the same for a whole crowd: read once.
        return data[number:behind].decode("latin-1"), _words(data[at + HEADER_SIZE:number], data[behind:end])

    def answer(self, data: bytes, at: int, ruling: Ruling, count: int) -> tuple[bytes, bytes]:
        sequence = data[at + 12:at + 16]
        if ruling is Ruling.OK:
            message_id = b"%010x" % count
            return _ACCEPTED + sequence + message_id + b"\0", message_id
        return HEADER.pack(HEADER_SIZE + 1, _ANSWER, _STATUS[ruling], int.from_bytes(sequence)) + b"\0", b""

    def report(self, sequence: int, due: Due, *, done: datetime) -> bytes:
        text = receipt_octets(message_id=due.message_id, stat=due.stat, submitted=due.submitted, done=done)
        body = message_head(source=due.destination, destination=due.source) + _TAIL + bytes((len(text),)) + text
        return HEADER.pack(HEADER_SIZE + len(body), _DELIVER, 0, sequence) + body

    def text(self, sequence: int, *, source: str, destination: str, coding: int, header: bool, octets: bytes) -> bytes:
        return pdu(Command.DELIVER_SM, sequence, message_head(source=source, destination=destination) + message_tail(
            octets, esm_class=UDHI if header else 0, priority=0, valid=b"", registered=0, data_coding=coding))

    def cut(self, text: str) -> SmsText:
        return encode(text)

    def read(self, words: Words) -> tuple[str, int, int, int]:
        if not words.header:
            return decode(words.coding, words.octets), 0, 1, 1
        part = split_header(words.octets)
        return decode(words.coding, part.octets), part.ref, part.total, part.seq

    def hear(self, command: int, pdu: bytes) -> Said:
        sequence = int.from_bytes(pdu[12:16])
        if command == Command.DELIVER_SM_RESP:
            return Said(acks=True)
        if command == Command.ENQUIRE_LINK:
            return Said(HEADER.pack(HEADER_SIZE, Command.ENQUIRE_LINK_RESP, 0, sequence))
        if command == Command.UNBIND:
            return Said(HEADER.pack(HEADER_SIZE, Command.UNBIND_RESP, 0, sequence), parts=True)
        if command & Command.GENERIC_NACK:  # an answer needs none
            return Said()
        return Said(HEADER.pack(HEADER_SIZE, Command.GENERIC_NACK, Status.INVALID_COMMAND, sequence))

    def complain(self, pdu: bytes) -> bytes:
        if not pdu:
            return HEADER.pack(HEADER_SIZE, Command.GENERIC_NACK, Status.INVALID_COMMAND_LENGTH, 0)
        return HEADER.pack(HEADER_SIZE, Command.GENERIC_NACK, Status.INVALID_LENGTH, int.from_bytes(pdu[12:16]))


_ACCEPTED = HEADER.pack(HEADER_SIZE + 11, _ANSWER, 0, 0)[:12]
_TAIL = message_tail(b"", esm_class=RECEIPT, priority=0, valid=b"", registered=0, data_coding=0)[:-1]  # without the length


@lru_cache(maxsize=256)
def _words(before: bytes, after: bytes) -> Words:
    message = read_message(before + after)
    return Words(message.source, message.data_coding, bool(message.esm_class & UDHI), message.octets, bool(message.registered_delivery & 1),
                 message.validity)


