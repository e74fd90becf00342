"""MQTT against a real broker."""

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import aiomqtt
import httpx
import pytest
from pydantic import SecretStr

from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.mqtt import Options, Sender, topic_fault
from channels.port import Doors
from channels.wire.mqtt_sink import MqttSink
from tests.ports import own_port

NOW = datetime(2024, 9, 20, 1, 2, 3, tzinfo=UTC)


def _message(topic: str, n: int = 0, *, version: int = 1, msg_type: Literal["Alert", "Update", "Cancel"] = "Alert") -> Message:
    return Message(
        key=f"a1/mqtt/{n}", address=topic, subject="暴雨", text="转移", language="zh-CN", identifier="id-1", event="ev-1", version=version,
        msg_type=msg_type, status="Exercise", priority=4, sent=NOW - timedelta(minutes=1), expires=NOW + timedelta(hours=3),
        body=f"<alert v='{version}'/>".encode(), content_type="application/cap+xml")


async def _nothing(_: Receipt | Reply) -> None:
    return None


@asynccontextmanager
async def _sender(options: Options) -> AsyncIterator[Sender]:
    async with httpx.AsyncClient(trust_env=False) as http:
        sender = Sender(options, Doors(now=lambda: NOW, http=http, on_receipt=_nothing, on_reply=_nothing))
        await sender.open()
        try:
            yield sender
        finally:
            await sender.close()


def _options(port: int, *, timeout_s: float = 30, on_cancel: Literal["replace", "clear"] = "replace", in_flight: int = 20, tls: bool = False) -> Options:
    return Options(lane="exercise", host="127.0.0.1", port=port, timeout_s=timeout_s, on_cancel=on_cancel, in_flight=in_flight, tls=tls)


@asynccontextmanager
async def _broker(sink: MqttSink) -> AsyncIterator[int]:
    """On a port that stays its own, also while it is down."""
    with own_port() as port:
        await sink.start(port)
        try:
            yield port
        finally:
            await sink.stop()


async def test_a_puback_is_the_evidence_and_a_late_subscriber_gets_the_retained_warning() -> None:
    async with _broker(MqttSink()) as port, _sender(_options(port)) as sender:
        (receipt,) = await sender.send([_message("sh/310115/11B03")])
        assert (receipt.outcome, receipt.evidence, receipt.reason) == (Outcome.ACCEPTED, "PUBACK", None)
        async with aiomqtt.Client("127.0.0.1", port) as late, asyncio.timeout(30):
            await late.subscribe("sh/+/11B03")
            heard = await anext(aiter(late.messages))
    assert (str(heard.topic), heard.payload, heard.retain) == ("sh/310115/11B03", b"<alert v='1'/>", True)


async def test_a_cancel_replaces_the_retained_warning() -> None:
    sink = MqttSink()
    async with _broker(sink) as port, _sender(_options(port)) as sender:
        receipts = await sender.send([_message("sh/1"), _message("sh/1", 1, version=2, msg_type="Cancel")])
        assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED] * 2
        assert sink.retained == {"sh/1": b"<alert v='2'/>"}


async def test_a_cancel_clears_the_topic_where_so_set_but_those_who_listen_hear_it() -> None:
    sink = MqttSink()
    async with _broker(sink) as port, _sender(_options(port, on_cancel="clear")) as sender, aiomqtt.Client("127.0.0.1", port) as listener:
        await sender.send([_message("sh/1")])
        await listener.subscribe("sh/1", qos=1)
        heard = aiter(listener.messages)
        (receipt,) = await sender.send([_message("sh/1", 1, version=2, msg_type="Cancel")])
        assert receipt.outcome is Outcome.ACCEPTED
        async with asyncio.timeout(30):
            assert [(await anext(heard)).payload for _ in range(2)] == [b"<alert v='1'/>", b"<alert v='2'/>"]
        assert sink.retained == {}


async def test_the_order_on_a_topic_is_the_order_of_the_batch() -> None:
    sink = MqttSink()
    async with _broker(sink) as port, _sender(_options(port, in_flight=3)) as sender:
        receipts = await sender.send([_message("sh/1", n, version=n) for n in range(30)])
        assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
        assert sink.retained == {"sh/1": b"<alert v='29'/>"}
        assert sink.received == {"sh/1": 30}


async def test_without_a_document_the_payload_is_a_small_json() -> None:
    sink = MqttSink()
    async with _broker(sink) as port, _sender(_options(port)) as sender:
        await sender.send([replace(_message("sh/1"), body=b"", content_type="")])
        assert json.loads(sink.retained["sh/1"])["identifier"] == "id-1"


async def test_a_dead_broker_is_retry_for_all_within_the_time_limit() -> None:
    ended: list[float] = []

    async def sent(sender: Sender) -> list[Receipt]:
        receipts = await sender.send([_message(f"sh/{n}", n) for n in range(50)])
        ended.append(time.monotonic())
        return receipts

    with own_port() as port:
        async with _sender(_options(port, timeout_s=1)) as sender:
            batches = await asyncio.gather(*(sent(sender) for _ in range(4)))
    assert ended[-1] - ended[0] < 2.5, "four batches wait together, not one after the other"
    assert {(receipt.outcome, receipt.reason) for batch in batches for receipt in batch} == {(Outcome.RETRY, Reason.UNREACHABLE)}


async def test_a_broker_that_comes_back_is_found_again_by_the_next_batch() -> None:
    sink = MqttSink()
    async with _broker(sink) as port, _sender(_options(port)) as sender:
        assert (await sender.send([_message("sh/1")]))[0].outcome is Outcome.ACCEPTED
        await sink.stop()
        (lost,) = await sender.send([_message("sh/1")])
        assert (lost.outcome, lost.reason) == (Outcome.RETRY, Reason.UNREACHABLE)
        await sink.start(port)
        assert (await sender.send([_message("sh/1")]))[0].outcome is Outcome.ACCEPTED
        assert sink.received == {"sh/1": 2}


async def test_a_connection_lost_while_idle_costs_no_retry() -> None:
    sink = MqttSink()
    async with _broker(sink) as port, _sender(_options(port)) as sender:
        assert (await sender.send([_message("sh/1")]))[0].outcome is Outcome.ACCEPTED
        await sink.stop()
        await sink.start(port)
        assert (await sender.send([_message("sh/1")]))[0].outcome is Outcome.ACCEPTED


@asynccontextmanager
async def _half_broker(*, connack: bytes) -> AsyncIterator[int]:
    """Takes connections, says CONNACK (or nothing) and never a PUBACK."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.read(1000)
        writer.write(connack)
        while await reader.read(1000):
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        for writer in writers:
            writer.close()
        server.close()
        await server.wait_closed()


async def test_a_broker_that_never_acknowledges_is_a_timeout_and_holds_up_a_batch_once() -> None:
    async with _half_broker(connack=b"\x20\x02\x00\x00") as port, _sender(_options(port, timeout_s=0.7, in_flight=2)) as sender:
        began = time.monotonic()
        receipts = await sender.send([_message(f"sh/{n}", n) for n in range(40)])
        assert time.monotonic() - began < 10, "forty, two at a time, would take 14 s"
    assert {receipt.outcome for receipt in receipts} == {Outcome.RETRY}
    assert receipts[0].reason is Reason.TIMEOUT


async def test_a_broker_that_refuses_or_never_greets_is_retry() -> None:
    for connack in (b"\x20\x02\x00\x05", b""):
        async with _half_broker(connack=connack) as port, _sender(_options(port, timeout_s=0.5)) as sender:
            (receipt,) = await sender.send([_message("sh/1")])
        assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.UNREACHABLE)


# paho forgets to close the socket when the TLS handshake fails; the collector does it, with this warning.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
async def test_tls_is_spoken_where_so_set_and_a_plain_broker_is_then_unreachable() -> None:
    async with _broker(MqttSink()) as port, _sender(_options(port, timeout_s=1, tls=True)) as sender:
        (receipt,) = await sender.send([_message("sh/1")])
    assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.UNREACHABLE)
    gc.collect()  # now, while the warning is expected


@pytest.mark.parametrize(("topic", "says"), [
    ("", "empty"), ("sh/+/x", "wildcard"), ("sh/#", "wildcard"), ("sh/\0", "control"), ("sh/\n", "control"), ("\ud800", "control"),
    ("$SYS/x", "broker"), ("暴" * 30_000, "65,535"),
])
async def test_a_topic_that_no_one_may_publish_on_is_a_bad_address(topic: str, says: str) -> None:
    assert says in topic_fault(topic)
    sink = MqttSink()
    async with _broker(sink) as port, _sender(_options(port)) as sender:
        receipts = await sender.send([_message(topic), _message("sh/上海/11B03", 1)])
    assert (receipts[0].outcome, receipts[0].reason) == (Outcome.REJECTED, Reason.BAD_ADDRESS)
    assert receipts[1].outcome is Outcome.ACCEPTED


async def test_the_user_and_client_id_reach_the_broker() -> None:
    greeting = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not greeting.done():
            greeting.set_result(await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    options = Options(lane="exercise", host="127.0.0.1", port=server.sockets[0].getsockname()[1], timeout_s=0.5,
                      username="duty", password=SecretStr("pa55"), client_id="engine-1")
    async with _sender(options):
        said = await greeting
    server.close()
    await server.wait_closed()
    for text in (b"engine-1", b"duty", b"pa55"):
        assert text in said
