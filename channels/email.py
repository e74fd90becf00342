"""E-mail over SMTP: one connection for a batch, accepted when the server answered 250 to the message."""

import re
import ssl
from base64 import encodebytes
from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal, Self

import aiosmtplib
from pydantic import Field, SecretStr, field_validator, model_validator

from channels.message import Limits, Message, Outcome, Reason, Receipt
from channels.port import ChannelOptions, Doors, refusal

# Deliberately narrower than RFC 5321: no quoted local part, no comment, no address literal, no non-ASCII.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9-]{1,63}", re.ASCII)
_LIST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z0-9-]+", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")
_LOST_IN_A_ROW = 2  # then the rest of the batch is not tried: the server is ill


class Options(ChannelOptions):
    """One mail server and the sender we are there."""

    host: str = Field(min_length=1, description="host name or address of the mail server")
    port: int = Field(default=587, ge=1, le=65535, description="its TCP port: 587 submission, 465 TLS from the start, 25 relay")
    security: Literal["starttls", "tls", "none"] = Field(default="starttls", description="starttls, tls from the start, or none (loopback and drills)")
    ca_file: Path | None = Field(default=None, description="PEM file of the authority that signed the server's certificate; empty = the system's")
    username: str = Field(default="", description="account at the server; empty = no log-in")
    password: SecretStr = Field(default=SecretStr(""), description="the account's password")
    sender: str = Field(description="address in From and in the envelope; bounces go there")
    sender_name: str = Field(default="", max_length=100, description="name shown beside the sender's address")
    list_id: str = Field(description="name of this list of readers for the List-Id header, such as warnings.example.org (RFC 2919)")

    @field_validator("sender")
    @classmethod
    def _sender_is_an_address(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value):
            raise ValueError("sender: not an e-mail address such as warnings@example.org")
        return value

    @field_validator("sender_name")
    @classmethod
    def _name_is_one_line(cls, value: str) -> str:
        if _CONTROL.search(value):
            raise ValueError("sender_name: a line break or control character; write it on one line")
        return value

    @field_validator("list_id")
    @classmethod
    def _list_id_is_a_name(cls, value: str) -> str:
        if not _LIST_ID.fullmatch(value):
            raise ValueError("list_id: not a dotted name such as warnings.example.org")
        return value

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if self.security == "none" and self.username and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("security: none would send the password in the clear; use starttls or tls, or leave username empty")
        return self


class Sender:
    """Holds no connection between batches: a mail server closes idle ones anyway."""

    def __init__(self, options: Options, doors: Doors) -> None:
        self._options, self._doors = options, doors
        self._tls: ssl.SSLContext | None = None

    @property
    def limits(self) -> Limits:
        return Limits(max_chars=None)

    async def open(self) -> None:
        """Read the certificates once. Raises OSError when ``ca_file`` cannot be read: a fault of the configuration, not of the server."""
        if self._options.security != "none" and self._tls is None:
            self._tls = ssl.create_default_context(cafile=self._options.ca_file)

    async def close(self) -> None:
        """Nothing is held."""

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """One receipt per message, in order."""
        receipts: list[Receipt] = []
        rendered = _Rendered(self._options)
        server: aiosmtplib.SMTP | None = None
        lost = 0
        why = ""
        try:
            for message in messages:
                refused = self._refuse(message)
                if refused is not None:
                    receipts.append(refused)
                    continue
                if server is None and lost < _LOST_IN_A_ROW:
                    server, why = await self._connect()
                    lost += server is None
                if server is None:
                    receipts.append(self._say(message, Outcome.RETRY, Reason.UNREACHABLE, why))
                    continue
                receipt, alive = await self._send_one(server, message, rendered)
                receipts.append(receipt)
                if alive:
                    lost = 0
                else:
                    server.close()
                    server, lost, why = None, lost + 1, receipt.evidence
        finally:
            if server is not None:
                await _good_bye(server)
        return receipts

    def _refuse(self, message: Message) -> Receipt | None:
        fence = refusal(message, lane=self._options.lane, now=self._doors.now())
        if fence is not None:
            return fence
        if not _ADDRESS.fullmatch(message.address):
            return self._say(message, Outcome.REJECTED, Reason.BAD_ADDRESS, "the address is not an e-mail address")
        if _CONTROL.search(message.subject):
            return self._say(message, Outcome.REJECTED, Reason.REFUSED, "the subject holds a line break or control character")
        return None

    async def _connect(self) -> tuple[aiosmtplib.SMTP | None, str]:
        options = self._options
        server = aiosmtplib.SMTP(
            hostname=options.host, port=options.port, timeout=options.timeout_s, use_tls=options.security == "tls",
            start_tls=options.security == "starttls", tls_context=self._tls,
            username=options.username or None, password=options.password.get_secret_value() or None,
        )
        try:
            await server.connect()
        except aiosmtplib.SMTPAuthenticationError as error:
            server.close()
            return None, f"log-in refused: {error.code}"
        except (aiosmtplib.SMTPException, OSError) as error:
            server.close()
            return None, f"no connection: {type(error).__name__}"
        return server, ""

    async def _send_one(self, server: aiosmtplib.SMTP, message: Message, rendered: "_Rendered") -> tuple[Receipt, bool]:
        """The receipt, and whether the connection can be used again."""
        content_sent = False
        try:
            await server.mail(self._options.sender)
            await server.rcpt(message.address)
            content_sent = True
            code, text = await server.data(rendered.octets(message))
        except aiosmtplib.SMTPResponseException as error:
            outcome, reason = verdict(error.code, recipient=isinstance(error, aiosmtplib.SMTPRecipientRefused))
            receipt = self._say(message, outcome, reason, _quote(error.code, error.message, message.address))
            return receipt, error.code != 421 and await _reset(server)
        except (aiosmtplib.SMTPException, OSError) as error:
            if content_sent:
                return self._say(message, Outcome.UNKNOWN, Reason.TIMEOUT, f"no answer to the content: {type(error).__name__}"), False
            return self._say(message, Outcome.RETRY, Reason.UNREACHABLE, f"connection lost: {type(error).__name__}"), False
        return self._say(message, Outcome.ACCEPTED, None, _quote(code, text, message.address)), True

    def _say(self, message: Message, outcome: Outcome, reason: Reason | None, evidence: str) -> Receipt:
        return Receipt(key=message.key, outcome=outcome, at=self._doors.now(), reason=reason, evidence=evidence,
                       external_id=message_id(message.key, self._options.sender) if outcome is Outcome.ACCEPTED else "")


class _Rendered:
    """Renders headers and text once for all who get the same words; only To and Message-ID differ."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._shared: dict[tuple[str, str, str, str, datetime], bytes] = {}
        self._domain = options.sender.rpartition("@")[2]

    def octets(self, message: Message) -> bytes:
        """The whole e-mail, CRLF line ends, seven-bit clean."""
        key = (message.subject, message.text, message.language, message.event, message.sent)
        shared = self._shared.get(key)
        if shared is None:
            shared = self._shared[key] = self._render(message)
        return f"To: <{message.address}>\r\nMessage-ID: {message_id(message.key, self._options.sender)}\r\n".encode() + shared

    def _render(self, message: Message) -> bytes:
        options = self._options
        sender = f"<{options.sender}>"
        if options.sender_name:
            sender = f"{_encoded(options.sender_name, 'From')} {sender}"
        thread = sha256(message.event.encode()).hexdigest()[:32]
        headers = (
            f"From: {sender}", f"Subject: {_encoded(message.subject, 'Subject')}", f"Date: {format_datetime(message.sent)}",
            f"List-Id: <{options.list_id}>", "Auto-Submitted: auto-generated",  # RFC 3834: no out-of-office answers
            f"References: <{thread}@{self._domain}>",  # updates of one event stand together in the reader's list
            f"Content-Language: {re.sub(r'[^A-Za-z0-9-]', '', message.language)}",
            "MIME-Version: 1.0", 'Content-Type: text/plain; charset="utf-8"', "Content-Transfer-Encoding: base64",
        )
        body = encodebytes(message.text.encode("utf-8", "replace")).replace(b"\n", b"\r\n")
        return "\r\n".join(headers).encode("ascii") + b"\r\n\r\n" + body


def message_id(key: str, sender: str) -> str:
    """The Message-ID of a delivery: the same on every attempt, so that a reader's server can drop a second copy."""
    return f"<{sha256(key.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2]}>"


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


def _encoded(value: str, header: str) -> str:
    try:
        value.encode("ascii")
    except UnicodeEncodeError:
        return Header(value, "utf-8", header_name=header).encode(linesep="\r\n")
    return value if header == "Subject" else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quote(code: int, text: str, address: str) -> str:
    """The server's words without the address: servers like to repeat it."""
    local = address.partition("@")[0]
    said = re.sub(re.escape(address), "…", " ".join(text.split()), flags=re.IGNORECASE)
    said = re.sub(rf"(?<![\w.]){re.escape(local)}(?![\w.])", "…", said, flags=re.IGNORECASE)
    return f"{code} {said}"[:200]


async def _reset(server: aiosmtplib.SMTP) -> bool:
    try:
        await server.rset()
    except (aiosmtplib.SMTPException, OSError):
        return False
    return True


async def _good_bye(server: aiosmtplib.SMTP) -> None:
    try:
        await server.quit()
    except (aiosmtplib.SMTPException, OSError):
        server.close()
