"""The public page and feed as a channel: a version counts as published when it was read back over HTTP, as a resident would read it."""

import asyncio
import json
from collections.abc import Sequence

import httpx
from pydantic import BaseModel, Field, ValidationError

from channels.message import Limits, Message, Outcome, Reason, Receipt
from channels.port import ChannelOptions, Doors, refusal

MAX_DOCUMENT = 4 * 1024 * 1024


class Options(ChannelOptions):
    """Where the page of this deployment is seen from outside."""

    base_url: str = Field(pattern=r"^https?://[^/]+(/.*)?$", description="the page's own address; documents elsewhere are not asked for")
    parallel: int = Field(default=8, ge=1, le=64, description="documents read back at once")


class _Document(BaseModel):
    """What must stand in a published version document (JSON); it may hold more."""

    identifier: str
    version: int


class Sender:
    """The address is the URL of the published version document, JSON with ``identifier`` and ``version``. Nothing is written: the store
    publishes, this channel proves it."""

    def __init__(self, options: Options, doors: Doors) -> None:
        self._options = options
        self._base = options.base_url.rstrip("/") + "/"
        self._now = doors.now
        self._http = doors.http
        self._slots = asyncio.Semaphore(options.parallel)

    @property
    def limits(self) -> Limits:
        return Limits(max_chars=None, batch=self._options.parallel)  # so that a silent page costs a batch one time limit

    async def open(self) -> None:
        """Nothing to open: the HTTP client is handed in."""

    async def close(self) -> None:
        """Nothing to close."""

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        return list(await asyncio.gather(*(self._one(message) for message in messages)))

    async def _one(self, message: Message) -> Receipt:
        refused = refusal(message, lane=self._options.lane, now=self._now())
        if refused is not None:
            return refused
        if not message.address.startswith(self._base) or "/../" in message.address or not message.address.isprintable():
            return self._receipt(message, Outcome.REJECTED, "the document is not below base_url; compare the two settings", Reason.BAD_ADDRESS)
        try:
            async with self._slots, asyncio.timeout(self._options.timeout_s):
                status, etag, body = await self._read(message.address)
        except httpx.InvalidURL:
            return self._receipt(message, Outcome.REJECTED, "the document's URL cannot be read", Reason.BAD_ADDRESS)
        except (TimeoutError, httpx.TimeoutException):
            return self._receipt(message, Outcome.RETRY, "the page did not answer in time", Reason.TIMEOUT)
        except httpx.HTTPError as dead:
            return self._receipt(message, Outcome.RETRY, f"the page cannot be reached: {type(dead).__name__}", Reason.UNREACHABLE)
        return self._judge(message, status, etag, body)

    async def _read(self, url: str) -> tuple[int, str, bytes]:
        """Status, ETag and at most MAX_DOCUMENT bytes; a cache on the way is told to ask the origin."""
        async with self._http.stream("GET", url, headers={"Cache-Control": "no-cache", "Accept": "application/json"},
                                     follow_redirects=False) as answer:
            body = bytearray()
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > MAX_DOCUMENT:
                    break
            return answer.status_code, _quotable(answer.headers.get("etag", "")), bytes(body)

    def _judge(self, message: Message, status: int, etag: str, body: bytes) -> Receipt:
        if status in (404, 410):
            return self._receipt(message, Outcome.RETRY, f"HTTP {status}: the version is not there yet", Reason.UNREACHABLE)
        if status != 200:
            return self._receipt(message, Outcome.RETRY, f"HTTP {status}", Reason.REFUSED)
        try:
            found = _Document.model_validate(json.loads(body))
        except (ValidationError, ValueError):
            return self._receipt(message, Outcome.RETRY, "HTTP 200, but no JSON with identifier and version", Reason.BROKEN_REPLY)
        if (found.identifier, found.version) != (message.identifier, message.version):
            return self._receipt(
                message, Outcome.RETRY,
                f"read back version {found.version} of {_quotable(found.identifier)}, not yet version {message.version} of {message.identifier}",
                Reason.BROKEN_REPLY)
        return self._receipt(
            message, Outcome.ACCEPTED, f"read back version {found.version} of {found.identifier}, HTTP 200, etag {etag or 'none'}", None)

    def _receipt(self, message: Message, outcome: Outcome, evidence: str, reason: Reason | None) -> Receipt:
        return Receipt(key=message.key, outcome=outcome, at=self._now(), evidence=evidence, reason=reason)


def _quotable(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:100]
