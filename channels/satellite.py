"""Satellite and BeiDou short messages: a terminal on a serial line or a TCP port, one short frame at a time."""

import asyncio
import contextlib
import os
import re
import termios
import tty
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from channels.message import Limits, Message, Outcome, Reason, Receipt
from channels.port import ChannelOptions, Doors, refusal
from channels.wire import shortframe
from channels.wire.shortframe import Ack, BadFrame

_TERMINAL = re.compile(r"[0-9]{6,15}", re.ASCII)
_SPEEDS = {1200: termios.B1200, 2400: termios.B2400, 4800: termios.B4800, 9600: termios.B9600, 19200: termios.B19200, 115200: termios.B115200}


class Options(ChannelOptions):
    """Where the terminal is: ``device``, or ``host`` and ``port``. ``timeout_s`` bounds each wait for its answer."""

    device: Path | None = Field(default=None, description="serial device such as /dev/ttyS0; empty = TCP")
    speed: int = Field(default=115200, description="its speed in baud: 1200, 2400, 4800, 9600, 19200 or 115200")
    host: str = Field(default="", description="address of a terminal server, when there is no device")
    port: int = Field(default=4001, ge=1, le=65535, description="its TCP port")
    max_chars: int = Field(default=60, ge=20, le=500, description="characters of one message: 60 for most BeiDou cards, up to 500 with the third generation")
    pause_s: float = Field(default=0.0, ge=0, le=300, description="the card's pause between two messages, seconds (60 for civil BeiDou cards)")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.device is None) == (not self.host):
            raise ValueError("device or host: name the serial device or the terminal server, one of them")
        if self.speed not in _SPEEDS:
            raise ValueError(f"speed: none of {', '.join(map(str, _SPEEDS))}")
        return self


class Sender:
    """The address is the receiving terminal's number, 6 to 15 digits. ACCEPTED: our terminal took the frame and sends it."""

    def __init__(self, options: Options, doors: Doors) -> None:
        self._options = options
        self._now = doors.now
        self._turn = asyncio.Lock()
        self._number = 0
        self._free_at = 0.0

    @property
    def limits(self) -> Limits:
        return Limits(max_chars=self._options.max_chars, batch=20)

    async def open(self) -> None:
        """The line is opened for each batch: terminals are unplugged."""

    async def close(self) -> None:
        """Nothing is held."""

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        async with self._turn:
            receipts: list[Receipt] = []
            line: _Line | None = None
            dead = ""
            try:
                for message in messages:
                    fault = refusal(message, lane=self._options.lane, now=self._now()) or self._fault(message)
                    if fault is None and line is None and not dead:
                        line, dead = await self._opened()
                    if fault is not None:
                        receipts.append(fault)
                    elif line is None:
                        receipts.append(self._say(message, Outcome.RETRY, Reason.UNREACHABLE, dead))
                    else:
                        receipts.append(await self._one(line, message))
            finally:
                if line is not None:
                    line.close()
            return receipts

    async def _one(self, line: "_Line", message: Message) -> Receipt:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._free_at - loop.time()))
        late = refusal(message, lane=self._options.lane, now=self._now())  # the pause may have outlasted it
        if late is not None:
            return late
        content, missing = shortframe.gbk(message.text)
        self._number = self._number % 0xFFFF + 1
        try:
            async with asyncio.timeout(self._options.timeout_s):
                code = await line.ask(self._number, shortframe.ask(self._number, message.address, content))
        except (TimeoutError, OSError) as silent:
            return self._say(message, Outcome.UNKNOWN, Reason.TIMEOUT, f"no answer of the terminal: {type(silent).__name__}")
        if code == shortframe.TAKEN:
            self._free_at = loop.time() + self._options.pause_s
        outcome, reason, said = _CODES.get(code, (Outcome.REJECTED, Reason.REFUSED, "a code that is not known"))
        note = f"; {missing} characters that GBK does not have stand as {shortframe.MISSING}" if missing else ""
        return self._say(message, outcome, reason, f"terminal {code}: {said}{note}")

    def _fault(self, message: Message) -> Receipt | None:
        if not _TERMINAL.fullmatch(message.address):
            return self._say(message, Outcome.REJECTED, Reason.BAD_ADDRESS, "the address is no terminal number of 6 to 15 digits")
        if len(message.text) > self._options.max_chars:
            return self._say(message, Outcome.REJECTED, Reason.TOO_LONG, f"longer than the card's {self._options.max_chars} characters")
        return None

    async def _opened(self) -> tuple["_Line | None", str]:
        try:
            async with asyncio.timeout(self._options.timeout_s):
                return await _Line.opened(self._options), ""
        except (OSError, termios.error) as error:
            return None, f"no terminal: {type(error).__name__}"

    def _say(self, message: Message, outcome: Outcome, reason: Reason | None, evidence: str) -> Receipt:
        return Receipt(key=message.key, outcome=outcome, at=self._now(), reason=reason, evidence=evidence)


_CODES = {
    shortframe.TAKEN: (Outcome.ACCEPTED, None, "taken"),
    shortframe.BUSY: (Outcome.RETRY, Reason.RATE_LIMITED, "busy, or its card's pause is not over"),
    shortframe.BAD_TERMINAL: (Outcome.REJECTED, Reason.BAD_ADDRESS, "no such terminal"),
    shortframe.NO_SIGNAL: (Outcome.RETRY, Reason.UNREACHABLE, "no satellite in sight"),
    shortframe.TOO_LONG: (Outcome.REJECTED, Reason.TOO_LONG, "too long for the card"),
    shortframe.DAMAGED: (Outcome.RETRY, Reason.REFUSED, "the frame was damaged on the line"),
}


class _Line:
    """A line to the terminal: bytes out, lines in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter | None, fd: int | None) -> None:
        self._reader, self._writer, self._fd = reader, writer, fd

    @classmethod
    async def opened(cls, options: Options) -> "_Line":
        if options.device is None:
            return cls(*await asyncio.open_connection(options.host, options.port, limit=shortframe.MAX_LINE), None)
        fd = os.open(options.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            tty.setraw(fd)
            settings = termios.tcgetattr(fd)
            settings[4] = settings[5] = _SPEEDS[options.speed]
            termios.tcsetattr(fd, termios.TCSANOW, settings)
        except termios.error:
            os.close(fd)
            raise
        reader = asyncio.StreamReader(limit=shortframe.MAX_LINE)
        asyncio.get_running_loop().add_reader(fd, _feed, fd, reader)
        return cls(reader, None, fd)

    async def ask(self, number: int, frame: bytes) -> int:
        """The terminal's code for this frame; noise and old answers are passed over. Raises OSError when the line ends."""
        if self._writer is not None:
            self._writer.write(frame)
        elif self._fd is not None:
            left = frame
            while left:
                try:
                    left = left[os.write(self._fd, left):]
                except BlockingIOError:
                    await asyncio.sleep(0.01)
        while True:
            try:
                line = await self._reader.readuntil(b"\n")
            except asyncio.IncompleteReadError as ended:
                raise ConnectionResetError from ended
            except asyncio.LimitOverrunError as noise:
                await self._reader.readexactly(noise.consumed or 1)
                continue
            with contextlib.suppress(BadFrame):
                said = shortframe.read(line)
                if isinstance(said, Ack) and said.number == number:
                    return said.code

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._fd is not None:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = None


def _feed(fd: int, reader: asyncio.StreamReader) -> None:
    try:
        data = os.read(fd, 4096)
    except BlockingIOError:
        return
    except OSError:
        data = b""
    if data:
        reader.feed_data(data)
    else:
        asyncio.get_running_loop().remove_reader(fd)
        reader.feed_eof()
