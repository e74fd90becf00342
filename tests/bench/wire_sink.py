"""Sinks that only count, in a process of their own: ``python wire_sink.py push|mail`` prints its port, runs until standard input ends.

The drill's sinks decrypt and parse, which would be measured too. These answer as the protocol demands and do nothing else; when asked to end they print
how many messages they took.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


class _Push(asyncio.Protocol):
    """A push service: 201 to each POST with a length."""

    def __init__(self, taken: list[int]) -> None:
        self._taken = taken
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answers = 0
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            at = self._buffer.find(b"Content-Length: ", 0, end)
            whole = end + 4 + int(self._buffer[at + 16 : self._buffer.find(b"\r\n", at)])
            if len(self._buffer) < whole:
                break
            self._buffer = self._buffer[whole:]
            answers += 1
        self._taken[0] += answers
        self._transport.write(b"HTTP/1.1 201 Created\r\nLocation: /message/1\r\nContent-Length: 0\r\n\r\n" * answers)


class _Mail(asyncio.Protocol):
    """A mail server (RFC 5321) that takes pipelined commands (RFC 2920) and mail for anybody."""

    def __init__(self, taken: list[int]) -> None:
        self._taken = taken
        self._buffer = b""
        self._content = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answers: list[bytes] = []
        while True:
            if self._content:
                end = self._buffer.find(b"\r\n.\r\n")
                if end < 0:
                    break
                self._buffer, self._content = self._buffer[end + 5 :], False
                self._taken[0] += 1
                answers.append(b"250 2.0.0 OK\r\n")
                continue
            end = self._buffer.find(b"\r\n")
            if end < 0:
                break
            command, self._buffer = self._buffer[:4].upper(), self._buffer[end + 2 :]
            if command == b"DATA":
                self._content = True
                answers.append(b"354 go on\r\n")
            elif command == b"EHLO":
                answers.append(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
            elif command == b"QUIT":
                answers.append(b"221 bye\r\n")
            else:
                answers.append(b"250 2.1.0 OK\r\n")
        if answers:
            self._transport.write(b"".join(answers))


@dataclass(slots=True)
class Running:
    """A sink in another process; ``taken`` is known once it has ended."""

    port: int
    taken: int = field(default=0)


@contextmanager
def sink(kind: str) -> Iterator[Running]:
    """A sink beside us, ended with the block."""
    child = subprocess.Popen([sys.executable, str(Path(__file__)), kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    assert child.stdout is not None
    with child:
        running = Running(int(child.stdout.readline()))
        try:
            yield running
        finally:
            child.stdin.close()
            running.taken = int(child.stdout.read() or 0)


async def _serve(kind: str) -> None:
    protocol, taken = {"push": _Push, "mail": _Mail}[kind], [0]
    server = await asyncio.get_running_loop().create_server(lambda: protocol(taken), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()
    print(taken[0], flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
