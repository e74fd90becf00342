"""Cell broadcast straight to a GSM base station controller over CBSP (3GPP TS 48.049): WRITE-REPLACE, and KILL at the end."""

import asyncio
from collections.abc import Sequence
from hashlib import sha256

from pydantic import Field

from channels.message import Limits, Message, Outcome, Reason, Receipt
from channels.port import ChannelOptions, Doors, refusal
from channels.wire import cbsp
from channels.wire.cbsp import BadPdu, Pdu
from channels.wire.pages import MAX_CHARS_UCS2

_REPETITION_UNIT_S = 1.883
_MAX_BROADCASTS = 65535


class Options(ChannelOptions):
    """One controller. ``timeout_s`` bounds the connecting and each wait for its answer."""

    host: str = Field(min_length=1, description="the controller's address")
    port: int = Field(default=cbsp.PORT, ge=1, le=65535, description="its port for broadcast centres")
    message_identifier: int = Field(default=4370, ge=0, le=65535, description="message identifier of real warnings (TS 23.041 §9.4.1.2.2)")
    exercise_identifier: int = Field(default=4381, ge=0, le=65535, description="message identifier of exercises")
    repeat_s: float = Field(default=30.0, ge=2, le=1000, description="a phone that is switched on meanwhile hears it after so many seconds at most")


class Sender:
    """The address names cells: ``bss:all``, ``lac:4660`` or ``cell:4660.17,4660.18``.

    ACCEPTED: the controller broadcasts it in all of them. An Update is written under its own serial number and the earlier versions are ended
    behind it, so that there is never a moment without a warning.
    """

    def __init__(self, options: Options, doors: Doors) -> None:
        self._options = options
        self._now = doors.now

    @property
    def limits(self) -> Limits:
        return Limits(max_chars=MAX_CHARS_UCS2)

    async def open(self) -> None:
        """Nothing is held between batches."""

    async def close(self) -> None:
        """Nothing is held."""

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        receipts: list[Receipt] = []
        line: _Line | None = None
        dead = ""
        try:
            for message in messages:
                fault = refusal(message, lane=self._options.lane, now=self._now()) or self._fault(message)
                if fault is not None:
                    receipts.append(fault)
                    continue
                if line is None and not dead:
                    try:
                        line = await _Line.opened(self._options.host, self._options.port, self._options.timeout_s)
                    except OSError as error:
                        dead = f"no connection: {type(error).__name__}"
                if line is None:
                    receipts.append(self._say(message, Outcome.RETRY, Reason.UNREACHABLE, dead))
                    continue
                receipt = await self._one(line, message)
                receipts.append(receipt)
                if receipt.outcome is Outcome.UNKNOWN:
                    line.close()
                    line, dead = None, "not tried: the controller stopped answering others of this batch"
        finally:
            if line is not None:
                line.close()
        return receipts

    def _fault(self, message: Message) -> Receipt | None:
        try:
            cbsp.cells_of(message.address)
        except BadPdu as wrong:
            return self._say(message, Outcome.REJECTED, Reason.BAD_ADDRESS, str(wrong))
        if len(message.text.encode("utf-16-be", "replace")) > 2 * MAX_CHARS_UCS2:
            return self._say(message, Outcome.REJECTED, Reason.TOO_LONG, f"longer than the {MAX_CHARS_UCS2} characters of fifteen pages")
        return None

    async def _one(self, line: "_Line", message: Message) -> Receipt:
        cells = cbsp.cells_of(message.address)
        identifier = self._options.message_identifier if message.lane == "actual" else self._options.exercise_identifier
        try:
            said = "KILL: nothing was broadcast"
            if message.msg_type != "Cancel":
                period = max(1, round(self._options.repeat_s / _REPETITION_UNIT_S))
                lasts = (message.expires - self._now()).total_seconds()
                answer = await line.ask(cbsp.write_replace(
                    identifier=identifier, serial=serial(message.event, message.version), cells=cells, text=message.text, period=period,
                    broadcasts=max(1, min(_MAX_BROADCASTS, int(lasts / (period * _REPETITION_UNIT_S))))))
                if answer.kind != cbsp.WRITE_REPLACE_COMPLETE:
                    return self._refused(message, answer)
                said = "WRITE-REPLACE COMPLETE"
            # Sixteen serial numbers go round: of older versions nothing is on the air any more.
            for earlier in range(max(1, message.version - 15), message.version):
                answer = await line.ask(cbsp.kill(identifier=identifier, serial=serial(message.event, earlier), cells=cells))
                if answer.kind == cbsp.KILL_COMPLETE and message.msg_type == "Cancel":
                    said = "KILL COMPLETE"
                elif answer.kind != cbsp.KILL_COMPLETE and set(answer.causes) != {cbsp.UNKNOWN_REFERENCE} and message.msg_type == "Cancel":
                    return self._refused(message, answer)
        except (TimeoutError, EOFError, OSError, BadPdu) as silent:
            return self._say(message, Outcome.UNKNOWN, Reason.TIMEOUT, f"no answer of the controller: {type(silent).__name__}")
        return self._say(message, Outcome.ACCEPTED, None, said)

    def _refused(self, message: Message, answer: Pdu) -> Receipt:
        causes = ", ".join(f"0x{cause:02x}" for cause in answer.causes) or "none given"
        return self._say(message, Outcome.REJECTED, Reason.REFUSED, f"the controller failed (message 0x{answer.kind:02x}), cause {causes}")

    def _say(self, message: Message, outcome: Outcome, reason: Reason | None, evidence: str) -> Receipt:
        return Receipt(key=message.key, outcome=outcome, at=self._now(), reason=reason, evidence=evidence)


def serial(event: str, version: int) -> int:
    """The serial number (TS 23.041 §9.4.1.2.1) of a version: cell-wide and shown at once, ten bits of the event, four of the version."""
    return (int.from_bytes(sha256(event.encode()).digest()[:2], "big") & 0x3FF) << 4 | version & 0xF


class _Line:
    """One connection; a question at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeout_s: float) -> None:
        self._reader, self._writer, self._timeout_s = reader, writer, timeout_s
        self._left = b""

    @classmethod
    async def opened(cls, host: str, port: int, timeout_s: float) -> "_Line":
        async with asyncio.timeout(timeout_s):  # TimeoutError is an OSError
            reader, writer = await asyncio.open_connection(host, port)
        return cls(reader, writer, timeout_s)

    async def ask(self, request: bytes) -> Pdu:
        """The answer to a WRITE-REPLACE or KILL; RESTART and the like are passed over. Raises TimeoutError, EOFError, OSError and BadPdu."""
        self._writer.write(request)
        async with asyncio.timeout(self._timeout_s):
            while True:
                found, self._left = cbsp.split(self._left)
                for pdu in found:
                    if pdu.kind == cbsp.KEEP_ALIVE:
                        self._writer.write(cbsp.keep_alive_complete())
                    elif pdu.kind in _ANSWERS:
                        return pdu
                data = await self._reader.read(4096)
                if not data:
                    raise EOFError
                self._left += data

    def close(self) -> None:
        self._writer.close()


_ANSWERS = frozenset({cbsp.WRITE_REPLACE_COMPLETE, cbsp.WRITE_REPLACE_FAILURE, cbsp.KILL_COMPLETE, cbsp.KILL_FAILURE, cbsp.ERROR_INDICATION})
