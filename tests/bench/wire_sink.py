"""Sinks that only count, in a process of their own: ``python wire_sink.py push|mail`` prints its port, runs until standard input ends.

The drill's sinks decrypt and parse, which would be measured too. These answer as the protocol demands and do nothing else; when asked to end they print
how many messages they took.
"""

import asyncio
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_CREATED = b"HTTP/1.1 201 Created\r\nLocation: /message/1\r\nContent-Length: 0\r\n\r\n"


def _push(server: socket.socket) -> int:
    """A push service: 201 to each POST with a length, until standard input ends; how many it took.

    It answers between two readings of whoever is measured on the same cores, so it asks the kernel itself: half the processor time of a loop of asyncio.
    """
    taken, waiting = 0, select.epoll()
    open_, begun = dict[int, socket.socket](), dict[int, bytes]()
    waiting.register(server, select.EPOLLIN)
    waiting.register(sys.stdin, select.EPOLLIN)
    while True:
        for number, _ in waiting.poll():
            if number == server.fileno():
                one, _ = server.accept()
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                open_[one.fileno()] = one
                waiting.register(one, select.EPOLLIN)
            elif number == sys.stdin.fileno():
                return taken
            elif data := open_[number].recv(1 << 16):
                answers, rest = _posted(begun.pop(number, b"") + data)
                taken += answers
                if answers:
                    open_[number].sendall(_CREATED * answers)
                if rest:
                    begun[number] = rest
            else:
                open_.pop(number).close()


def _posted(data: bytes) -> tuple[int, bytes]:
    """How many whole requests, and what is there of the next."""
    found = 0
    while (end := data.find(b"\r\n\r\n")) >= 0:
        at = data.find(b"Content-Length: ", 0, end)
        whole = end + 4 + int(data[at + 16 : data.find(b"\r\n", at)])
        if len(data) < whole:
            break
        data = data[whole:]
        found += 1
    return found, data


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


async def _mail(server: socket.socket) -> int:
    taken = [0]
    serving = await asyncio.get_running_loop().create_server(lambda: _Mail(taken), sock=server)
    await asyncio.to_thread(sys.stdin.read)
    serving.close()
    return taken[0]


if __name__ == "__main__":
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listening.getsockname()[1], flush=True)
    print(_push(listening) if sys.argv[1] == "push" else asyncio.run(_mail(listening)), flush=True)
