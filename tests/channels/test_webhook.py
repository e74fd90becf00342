"""The signed webhook, against real sockets on the loopback."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.port import Doors
from channels.webhook import BadSignature, Options, Sender, verify
from channels.wire.http_post import Letter, PostFault, written
from channels.wire.signature import sign

NOW = datetime(2024, 9, 20, 1, 2, 3, tzinfo=UTC)
STAMP = "1726794123"  # NOW in Unix seconds: 19,986 days and 1:02:03 after 1970-01-01


def _message(address: str, n: int = 0) -> Message:
    return Message(
        key=f"a1/webhook/{n}", address=address, subject="暴雨红色预警", text="立即转移", language="zh-CN", identifier="id-1", event="ev-1",
        version=1, msg_type="Alert", status="Exercise", priority=4, sent=NOW - timedelta(minutes=1), expires=NOW + timedelta(hours=3),
        body=b"<alert/>", content_type="application/cap+xml", secret="s3cret")


class Peer:
    """A real TCP server that answers every request with the given bytes and keeps what it was sent."""

    def __init__(self, answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] | bytes) -> None:
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.busy = 0
        self.most_busy = 0
        self._answer = answer
        self._writers: list[asyncio.StreamWriter] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
                self.heads.append(head)
                self.bodies.append(await reader.readexactly(length))
                self.busy += 1
                self.most_busy = max(self.busy, self.most_busy)
                if isinstance(self._answer, bytes):
                    writer.write(self._answer)
                else:
                    await self._answer(reader, writer)
                self.busy -= 1
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def _peer(answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] | bytes) -> AsyncIterator[tuple[Peer, str]]:
    peer = Peer(answer)
    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    try:
        yield peer, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook/7?x=1"
    finally:
        peer.close()
        server.close()
        await server.wait_closed()


async def _nothing(_: Receipt | Reply) -> None:
    return None


@asynccontextmanager
async def _sender(*, allow_private: bool = True, parallel: int = 4, timeout_s: float = 30) -> AsyncIterator[Sender]:
    async with httpx.AsyncClient(trust_env=False) as http:
        doors = Doors(now=lambda: NOW, http=http, on_receipt=_nothing, on_reply=_nothing)
        sender = Sender(Options(lane="exercise", allow_private=allow_private, parallel=parallel, timeout_s=timeout_s), doors)
        await sender.open()
        try:
            yield sender
        finally:
            await sender.close()


def _http(status: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]).encode() + body


async def test_the_cap_document_is_posted_with_key_time_and_a_signature_that_verifies() -> None:
    async with _peer(b"HTTP/1.1 204 No Content\r\n\r\n") as (peer, url), _sender() as sender:
        (receipt,) = await sender.send([_message(url)])
    assert (receipt.outcome, receipt.evidence, receipt.reason) == (Outcome.ACCEPTED, "HTTP 204", None)
    head = peer.heads[0]
    assert head.startswith("POST /hook/7?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert "\r\nContent-Type: application/cap+xml\r\n" in head
    assert "\r\nIdempotency-Key: a1/webhook/0\r\n" in head
    assert f"\r\nX-Xiaoxishu-Timestamp: {STAMP}\r\n" in head
    by_hand = hmac.new(b"s3cret", STAMP.encode() + b".<alert/>", hashlib.sha256).hexdigest()
    assert f"\r\nX-Xiaoxishu-Signature: sha256={by_hand}\r\n" in head
    assert peer.bodies == [b"<alert/>"]
    verify("s3cret", STAMP, b"<alert/>", f"sha256={by_hand}", NOW)


async def test_without_a_document_a_small_json_says_the_same() -> None:
    async with _peer(_http("200 OK")) as (peer, url), _sender() as sender:
        await sender.send([replace(_message(url), body=b"", content_type="", secret="")])
    said = json.loads(peer.bodies[0])
    assert {name: said[name] for name in ("identifier", "msg_type", "status", "subject", "text", "sent", "expires")} == {
        "identifier": "id-1", "msg_type": "Alert", "status": "Exercise", "subject": "暴雨红色预警", "text": "立即转移",
        "sent": "2024-09-20T01:01:03+00:00", "expires": "2024-09-20T04:02:03+00:00"}
    assert "Content-Type: application/json" in peer.heads[0]
    assert "Signature" not in peer.heads[0], "no secret, no signature that anybody could forge"


@pytest.mark.parametrize(("status", "outcome", "reason"), [
    ("200 OK", Outcome.ACCEPTED, None), ("202 Accepted", Outcome.ACCEPTED, None),
    ("404 Not Found", Outcome.REJECTED, Reason.GONE), ("410 Gone", Outcome.REJECTED, Reason.GONE),
    ("400 Bad Request", Outcome.REJECTED, Reason.REFUSED), ("401 Unauthorized", Outcome.REJECTED, Reason.REFUSED),
    ("408 Request Timeout", Outcome.RETRY, Reason.TIMEOUT), ("429 Too Many Requests", Outcome.RETRY, Reason.RATE_LIMITED),
    ("500 Internal Server Error", Outcome.RETRY, Reason.REFUSED), ("503 Service Unavailable", Outcome.RETRY, Reason.REFUSED),
])
async def test_a_status_means(status: str, outcome: Outcome, reason: Reason | None) -> None:
    async with _peer(_http(status)) as (_, url), _sender() as sender:
        (receipt,) = await sender.send([_message(url)])
    assert (receipt.outcome, receipt.reason, receipt.evidence) == (outcome, reason, f"HTTP {status[:3]}")


async def test_retry_after_is_noted_and_cannot_smuggle_text() -> None:
    async with _peer(_http("429 x", "Retry-After: 30" + "9" * 100)) as (_, url), _sender() as sender:
        (receipt,) = await sender.send([_message(url)])
    assert receipt.evidence == "HTTP 429, Retry-After 30" + "9" * 38


async def test_a_redirect_is_not_followed() -> None:
    async with _peer(_http("302 Found", "Location: http://169.254.169.254/")) as (peer, url), _sender() as sender:
        (receipt,) = await sender.send([_message(url)])
    assert (receipt.outcome, receipt.reason) == (Outcome.REJECTED, Reason.REFUSED)
    assert "redirects are not followed" in receipt.evidence
    assert len(peer.heads) == 1


async def test_a_loopback_target_is_refused_with_the_mend_and_never_connected() -> None:
    async with _peer(_http("200 OK")) as (peer, url), _sender(allow_private=False) as sender:
        (receipt,) = await sender.send([_message(url)])
    assert (receipt.outcome, receipt.reason) == (Outcome.REJECTED, Reason.BAD_ADDRESS)
    assert "allow_private_targets: true" in receipt.evidence
    assert peer.connections == 0


async def test_a_name_that_turns_to_a_private_address_after_registration_is_refused_at_connection() -> None:
    async with _peer(_http("200 OK")) as (peer, url), _sender(allow_private=False) as sender:
        rebound = url.replace("127.0.0.1", "ip6-localhost.example.test")

        async def answer(host: str, port: int, **_: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:  # noqa: ARG001 the system's form
            return [(2, 1, 6, "", ("127.0.0.1", port))]

        asyncio.get_running_loop().getaddrinfo = answer  # type: ignore[method-assign,assignment]  # the name service of the test
        (receipt,) = await sender.send([_message(rebound)])
    assert (receipt.outcome, receipt.reason) == (Outcome.REJECTED, Reason.BAD_ADDRESS)
    assert peer.connections == 0


async def test_a_head_that_drips_costs_the_time_limit_and_no_more() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    async with _peer(drip) as (_, url), _sender(timeout_s=0.4) as sender:
        began = time.monotonic()
        (receipt,) = await sender.send([_message(url)])
        assert time.monotonic() - began < 20, "the whole head takes 51 s"
    assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.TIMEOUT)


async def test_a_connection_closed_without_an_answer_may_have_taken_the_message() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with _peer(hang_up) as (_, url), _sender() as sender:
        (receipt,) = await sender.send([_message(url)])
    assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.BROKEN_REPLY)


async def test_a_status_stands_even_when_the_body_never_ends() -> None:
    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            await writer.drain()

    async with _peer(endless) as (peer, url), _sender() as sender:
        began = time.monotonic()
        receipts = [*await sender.send([_message(url)]), *await sender.send([_message(url)])]
        assert time.monotonic() - began < 20, "the time limit is 30 s"
    assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert peer.connections == 2, "such a connection is not used again"


@pytest.mark.parametrize("answer", [
    b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
])
async def test_an_answer_that_is_no_http_is_a_broken_reply(answer: bytes) -> None:
    async with _peer(answer) as (_, url), _sender() as sender:
        (receipt,) = await sender.send([_message(url)])
    assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.BROKEN_REPLY)
    assert receipt.evidence


async def test_interim_answers_are_passed_over() -> None:
    async with _peer(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + _http("201 Created")) as (_, url), _sender() as sender:
        (receipt,) = await sender.send([_message(url)])
    assert receipt.evidence == "HTTP 201"


async def test_a_connection_is_kept_for_the_next_message_also_after_a_chunked_answer() -> None:
    async with _peer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n") as (peer, url), _sender(parallel=1) as sender:
        receipts = await sender.send([_message(url, n) for n in range(5)])
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
    assert (peer.connections, len(peer.heads)) == (1, 5)


async def test_a_kept_connection_that_the_peer_closed_is_replaced_without_a_retry() -> None:
    async def once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_http("200 OK"))
        await writer.drain()
        writer.close()

    async with _peer(once) as (peer, url), _sender(parallel=1) as sender:
        receipts = await sender.send([_message(url, n) for n in range(3)])
    assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED] * 3
    assert len(peer.heads) == 3


async def test_no_more_than_parallel_requests_are_under_way_over_all_batches() -> None:
    async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        writer.write(_http("200 OK"))

    async with _peer(slow) as (peer, url), _sender(parallel=3) as sender:
        batches = await asyncio.gather(*(sender.send([_message(url, 10 * b + n) for n in range(6)]) for b in range(2)))
    assert [len(batch) for batch in batches] == [6, 6]
    assert [receipt.key for receipt in batches[1]] == [f"a1/webhook/{10 + n}" for n in range(6)]
    assert peer.most_busy == 3


async def test_a_silent_host_with_many_subscriptions_costs_the_batch_three_time_limits_and_others_are_served() -> None:
    async def never(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:  # noqa: ARG001 a handler's form
        await asyncio.sleep(30)

    async with _peer(never) as (silent, dead_url), _peer(_http("200 OK")) as (_, url), _sender(parallel=2, timeout_s=0.5) as sender:
        began = time.monotonic()
        receipts = await sender.send([_message(dead_url, n) for n in range(20)] + [_message(url, 99)])
        assert time.monotonic() - began < 5, "twenty, two at a time, would take 5 s"
    assert receipts[-1].outcome is Outcome.ACCEPTED
    assert {receipt.outcome for receipt in receipts[:-1]} == {Outcome.RETRY}
    assert receipts[19].evidence == "not tried: its host did not answer others of this batch"
    assert 3 <= silent.connections <= 4


async def test_a_line_break_in_a_header_never_reaches_the_wire() -> None:
    async with _peer(_http("200 OK")) as (peer, url), _sender() as sender:
        receipts = await sender.send([
            replace(_message(url, 1), content_type="text/xml\r\nX-Evil: 1"), replace(_message(url, 2), key="k\r\nX-Evil: 2")])
    assert (receipts[0].outcome, receipts[0].reason) == (Outcome.REJECTED, Reason.REFUSED)
    assert receipts[1].outcome is Outcome.ACCEPTED
    assert "Idempotency-Key: k%0D%0AX-Evil:%202\r\n" in peer.heads[0]


@pytest.mark.parametrize("broken", ["a\rb", "a\nb", "a\0b", "a\r\nX-Evil: 1"])
def test_a_header_that_would_hold_a_line_break_is_never_written(broken: str) -> None:
    with pytest.raises(PostFault, match="line break") as refused:
        written(Letter(url="https://hook.example.org/in", headers=(("X-Said", broken),), body=b""), allow_private=False)
    assert (refused.value.reason, refused.value.retry) == (Reason.REFUSED, False)


@pytest.mark.parametrize("url", ["http://127.0.0.1/in", "http://db.internal/in", "http://169.254.169.254/latest"])
def test_what_must_not_be_called_is_refused_before_a_request_is_written(url: str) -> None:
    with pytest.raises(PostFault) as refused:
        written(Letter(url=url, headers=(), body=b""), allow_private=False)
    assert (refused.value.reason, refused.value.retry) == (Reason.BAD_ADDRESS, False)


WIDE = "１７２６７９４１２３"
SIGNATURE = "sha256=" + hmac.new(b"s3cret", STAMP.encode() + b".body", hashlib.sha256).hexdigest()


def test_a_receiver_accepts_a_genuine_request_up_to_the_edge_of_the_window() -> None:
    for apart in (timedelta(minutes=5), timedelta(minutes=-5)):
        verify("s3cret", STAMP, b"body", SIGNATURE, NOW + apart)


@pytest.mark.parametrize(("secret", "timestamp", "body", "signature", "apart", "says"), [
    ("other", STAMP, b"body", SIGNATURE, timedelta(), "does not fit"),
    ("s3cret", STAMP, b"bodY", SIGNATURE, timedelta(), "does not fit"),
    ("s3cret", "1726794124", b"body", SIGNATURE, timedelta(), "does not fit"),
    ("s3cret", STAMP, b"body", SIGNATURE.upper(), timedelta(), "does not fit"),
    ("s3cret", STAMP, b"body", "", timedelta(), "does not fit"),
    ("s3cret", STAMP, b"body", "sha256=é", timedelta(), "does not fit"),
    ("s3cret", STAMP, b"body", "sha256=", timedelta(), "does not fit"),
    ("s3cret", STAMP, b"body", SIGNATURE[:-1], timedelta(), "does not fit"),
    ("s3cret", STAMP, b"body", f"{SIGNATURE}0", timedelta(), "does not fit"),
    ("s3cret", STAMP, b"body", "sha256=00," * 8 + SIGNATURE, timedelta(), "does not fit"),  # an attacker does not choose how much is compared
    ("s3cret", STAMP[:-1], STAMP[-1:].encode() + b"body", sign("s3cret", STAMP, b"body"), timedelta(), "does not fit"),  # the point parts time and body
    ("s3cret", WIDE, b"body", sign("s3cret", WIDE, b"body"), timedelta(), "not Unix seconds"),
    ("s3cret", "-1", b"body", sign("s3cret", "-1", b"body"), timedelta(), "not Unix seconds"),
    ("", STAMP, b"body", sign("", STAMP, b"body"), timedelta(), "no secret"),
    ("", STAMP, b"body", SIGNATURE, timedelta(), "no secret"),
    ("s3cret", STAMP, b"body", SIGNATURE, timedelta(minutes=5, seconds=1), "replay window"),
    ("s3cret", STAMP, b"body", SIGNATURE, timedelta(minutes=-5, seconds=-1), "replay window"),
])
def test_a_receiver_refuses(secret: str, timestamp: str, body: bytes, signature: str, apart: timedelta, says: str) -> None:
    with pytest.raises(BadSignature, match=says):
        verify(secret, timestamp, body, signature, NOW + apart)
