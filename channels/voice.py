"""Voice: an HTTP gateway reads the warning out; a key pressed on the telephone comes back as a reply, with which an office acknowledges."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Self

from pydantic import Field, SecretStr, model_validator

from channels.message import Limits, Message, Outcome, Reason, Receipt, Reply
from channels.port import ChannelOptions, Doors
from channels.wire.crew import Crew, Parcel, Said
from channels.wire.http_door import HttpDoor
from channels.wire.http_post import Answer, Letter, written
from channels.wire.http_verdict import Verdict, verdict
from channels.wire.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign

_NUMBER = re.compile(r"\+?[0-9]{6,15}", re.ASCII)
_REMEMBERED = 100_000


class Options(ChannelOptions):
    """One gateway, and the door at which it tells what became of its calls."""

    url: str = Field(pattern=r"^https?://", description="where the gateway takes calls")
    secret: SecretStr = Field(description="signs our requests and the gateway's call-backs (HMAC-SHA-256, as for webhooks)")
    callback_host: str = Field(default="127.0.0.1", description="address at which call-backs are taken")
    callback_port: int = Field(default=0, ge=0, le=65535, description="its port; 0 = none, then nobody can acknowledge by key")
    callback_url: str = Field(default="", description="how the gateway reaches it, when another server stands before it; empty = from host and port")
    ack_key: str = Field(default="1", pattern=r"^[0-9*#]$", description="the key that acknowledges")
    repeat: int = Field(default=2, ge=1, le=5, description="how often the text is read in one call")
    max_chars: int = Field(default=300, ge=50, le=1000, description="characters that are read out; 300 take a bit more than a minute")
    allow_private: bool = Field(default=False, description="let requests go to loopback and private networks (deployment setting allow_private_targets)")

    @model_validator(mode="after")
    def _has_a_secret(self) -> Self:
        if not self.secret.get_secret_value():
            raise ValueError("secret: is empty; anybody could acknowledge for an office")
        return self


class Sender:
    """The address is a telephone number. ACCEPTED: the gateway will call; DELIVERED: somebody took the call (its call-back ``answered``).

    We POST ``{"id", "to", "text", "language", "repeat", "ack_key", "callback"}``; the gateway POSTs ``{"id", "event", "key"}`` to ``callback`` with
    ``event`` one of ``answered``, ``key``, ``busy``, ``no_answer``, ``failed``. ``key`` goes on as a Reply: ``ACK`` and the word of the answer
    link where there is one, else the key itself.
    """

    def __init__(self, options: Options, doors: Doors) -> None:
        self._options = options
        self._doors = doors
        self._called: dict[str, tuple[str, str]] = {}
        self._callback = options.callback_url
        self._secret = options.secret.get_secret_value()
        self._door = HttpDoor(path="/voice", secret=self._secret, now=doors.now, heard=self._heard)
        self._crew = Crew(lane=options.lane, parallel=16, timeout_s=options.timeout_s, allow_private=options.allow_private, now=doors.now)

    @property
    def limits(self) -> Limits:
        return Limits(max_chars=self._options.max_chars)

    @property
    def callback(self) -> str:
        """The URL that the gateway is told."""
        return self._callback

    async def open(self) -> None:
        self._crew.open()
        if self._options.callback_port or self._options.callback_url:
            port = await self._door.start(self._options.callback_host, self._options.callback_port)
            self._callback = self._options.callback_url or f"http://{self._options.callback_host}:{port}/voice"

    async def close(self) -> None:
        await self._door.stop()
        await self._crew.close()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        def parcel(index: int) -> Parcel | Said:
            message = messages[index]
            fault = self._crew.fence(message)
            if fault is None and not _NUMBER.fullmatch(message.address):
                fault = Said(outcome=Outcome.REJECTED, reason=Reason.BAD_ADDRESS, evidence="the address is no telephone number")
            return fault or written(self._letter(message), allow_private=self._options.allow_private)

        receipts = self._crew.receipts(messages, await self._crew.deliver(len(messages), parcel=parcel, verdict=_verdict))
        for message, receipt in zip(messages, receipts, strict=True):
            if receipt.outcome is not Outcome.ACCEPTED and receipt.outcome is not Outcome.UNKNOWN:
                self._called.pop(message.key, None)
        return receipts

    def _letter(self, message: Message) -> Letter:
        text, word = _spoken(message)
        # Remembered before it leaves: somebody may have pressed the key before the gateway's answer is read.
        while len(self._called) >= _REMEMBERED:
            self._called.pop(next(iter(self._called)))
        self._called[message.key] = message.address, word
        body = json.dumps({
            "id": message.key, "to": message.address, "text": text, "language": message.language, "repeat": self._options.repeat,
            "ack_key": self._options.ack_key, "callback": self._callback}, ensure_ascii=False).encode("utf-8", "replace")
        timestamp = str(int(self._doors.now().timestamp()))
        return Letter(url=self._options.url, body=body, headers=(
            ("Content-Type", "application/json"), ("Idempotency-Key", _token(message.key)), (TIMESTAMP_HEADER, timestamp),
            (SIGNATURE_HEADER, sign(self._secret, timestamp, body))))

    async def _heard(self, said: Mapping[str, object]) -> None:
        """A call-back. One of a call that this process has not made changes nothing: the delivery's state and the deadline stand."""
        key, event, pressed = str(said.get("id", "")), said.get("event"), str(said.get("key", ""))[:10]
        if key not in self._called:
            return
        address, word = self._called[key]
        now = self._doors.now()
        match event:
            case "answered":
                await self._doors.on_receipt(Receipt(key=key, outcome=Outcome.DELIVERED, at=now, evidence="the call was answered"))
            case "key":
                acknowledges = word and pressed == self._options.ack_key
                await self._doors.on_reply(Reply(channel="voice", address=address, text=f"ACK {word}" if acknowledges else pressed, at=now))
            case "busy" | "no_answer" | "failed":
                await self._doors.on_receipt(Receipt(
                    key=key, outcome=Outcome.REJECTED, at=now, reason=Reason.UNREACHABLE, evidence=f"the gateway says {event}"))
            case _:
                return


def _spoken(message: Message) -> tuple[str, str]:
    """What is read out, and the word of the answer link; nobody reads out a link."""
    text, word = message.text, ""
    found = re.search(r"\n(https?://\S+/api/(?:ack|test-ack|duty)/([A-Za-z0-9_.~-]+))$", text)
    if found is not None:
        text, word = text[:found.start()], found.group(2)
    return text, word


def _token(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9_./:-]", "_", key)


_BAD_NUMBER = (Outcome.REJECTED, Reason.BAD_ADDRESS)
_OWN: dict[int, Verdict] = {400: _BAD_NUMBER, 422: _BAD_NUMBER, 404: (Outcome.REJECTED, Reason.REFUSED), 410: (Outcome.REJECTED, Reason.REFUSED)}


def _verdict(answer: Answer) -> Verdict:
    """A gateway's 400 or 422 is a bad number; its 404 or 410 is a wrong path, and retires nobody's number."""
    return verdict(answer, _OWN)
