"""Signed webhook: POST a warning to the URL that an office registered."""

from collections.abc import Sequence
from urllib.parse import quote

from pydantic import Field, SecretStr, field_validator

from channels.message import Limits, Message, Receipt
from channels.port import ChannelOptions, Doors
from channels.wire.crew import Crew
from channels.wire.envelope import envelope
from channels.wire.http_post import Letter
from channels.wire.http_verdict import verdict
from channels.wire.signature import (
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    BadSignature,
    ed25519_key,
    sign,
    sign_ed25519,
    verify,
    verify_ed25519,
)

__all__ = ["ACK_HEADER", "BadSignature", "Options", "Sender", "verify", "verify_ed25519"]

ACK_HEADER = "X-Xiaoxishu-Ack"
"""Where to answer, for a body that has no room for it (a CAP document)."""


class Options(ChannelOptions):
    """``timeout_s`` bounds the whole exchange: connection, request, and the answer to its last byte."""

    allow_private: bool = Field(
        default=False, description="let webhooks go to loopback and private networks (deployment setting allow_private_targets)"
    )
    parallel: int = Field(default=32, ge=1, le=256, description="how many webhooks are under way at once, over all batches")
    ed25519_keys: tuple[SecretStr, ...] = Field(
        default=(), description="private keys (PEM) that sign every request besides or instead of a secret; while a key is changed, name both")

    @field_validator("ed25519_keys")
    @classmethod
    def _are_keys(cls, given: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for one in given:
            ed25519_key(one.get_secret_value())
        return given


class Sender:
    """The address is a URL; ``Message.secret`` signs, and each Ed25519 key; receivers check with :func:`verify` or :func:`verify_ed25519`."""

    def __init__(self, options: Options, doors: Doors) -> None:
        self._keys = [ed25519_key(key.get_secret_value()) for key in options.ed25519_keys]
        self._now = doors.now
        self._crew = Crew(lane=options.lane, parallel=options.parallel, timeout_s=options.timeout_s,
                          allow_private=options.allow_private, now=doors.now)

    @property
    def limits(self) -> Limits:
        return Limits(max_chars=None)

    async def open(self) -> None:
        self._crew.open()

    async def close(self) -> None:
        await self._crew.close()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        return await self._crew.carry(messages, letter=self._letter, verdict=verdict)

    def _letter(self, message: Message) -> Letter:
        body, content_type = envelope(message)
        timestamp = str(int(self._now().timestamp()))
        headers = [
            ("Content-Type", content_type),
            ("Idempotency-Key", quote(message.key, safe="/:=@+,;~!*'()|")),
            (TIMESTAMP_HEADER, timestamp),
        ]
        signatures = [sign(secret, timestamp, body) for secret in (message.secret, message.former_secret) if secret]
        signatures += [sign_ed25519(key, timestamp, body) for key in self._keys]
        if signatures:
            headers.append((SIGNATURE_HEADER, ",".join(signatures)))
        if message.ack_url:
            headers.append((ACK_HEADER, message.ack_url))
        return Letter(url=message.address, headers=tuple(headers), body=body)
