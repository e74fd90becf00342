"""Mail sink of a drill: an SMTP server (aiosmtpd, of the demo extra) on the loopback that takes mail for anybody and delivers none."""

import asyncio
import weakref
from collections import Counter
from collections.abc import Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern

from aiosmtpd.smtp import SMTP, Envelope, Session


class MailSink:
    """``received`` counts by recipient; ``latest`` holds the last mail of a recipient. ``answers`` maps a recipient to another reply to
    RCPT TO (``"550 5.1.1 no such user"``, ``"451 4.7.1 greylisted"``) and may be changed while it runs."""

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.latest: dict[str, bytes] = {}
        self.answers: dict[str, str] = {}
        self._server: asyncio.Server | None = None
        self._sessions: weakref.WeakSet[SMTP] = weakref.WeakSet()

    async def start(self, port: int = 0) -> int:
        """Listen on 127.0.0.1 and give back the port; raises OSError when it is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and close what is connected."""
        if self._server is None:
            return
        self._server.close()
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.close()
        await self._server.wait_closed()
        self._server = None

    def message(self, recipient: str) -> EmailMessage:
        """The last mail of a recipient, parsed; raises KeyError when there is none."""
        parsed = message_from_bytes(self.latest[recipient], policy=modern)
        if not isinstance(parsed, EmailMessage):
            raise TypeError("the modern policy gives EmailMessage")
        return parsed

    async def handle_RCPT(  # noqa: N802 the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: Sequence[str]  # noqa: ARG002 its form too
    ) -> str:
        answer = self.answers.get(address)
        if answer is not None:
            self.refused[address] += 1
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope  # noqa: ARG002 its form too
    ) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        for recipient in envelope.rcpt_tos:
            self.received[recipient] += 1
            self.latest[recipient] = content
        return "250 2.0.0 OK taken by the drill's mail sink"

    def _session(self) -> SMTP:
        session = SMTP(self, enable_SMTPUTF8=True, hostname="sink.invalid", loop=asyncio.get_running_loop())
        self._sessions.add(session)
        return session
