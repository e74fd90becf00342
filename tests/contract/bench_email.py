"""The bench of e-mail: aiosmtpd, which knows no mailbox that starts with nobody."""

import asyncio
import socket
from collections.abc import Sequence
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from channels.email import Options
from channels.message import Message


class _Handler:
    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: ARG002, N802 - aiosmtpd's names
        if address.startswith("nobody"):
            return f"550 5.1.1 <{address}> no such mailbox"
        envelope.rcpt_tos.append(address)
        return f"250 2.1.5 <{address}> fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's names
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content)
        return f"250 2.0.0 queued for <{envelope.rcpt_tos[0]}>"


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._handler = _Handler()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self._handler, hostname="bench.test", loop=loop), "127.0.0.1", 0)

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def options(self) -> Options:
        assert self._server is not None
        return self._at(int(self._server.sockets[0].getsockname()[1]))

    def address(self, n: int) -> str:
        return f"reader{n}@example.org"

    def bad_address(self) -> str:
        return "nobody@example.org"

    def dead_options(self) -> Options:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = int(taken.getsockname()[1])
        return self._at(port)

    def dead_address(self, n: int) -> str:
        return self.address(n)

    async def expect(self, messages: Sequence[Message]) -> None:
        """The server takes what comes."""

    async def taken(self) -> list[str]:
        return [str(message_from_bytes(octets, policy=policy.default).get_content()) for octets in self._handler.taken]

    def _at(self, port: int) -> Options:
        return Options(lane="exercise", timeout_s=30, host="127.0.0.1", port=port, security="none",
                       sender="warnings@example.org", list_id="warnings.example.org")
