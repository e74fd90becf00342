"""Voice calls through a gateway: what is read out, and what a pressed key does."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.port import Doors
from channels.voice import Options, Sender
from channels.wire.http_sink import HttpSink
from channels.wire.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign

NOW = datetime(2024, 9, 20, 1, 0, tzinfo=UTC)
MESSAGE = Message(
    key="id-1.7", address="8613900000001", subject="暴雨红色预警", text="请立即转移。\nhttps://warn.example/api/ack/w0rd-9", language="zh-CN", identifier="id-1",
    event="ev", version=1, msg_type="Alert", status="Exercise", priority=4, sent=NOW, expires=NOW + timedelta(hours=3))


@dataclass
class Heard:
    receipts: list[Receipt] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)

    async def on_receipt(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)

    async def on_reply(self, reply: Reply) -> None:
        self.replies.append(reply)


@asynccontextmanager
async def calling(heard: Heard) -> AsyncIterator[tuple[HttpSink, Sender, httpx.AsyncClient]]:
    sink = HttpSink(now=lambda: NOW)
    await sink.start()
    sink.secrets["/calls"] = "s3cret"
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        sender = Sender(
            Options(lane="exercise", timeout_s=30, url=sink.url("/calls"), secret=SecretStr("s3cret"), allow_private=True,
                    callback_url="http://127.0.0.1:0/voice"),
            Doors(now=lambda: NOW, http=http, on_receipt=heard.on_receipt, on_reply=heard.on_reply))
        await sender.open()
        try:
            yield sink, sender, http
        finally:
            await sender.close()
            await sink.stop()


async def tell(sender: Sender, http: httpx.AsyncClient, said: dict[str, str], *, secret: str = "s3cret", path: str = "/voice") -> int:
    """A call-back of the gateway; the status of our answer."""
    assert sender._door._server is not None
    port = sender._door._server.sockets[0].getsockname()[1]
    body, at = json.dumps(said).encode(), str(int(NOW.timestamp()))
    answer = await http.post(f"http://127.0.0.1:{port}{path}", content=body, headers={TIMESTAMP_HEADER: at, SIGNATURE_HEADER: sign(secret, at, body)})
    return answer.status_code


async def test_the_gateway_reads_the_text_and_never_the_link() -> None:
    async with calling(Heard()) as (sink, sender, _):
        [receipt] = await sender.send([MESSAGE])
        call = json.loads(sink.latest["/calls"])
    assert receipt.outcome is Outcome.ACCEPTED
    assert (call["id"], call["to"], call["text"], call["repeat"], call["ack_key"]) == ("id-1.7", "8613900000001", "请立即转移。", 2, "1")
    assert call["callback"] == "http://127.0.0.1:0/voice"


async def test_the_key_acknowledges_with_the_word_of_the_link() -> None:
    heard = Heard()
    async with calling(heard) as (_, sender, http):
        await sender.send([MESSAGE])
        assert await tell(sender, http, {"id": "id-1.7", "event": "answered"}) == 204
        assert await tell(sender, http, {"id": "id-1.7", "event": "key", "key": "1"}) == 204
        assert await tell(sender, http, {"id": "id-1.7", "event": "key", "key": "5"}) == 204
    assert [(r.key, r.outcome) for r in heard.receipts] == [("id-1.7", Outcome.DELIVERED)]
    assert [(r.channel, r.address, r.text) for r in heard.replies] == [
        ("voice", "8613900000001", "ACK w0rd-9"), ("voice", "8613900000001", "5")]


async def test_a_key_pressed_where_nothing_was_asked_acknowledges_nothing() -> None:
    heard = Heard()
    async with calling(heard) as (_, sender, http):
        await sender.send([replace(MESSAGE, text="请立即转移。")])
        await tell(sender, http, {"id": "id-1.7", "event": "key", "key": "1"})
    assert [reply.text for reply in heard.replies] == ["1"]


@pytest.mark.parametrize("event", ["busy", "no_answer", "failed"])
async def test_a_call_that_nobody_took_is_failed_with_what_the_gateway_says(event: str) -> None:
    heard = Heard()
    async with calling(heard) as (_, sender, http):
        await sender.send([MESSAGE])
        await tell(sender, http, {"id": "id-1.7", "event": event})
    [receipt] = heard.receipts
    assert (receipt.outcome, receipt.reason, receipt.evidence) == (Outcome.REJECTED, Reason.UNREACHABLE, f"the gateway says {event}")


async def test_nobody_else_can_acknowledge() -> None:
    heard = Heard()
    async with calling(heard) as (_, sender, http):
        await sender.send([MESSAGE])
        assert await tell(sender, http, {"id": "id-1.7", "event": "key", "key": "1"}, secret="guessed") == 401
        assert await tell(sender, http, {"id": "id-1.7", "event": "key", "key": "1"}, path="/other") == 404
        assert await tell(sender, http, {"id": "of another", "event": "key", "key": "1"}) == 204
    assert (heard.receipts, heard.replies) == ([], [])


def test_a_gateway_without_a_secret_is_refused() -> None:
    with pytest.raises(ValidationError, match="anybody could acknowledge for an office"):
        Options(lane="exercise", url="https://voice.example/calls", secret=SecretStr(""))
