"""Cell broadcast straight to a GSM base station controller over CBSP (3GPP TS 48.049): WRITE-REPLACE, and KILL at the end."""

from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256

from pydantic import Field

from channels.message import Limits, Message, Outcome, Reason, Receipt
from channels.port import ChannelOptions, Doors, refusal
from channels.wire import cbsp
from channels.wire.cbsp import BadPdu, Pdu
from channels.wire.cbsp_line import Line
from channels.wire.pages import MAX_CHARS_UCS2, MAX_PAGES, pages_of

_REPETITION_UNIT_S = 1.883
_MAX_BROADCASTS = 65535
_SHARES = 3
"""A warning takes at most a third of a cell's broadcast channel, or a second event of fifteen pages would find no room."""
_LONG_PERIOD = _SHARES * MAX_PAGES
"""Beside fifteen pages in a row there is no place for what comes back sooner: a shorter text that is refused is offered at their pace."""
_REMEMBERED = 10_000


class Options(ChannelOptions):
    """One controller. ``timeout_s`` bounds the connecting and each wait for its answer."""

    host: str = Field(min_length=1, description="the controller's address")
    port: int = Field(default=cbsp.PORT, ge=1, le=65535, description="its port for broadcast centres")
    message_identifier: int = Field(default=4370, ge=0, le=65535, description="message identifier of real warnings (TS 23.041 §9.4.1.2.2)")
    exercise_identifier: int = Field(default=4381, ge=0, le=65535, description="message identifier of exercises")
    repeat_s: float = Field(default=30.0, ge=2, le=1000, description="a phone that is switched on meanwhile hears it after so many seconds at most")


class Sender:
    """The address names cells: ``bss:all``, ``lac:4660`` or ``cell:4660.17,4660.18``.

    ACCEPTED: the controller broadcasts it in all of them, or the evidence says in which part not. An Update takes the place of the version on
    the air in one step, so that there is never a moment without a warning, nor one that needs room for both.
    """

    def __init__(self, options: Options, doors: Doors) -> None:
        self._options = options
        self._now = doors.now
        self._owners: dict[int, str] = {}

    @property
    def limits(self) -> Limits:
        return Limits(max_chars=MAX_CHARS_UCS2)

    async def open(self) -> None:
        """Nothing is held between batches: a controller serves one connection at a time, and other workers want theirs."""

    async def close(self) -> None:
        """Nothing is held."""

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        receipts: list[Receipt] = []
        line: Line | None = None
        dead = ""
        try:
            for message in messages:
                fault = refusal(message, lane=self._options.lane, now=self._now()) or self._fault(message)
                if fault is not None:
                    receipts.append(fault)
                    continue
                if line is None and not dead:
                    try:
                        line = await Line.opened(self._options.host, self._options.port, self._options.timeout_s)
                    except OSError as error:
                        dead = f"no connection, or another centre has it: {type(error).__name__}"
                if line is None:
                    receipts.append(self._say(message, Outcome.RETRY, Reason.UNREACHABLE, dead))
                    continue
                receipt = await self._one(line, message)
                receipts.append(receipt)
                if receipt.outcome is Outcome.UNKNOWN:
                    await line.close()
                    line, dead = None, "not tried: the controller stopped answering others of this batch"
        finally:
            if line is not None:
                await line.close()
        return receipts

    def _fault(self, message: Message) -> Receipt | None:
        try:
            cbsp.cells_of(message.address)
        except BadPdu as wrong:
            return self._say(message, Outcome.REJECTED, Reason.BAD_ADDRESS, str(wrong))
        if len(message.text.encode("utf-16-be", "replace")) > 2 * MAX_CHARS_UCS2:
            return self._say(message, Outcome.REJECTED, Reason.TOO_LONG, f"longer than the {MAX_CHARS_UCS2} characters of fifteen pages")
        return None

    async def _one(self, line: Line, message: Message) -> Receipt:
        try:
            return await (self._end(line, message) if message.msg_type == "Cancel" else self._write(line, message))
        except (TimeoutError, EOFError, OSError, BadPdu) as silent:
            return self._say(message, Outcome.UNKNOWN, Reason.TIMEOUT, f"no answer of the controller: {type(silent).__name__}")

    async def _write(self, line: Line, message: Message) -> Receipt:
        """Take the place of the newest version on the air; where none is, stand alone. What an earlier try wrote, perhaps another
        worker's that was cut off, is known by its number, unless this process knows that number to be another event's."""
        identifier, cells = self._identifier(message), cbsp.cells_of(message.address)
        period = max(1, round(self._options.repeat_s / _REPETITION_UNIT_S), _SHARES * len(pages_of(message.text, ucs2=True)))
        lasts = (message.expires - self._now()).total_seconds()
        number = serial(message.event, message.version)
        if len(self._owners) >= _REMEMBERED:
            self._owners.clear()
        ours = self._owners.setdefault(number, message.event) == message.event
        written, left = False, set[int]()
        olds = [*(serial(message.event, old) for old in _earlier(message)), None]
        while True:
            answer = await line.ask(cbsp.write_replace(
                identifier=identifier, serial=number, cells=cells, text=message.text, period=period, replaces=olds[0],
                broadcasts=max(1, min(_MAX_BROADCASTS, int(lasts / (period * _REPETITION_UNIT_S))))))
            if answer.kind == cbsp.WRITE_REPLACE_COMPLETE:
                written, left = True, set()
                break
            ours = ours or answer.somewhere
            written = written or answer.somewhere or (ours and cbsp.USED_REFERENCE in answer.causes)
            left = set(answer.causes) - ({cbsp.USED_REFERENCE} if ours else set())
            if left & cbsp.NO_ROOM and period < _LONG_PERIOD:
                period = _LONG_PERIOD
            elif cbsp.UNKNOWN_REFERENCE in left and len(olds) > 1:
                del olds[0]  # nothing of that version is on the air; of a still earlier one something may be
            else:
                break
        if not written:
            return self._refused(message, answer)
        self._owners[number] = message.event
        for old in _earlier(message):
            await line.ask(cbsp.kill(identifier=identifier, serial=serial(message.event, old), cells=cells))
        return self._say(message, Outcome.ACCEPTED, None, f"WRITE-REPLACE in part, in other cells {_named(left)}" if left else "WRITE-REPLACE COMPLETE")

    async def _end(self, line: Line, message: Message) -> Receipt:
        ended = False
        for earlier in _earlier(message):
            answer = await line.ask(cbsp.kill(
                identifier=self._identifier(message), serial=serial(message.event, earlier), cells=cbsp.cells_of(message.address)))
            ended = ended or answer.kind == cbsp.KILL_COMPLETE or answer.somewhere
            if answer.kind != cbsp.KILL_COMPLETE and not answer.somewhere and set(answer.causes) != {cbsp.UNKNOWN_REFERENCE}:
                return self._refused(message, answer)
        return self._say(message, Outcome.ACCEPTED, None, "KILL COMPLETE" if ended else "KILL: nothing was broadcast")

    def _identifier(self, message: Message) -> int:
        return self._options.message_identifier if message.lane == "actual" else self._options.exercise_identifier

    def _refused(self, message: Message, answer: Pdu) -> Receipt:
        said = f"the controller failed (message 0x{answer.kind:02x}), {_named(answer.causes)}"
        if cbsp.NO_ROOM.intersection(answer.causes):
            return self._say(message, Outcome.RETRY, Reason.REFUSED, f"{said}: end what need not be broadcast any more, or repeat it less often")
        if cbsp.USED_REFERENCE in answer.causes:
            said += ": another event has the same number of ten bits; end that one, or have the operator broadcast this one"
        return self._say(message, Outcome.REJECTED, Reason.REFUSED, said)

    def _say(self, message: Message, outcome: Outcome, reason: Reason | None, evidence: str) -> Receipt:
        return Receipt(key=message.key, outcome=outcome, at=self._now(), reason=reason, evidence=evidence)


def _earlier(message: Message) -> Iterator[int]:
    """Earlier versions, the newest first. Sixteen serial numbers go round: of older ones nothing is on the air any more."""
    return iter(range(message.version - 1, max(1, message.version - 15) - 1, -1))


def _named(causes: Collection[int]) -> str:
    return "cause " + (", ".join(f"0x{cause:02x} ({cbsp.CAUSES.get(cause, 'reserved')})" for cause in sorted(set(causes))) or "none given")


def serial(event: str, version: int) -> int:
    """The serial number (TS 23.041 §9.4.1.2.1) of a version: cell-wide and shown at once, ten bits of the event, four of the version."""
    return (int.from_bytes(sha256(event.encode()).digest()[:2], "big") & 0x3FF) << 4 | version & 0xF
