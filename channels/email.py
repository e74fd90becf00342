"""E-mail over SMTP: a few connections for a batch, accepted when the server answered 250 to the message."""

import re
import ssl
from base64 import encodebytes
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal, Self

import aiosmtplib
from pydantic import Field, SecretStr, field_validator, model_validator

from channels.crowd import Crowd, CrowdReceipt
from channels.message import Limits, Message, Outcome, Reason, Receipt
from channels.port import ChannelOptions, Doors, refusal
from channels.wire.smtp import Letter, Line, Lines, Lost, Told

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
    parallel: int = Field(default=4, ge=1, le=64, description="connections at once for a large batch, one for each fifty mails at most")
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
        rendered = _Rendered(self._options)
        told = await self._carry(len(messages), lambda index: self._letter(messages[index], messages[index].address, messages[index].key, rendered))
        return [
            Receipt(key=message.key, outcome=one.outcome, at=self._doors.now(), reason=one.reason, evidence=one.evidence,
                    external_id=message_id(message.key, self._options.sender) if one.outcome is Outcome.ACCEPTED else "")
            for message, one in zip(messages, told, strict=True)
        ]

    async def send_crowd(self, crowd: Crowd) -> CrowdReceipt:
        """One rendering for all. The Message-ID of each follows from its key (:func:`message_id`), so it is not given back."""
        rendered, message = _Rendered(self._options), crowd.message
        told = await self._carry(
            len(crowd.addresses), lambda index: self._letter(message, crowd.addresses[index], crowd.key(index), rendered))
        common = next((one.evidence for one in told if one.outcome is Outcome.ACCEPTED), "")
        return CrowdReceipt(
            outcomes=[one.outcome for one in told], external_ids=[""] * len(told), common=common,
            reasons={position: one.reason for position, one in enumerate(told) if one.reason is not None},
            evidence={position: one.evidence for position, one in enumerate(told) if one.evidence != common})

    async def _carry(self, count: int, letter: Callable[[int], Letter | Told]) -> list[Told]:
        told: list[Told | None] = [None] * count
        at: dict[int, int] = {}
        turns = iter(range(count))

        def next_letter() -> Letter | None:
            for index in turns:
                made = letter(index)
                if isinstance(made, Letter):
                    at[id(made)] = index
                    return made
                told[index] = made
            return None

        def tell(letter: Letter, what: Told) -> None:
            told[at.pop(id(letter))] = replace(what, evidence=_quote(what.evidence, letter.recipient))

        lines = Lines(connect=self._connect, most=self._options.parallel, lost_in_a_row=_LOST_IN_A_ROW)
        await lines.carry(count, next_letter, tell)
        return [one for one in told if one is not None]

    def _letter(self, message: Message, address: str, key: str, rendered: "_Rendered") -> Letter | Told:
        fence = refusal(message, lane=self._options.lane, now=self._doors.now())
        if fence is not None:
            return Told(outcome=fence.outcome, reason=fence.reason, evidence=fence.evidence)
        if not _ADDRESS.fullmatch(address):
            return Told(outcome=Outcome.REJECTED, reason=Reason.BAD_ADDRESS, evidence="the address is not an e-mail address")
        if _CONTROL.search(message.subject):
            return Told(outcome=Outcome.REJECTED, reason=Reason.REFUSED, evidence="the subject holds a line break or control character")
        return Letter(recipient=address, content=rendered.octets(message, address, key))

    async def _connect(self) -> Line:
        options = self._options
        server = aiosmtplib.SMTP(
            hostname=options.host, port=options.port, timeout=options.timeout_s, use_tls=options.security == "tls",
            start_tls=options.security == "starttls", tls_context=self._tls,
            username=options.username or None, password=options.password.get_secret_value() or None,
        )
        try:
            await server.connect()
            if server.is_ehlo_or_helo_needed:
                await server.ehlo()
        except aiosmtplib.SMTPAuthenticationError as error:
            server.close()
            raise Lost(f"log-in refused: {error.code}") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            server.close()
            raise Lost(f"no connection: {type(error).__name__}") from error
        return Line(server, sender=options.sender, timeout_s=options.timeout_s)


class _Rendered:
    """Renders headers and text once for all who get the same words; only To and Message-ID differ."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._shared: dict[tuple[str, str, str, str, datetime], bytes] = {}
        self._domain = options.sender.rpartition("@")[2]

    def octets(self, message: Message, address: str, key: str) -> bytes:
        """The whole e-mail, CRLF line ends, seven-bit clean; no line begins with a dot (base64 has none, folded headers begin with a blank)."""
        words = (message.subject, message.text, message.language, message.event, message.sent)
        shared = self._shared.get(words)
        if shared is None:
            shared = self._shared[words] = self._render(message)
        return f"To: <{address}>\r\nMessage-ID: {message_id(key, self._options.sender)}\r\n".encode() + shared

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


def _encoded(value: str, header: str) -> str:
    try:
        value.encode("ascii")
    except UnicodeEncodeError:
        return Header(value, "utf-8", header_name=header).encode(linesep="\r\n")
    return value if header == "Subject" else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quote(said: str, address: str) -> str:
    """The server's words without the address: servers like to repeat it."""
    local = address.partition("@")[0]
    if local.lower() in said.lower():
        said = re.sub(re.escape(address), "…", said, flags=re.IGNORECASE)
        said = re.sub(rf"(?<![\w.]){re.escape(local)}(?![\w.])", "…", said, flags=re.IGNORECASE)
    return said[:200]
