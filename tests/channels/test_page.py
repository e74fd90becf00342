"""The page channel: published means read back, identifier and version, over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.page import Options, Sender
from channels.port import Doors

NOW = datetime(2024, 9, 20, 1, 2, 3, tzinfo=UTC)


def _message(base: str) -> Message:
    return Message(
        key="a1/page", address=f"{base}/alerts/id-1/3.json", subject="暴雨", text="转移", language="zh-CN", identifier="id-1", event="ev-1", version=3,
        msg_type="Update", status="Actual", priority=4, sent=NOW - timedelta(minutes=1), expires=NOW + timedelta(hours=3))


async def _nothing(_: Receipt | Reply) -> None:
    return None


@asynccontextmanager
async def _page(answer: bytes, *, silent: bool = False) -> AsyncIterator[tuple[Sender, str, list[str]]]:
    """A real server with one answer to everything, and a sender that reads it back."""
    heads: list[str] = []
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            if silent:
                await over.wait()
            writer.write(answer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            doors = Doors(now=lambda: NOW, http=http, on_receipt=_nothing, on_reply=_nothing)
            yield Sender(Options(lane="actual", timeout_s=0.5 if silent else 30, base_url=base), doors), base, heads
    finally:
        over.set()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.01)  # the handlers' turn to close their sockets


def _http(status: str, body: bytes, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close", "", ""]).encode() + body


def _document(identifier: str, version: int) -> bytes:
    return json.dumps({"identifier": identifier, "version": version, "text": "转移"}).encode()


async def test_a_version_that_is_read_back_is_accepted_with_its_etag() -> None:
    async with _page(_http("200 OK", _document("id-1", 3), 'ETag: "abc"')) as (sender, base, heads):
        (receipt,) = await sender.send([_message(base)])
    assert (receipt.outcome, receipt.reason) == (Outcome.ACCEPTED, None)
    assert receipt.evidence == 'read back version 3 of id-1, HTTP 200, etag "abc"'
    assert heads[0].startswith("GET /alerts/id-1/3.json ")
    assert "cache-control: no-cache" in heads[0].lower()


@pytest.mark.parametrize(("answer", "reason", "says"), [
    (_http("404 Not Found", b""), Reason.UNREACHABLE, "HTTP 404: the version is not there yet"),
    (_http("503 x", b""), Reason.REFUSED, "HTTP 503"),
    (_http("302 Found", b"", "Location: /elsewhere"), Reason.REFUSED, "HTTP 302"),
    (_http("200 OK", _document("id-1", 2)), Reason.BROKEN_REPLY, "read back version 2 of id-1, not yet version 3 of id-1"),
    (_http("200 OK", _document("id-0", 3)), Reason.BROKEN_REPLY, "read back version 3 of id-0, not yet version 3 of id-1"),
    (_http("200 OK", b"<html>id-1 version 3</html>"), Reason.BROKEN_REPLY, "HTTP 200, but no JSON with identifier and version"),
    (_http("200 OK", b"\xff\xfe"), Reason.BROKEN_REPLY, "HTTP 200, but no JSON with identifier and version"),
    (_http("200 OK", b"[]"), Reason.BROKEN_REPLY, "HTTP 200, but no JSON with identifier and version"),
    (b"no http at all\r\n\r\n", Reason.UNREACHABLE, "the page cannot be reached: RemoteProtocolError"),
])
async def test_anything_else_is_tried_again(answer: bytes, reason: Reason, says: str) -> None:
    async with _page(answer) as (sender, base, heads):
        (receipt,) = await sender.send([_message(base)])
    assert (receipt.outcome, receipt.reason, receipt.evidence) == (Outcome.RETRY, reason, says)
    assert len(heads) == 1


async def test_a_page_that_does_not_answer_is_a_timeout() -> None:
    async with _page(b"", silent=True) as (sender, base, _):
        (receipt,) = await sender.send([_message(base)])
    assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.TIMEOUT)


@pytest.mark.parametrize("address", ["http://169.254.169.254/alerts/id-1/3.json", "{base}.example.org/x", "{base}/../x", "{base}/a/../x", "", "{base}"])
async def test_a_document_elsewhere_is_never_asked_for(address: str) -> None:
    async with _page(_http("200 OK", _document("id-1", 3))) as (sender, base, heads):
        (receipt,) = await sender.send([replace(_message(base), address=address.format(base=base))])
    assert (receipt.outcome, receipt.reason) == (Outcome.REJECTED, Reason.BAD_ADDRESS)
    assert not heads
