"""SMTP line: the mails of a batch over one open connection, one round trip each where the server takes commands in groups.

The library greets, secures and logs in; then its connection is taken over, because it asks and waits for every command by itself. RFC 2920 §3.1 allows
MAIL, RCPT and DATA in one group, and the next mail's commands behind the content of this one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiosmtplib

from channels.message import Outcome, Reason

_MAX_REPLY = 64 * 1024

Reply = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail: ``content`` whole, CRLF line ends, no line that begins with a dot. ``recipient`` is plain ASCII without blanks."""

    recipient: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of a letter; ``evidence`` quotes the server, as it spoke."""

    outcome: Outcome
    reason: Reason | None
    evidence: str


class Lost(Exception):
    """The connection is gone or silent; the text names how."""


class Line(asyncio.Protocol):
    """A connection after log-in. One letter at a time is under way, and the answer to the content of the one before may still be owed."""

    def __init__(self, server: aiosmtplib.SMTP, *, sender: str, timeout_s: float) -> None:
        transport = server.transport
        assert isinstance(transport, asyncio.Transport)
        self._server = server
        self._transport = transport
        self._timeout_s = timeout_s
        self._mail = f"MAIL FROM:<{sender}>\r\n".encode()
        self._together = server.supports_extension("pipelining")
        self._buffer = b""
        self._replies: deque[Reply] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._ended = ""
        self._reset = False
        transport.set_protocol(self)

    async def carry(
        self, first: Letter, next_letter: Callable[[], Letter | None], tell: Callable[[Letter, Told], None]
    ) -> Told | None:
        """Send letters until there are no more (None), and tell of each; or until the connection is lost: then what was told last."""
        owed: tuple[Letter, bytes] | None = None
        ready: Letter | None = first
        while True:
            letter, ready = ready, None
            if letter is None and (owed is None or self._together):
                letter = next_letter()
            if letter is None and owed is None:
                return None
            commands = [] if letter is None else self._commands(letter)
            try:
                content = await self._asked(b"" if owed is None else owed[1], commands, content_owed=owed is not None)
            except Lost as lost:
                if owed is not None:
                    tell(owed[0], Told(outcome=Outcome.UNKNOWN, reason=Reason.TIMEOUT, evidence=f"no answer to the content: {lost}"))
                last = Told(outcome=Outcome.RETRY, reason=Reason.UNREACHABLE, evidence=f"connection lost: {lost}")
                if letter is not None:
                    tell(letter, last)
                return last
            if owed is not None:
                code, said = content
                accepted = 200 <= code < 300
                outcome, reason = (Outcome.ACCEPTED, None) if accepted else verdict(code, recipient=False)
                tell(owed[0], Told(outcome=outcome, reason=reason, evidence=f"{code} {said}"))
                if code == 421:
                    self._ended = "421"
            if letter is None:
                owed = None
                continue
            try:
                owed, refused = await self._envelope(letter, commands)
            except Lost as lost:
                last = Told(outcome=Outcome.RETRY, reason=Reason.UNREACHABLE, evidence=f"connection lost: {lost}")
                tell(letter, last)
                return last
            if refused is not None:
                tell(letter, refused)
                if self._ended:
                    return refused

    async def good_bye(self) -> None:
        """QUIT, as politeness demands, and close; a server that is gone is not waited for."""
        try:
            if not self._ended:
                self._transport.write(b"QUIT\r\n")
                await self._reply()
        except Lost:
            pass
        self.drop()

    def drop(self) -> None:
        self._ended = self._ended or "closed"
        self._transport.close()
        self._server.close()

    def _commands(self, letter: Letter) -> list[bytes]:
        commands = [self._mail, f"RCPT TO:<{letter.recipient}>\r\n".encode("ascii"), b"DATA\r\n"]
        return [b"RSET\r\n", *commands] if self._reset else commands

    async def _asked(self, content: bytes, commands: list[bytes], *, content_owed: bool) -> Reply:
        """Write the content that is owed, and with it the next group where the server takes groups; the reply to the content."""
        self._write(content + b"".join(commands) if self._together else content)
        return await self._reply() if content_owed else (0, "")

    async def _envelope(self, letter: Letter, commands: list[bytes]) -> tuple[tuple[Letter, bytes] | None, Told | None]:
        """Read the replies to RSET, MAIL, RCPT and DATA: the content to send, or who refused what."""
        self._reset = False
        refused: Told | None = None
        for command in commands:
            if not self._together:
                if refused is not None:
                    break
                self._write(command)
            code, said = await self._reply()
            if code == 421:
                self._ended = "421"
            wanted = 354 if command == b"DATA\r\n" else 250
            if code // 100 == wanted // 100:
                if command == b"DATA\r\n" and refused is not None:
                    # The recipient was refused and the content is asked for all the same (RFC 2920 §3.1): a dot ends it, and its reply says nothing.
                    self._write(b".\r\n")
                    await self._reply()
            elif refused is None:
                outcome, reason = verdict(code, recipient=command.startswith(b"RCPT"))
                refused = Told(outcome=outcome, reason=reason, evidence=f"{code} {said}")
        if refused is not None:
            self._reset = True
            return None, refused
        return (letter, letter.content + b".\r\n"), None

    def _write(self, data: bytes) -> None:
        if data and not self._ended:
            self._transport.write(data)

    async def _reply(self) -> Reply:
        """The next reply; raises Lost at the end of the connection or of ``timeout_s``."""
        while not self._replies:
            if self._ended:
                raise Lost(self._ended)
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._waiting
            except TimeoutError as silent:
                self._ended = "silent"
                raise Lost("no reply in time") from silent
            finally:
                self._waiting = None
        return self._replies.popleft()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\r\n")
        if len(self._buffer) > _MAX_REPLY:
            self.connection_lost(None)
            self._transport.abort()
        texts: list[str] = []
        for number, line in enumerate(lines):
            if not line[:3].isdigit():
                self._ended = "the reply is no SMTP"
                break
            texts.append(line[4:].decode("utf-8", "replace"))
            if line[3:4] != b"-":
                self._replies.append((int(line[:3]), " ".join(" ".join(texts).split())))
                texts = []
            elif number == len(lines) - 1:
                self._buffer = b"\r\n".join(lines[number - len(texts) + 1:]) + b"\r\n" + self._buffer  # a reply of several lines that has not ended
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = self._ended or (type(exc).__name__ if exc is not None else "closed by the server")
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done() and (self._replies or self._ended):
            self._waiting.set_result(None)


def verdict(code: int, *, recipient: bool) -> tuple[Outcome, Reason]:
    """What an SMTP refusal means (RFC 5321 §4.2): 4yz try again, 5yz do not."""
    if 400 <= code < 500:
        reason = {421: Reason.UNREACHABLE, 450: Reason.RATE_LIMITED, 452: Reason.RATE_LIMITED}.get(code, Reason.REFUSED)
        return Outcome.RETRY, reason
    if not 500 <= code < 600:
        return Outcome.UNKNOWN, Reason.BROKEN_REPLY
    if recipient:
        return Outcome.REJECTED, Reason.BAD_ADDRESS
    return Outcome.REJECTED, Reason.TOO_LONG if code == 552 else Reason.REFUSED


class Lines:
    """The connections of one batch: as many as its size is worth, letters handed out in turn, and no more tries once the server is ill."""

    def __init__(self, *, connect: Callable[[], Awaitable[Line]], most: int, lost_in_a_row: int) -> None:
        self._connect = connect
        self._most = most
        self._may_lose = lost_in_a_row
        self._lost = 0
        self._why = ""

    async def carry(self, count: int, next_letter: Callable[[], Letter | None], tell: Callable[[Letter, Told], None]) -> None:
        """Tell of every letter. ``count`` letters at most will come."""

        def told(letter: Letter, what: Told) -> None:
            if what.outcome is Outcome.ACCEPTED or what.outcome is Outcome.REJECTED:
                self._lost = 0
            tell(letter, what)

        async def work() -> None:
            while self._lost < self._may_lose:
                first = next_letter()
                if first is None:
                    return
                try:
                    line = await self._connect()
                except Lost as lost:
                    self._lost, self._why = self._lost + 1, str(lost)
                    told(first, Told(outcome=Outcome.RETRY, reason=Reason.UNREACHABLE, evidence=self._why))
                    continue
                try:
                    last = await line.carry(first, next_letter, told)
                    await line.good_bye()
                finally:
                    line.drop()
                if last is not None:
                    self._lost, self._why = self._lost + 1, last.evidence

        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, min(self._most, -(-count // LETTERS_WORTH_A_CONNECTION)))):
                group.create_task(work())
        while (letter := next_letter()) is not None:
            tell(letter, Told(outcome=Outcome.RETRY, reason=Reason.UNREACHABLE, evidence=self._why))


LETTERS_WORTH_A_CONNECTION = 50
