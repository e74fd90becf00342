"""The sinks of a drill answer as real receivers do, and count."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from email.message import EmailMessage

import aiomqtt
import aiosmtplib
import httpx
import pytest

from channels.wire.aes128gcm import PushKeys, encrypt, from_b64url
from channels.wire.http_sink import HttpFault, HttpSink
from channels.wire.mail_sink import MailSink
from channels.wire.mqtt_sink import MqttSink
from channels.wire.signature import sign

NOW = datetime(2024, 9, 20, 1, 2, 3, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))


@pytest.fixture
async def sink() -> AsyncIterator[HttpSink]:
    running = HttpSink(now=lambda: NOW, slow_s=0.3, check_vapid=False)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        yield http


async def _until(true: Callable[[], bool]) -> None:
    for _ in range(3000):
        if true():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not happen within half a minute")


async def _until_acknowledged(sink: HttpSink, path: str) -> None:
    await _until(lambda: bool(sink.acknowledged[path] or sink.refused["acknowledgement"]))


async def test_an_office_takes_a_signed_alert_once_and_counts_its_repetition(sink: HttpSink, client: httpx.AsyncClient) -> None:
    sink.secrets["/o/1"] = "s3cret"
    headers = {"Idempotency-Key": "k1", "X-Xiaoxishu-Timestamp": STAMP, "X-Xiaoxishu-Signature": sign("s3cret", STAMP, b"body")}
    for _ in range(2):
        assert (await client.post(sink.url("/o/1"), content=b"body", headers=headers)).status_code == 204
    assert (sink.received, sink.repeated) == ({"/o/1": 1}, {"/o/1": 1})
    assert sink.latest == {"/o/1": b"body"}


async def test_an_office_refuses_what_is_not_signed_or_was_changed(sink: HttpSink, client: httpx.AsyncClient) -> None:
    sink.secrets["/o/1"] = "s3cret"
    signature = {"X-Xiaoxishu-Timestamp": STAMP, "X-Xiaoxishu-Signature": sign("s3cret", STAMP, b"body")}
    assert (await client.post(sink.url("/o/1"), content=b"body")).status_code == 401
    assert (await client.post(sink.url("/o/1"), content=b"bodY", headers=signature)).status_code == 401
    assert not sink.received
    assert sink.refused == {"signature": 2}


async def test_an_office_acknowledges_at_the_address_in_the_alert_unless_it_is_silent(client: httpx.AsyncClient) -> None:
    desk = HttpSink(now=lambda: NOW)
    offices = HttpSink(now=lambda: NOW)
    await desk.start()
    await offices.start()
    offices.silent.add("/o/asleep")
    alert = {"identifier": "id-1", "ack_url": desk.url("/acks/1")}
    for path in ("/o/asleep", "/o/awake"):
        assert (await client.post(offices.url(path), json=alert)).status_code == 204
    await _until_acknowledged(offices, "/o/awake")
    assert json.loads(desk.latest["/acks/1"]) == {"identifier": "id-1", "by": "scripted /o/awake"}
    assert desk.received == {"/acks/1": 1}
    assert offices.acknowledged["/o/asleep"] == 0
    await offices.stop()
    await desk.stop()


async def test_an_office_tries_again_where_its_acknowledgement_is_not_taken_at_first(client: httpx.AsyncClient) -> None:
    desk = HttpSink(now=lambda: NOW)
    offices = HttpSink(now=lambda: NOW, ack_after_s=0.01)
    await desk.start()
    await offices.start()
    desk.faults["/acks"] = HttpFault.ERROR
    await client.post(offices.url("/o/1"), json={"identifier": "id-1", "ack_url": desk.url("/acks")})
    await _until(lambda: bool(desk.refused["error"]))
    desk.faults.clear()
    await _until_acknowledged(offices, "/o/1")
    assert offices.acknowledged == {"/o/1": 1}
    await offices.stop()
    await desk.stop()


@pytest.mark.parametrize("body", [b"<alert/>", b"[1]", b'{"ack_url": 5}', b'{"ack_url": "http://example.org/acks"}', b"{"])
async def test_an_office_acknowledges_nowhere_else_than_on_this_machine(sink: HttpSink, client: httpx.AsyncClient, body: bytes) -> None:
    assert (await client.post(sink.url("/o/1"), content=body)).status_code == 204
    await asyncio.sleep(0.05)
    assert not sink.acknowledged
    assert not sink._acks


@pytest.mark.parametrize(("fault", "status"), [(HttpFault.ERROR, 500), (HttpFault.BUSY, 429), (HttpFault.GONE, 410), (HttpFault.SLOW, 204)])
async def test_a_fault_is_of_its_path_only(sink: HttpSink, client: httpx.AsyncClient, fault: HttpFault, status: int) -> None:
    sink.faults["/o/1"] = fault
    began = asyncio.get_running_loop().time()
    assert (await client.post(sink.url("/o/1"), content=b"x")).status_code == status
    assert fault is not HttpFault.SLOW or asyncio.get_running_loop().time() - began >= 0.3
    assert (await client.post(sink.url("/o/2"), content=b"x")).status_code == 204


async def test_a_dead_path_never_answers_and_does_not_hold_up_the_end(client: httpx.AsyncClient) -> None:
    sink = HttpSink(now=lambda: NOW)
    await sink.start()
    sink.faults["/o/1"] = HttpFault.DEAD
    with pytest.raises(httpx.ReadTimeout):
        await client.post(sink.url("/o/1"), content=b"x", timeout=httpx.Timeout(30, read=0.2))
    waiting = asyncio.create_task(client.post(sink.url("/o/1"), content=b"x"))
    await asyncio.sleep(0.05)
    began = asyncio.get_running_loop().time()
    await sink.stop()
    assert asyncio.get_running_loop().time() - began < 15, "who waits would wait 30 s"
    await asyncio.gather(waiting, return_exceptions=True)


async def test_a_phone_decrypts_its_own_push_and_a_push_for_another_is_refused(sink: HttpSink, client: httpx.AsyncClient) -> None:
    mine = json.loads(sink.subscribe_phone("/p/1"))
    other = json.loads(sink.subscribe_phone("/p/2"))
    assert mine["endpoint"] == sink.url("/p/1")
    keys = PushKeys(p256dh=from_b64url(mine["keys"]["p256dh"]), auth=from_b64url(mine["keys"]["auth"]))
    headers = {"Content-Encoding": "aes128gcm", "TTL": "60"}
    taken = await client.post(mine["endpoint"], content=encrypt(b"go", keys), headers=headers)
    refused = await client.post(other["endpoint"], content=encrypt(b"go", keys), headers=headers)
    without_ttl = await client.post(mine["endpoint"], content=encrypt(b"go", keys), headers={"Content-Encoding": "aes128gcm"})
    assert (taken.status_code, refused.status_code, without_ttl.status_code) == (201, 400, 400)
    assert sink.latest == {"/p/1": b"go"}
    assert sink.refused == {"not decryptable": 1, "no TTL": 1}


async def test_a_second_http_sink_on_the_same_port_says_so(sink: HttpSink) -> None:
    port = httpx.URL(sink.url("/")).port
    assert port is not None
    with pytest.raises(OSError, match="in use"):
        await HttpSink(now=lambda: NOW).start(port)


async def test_the_broker_counts_over_a_restart_and_keeps_its_port() -> None:
    sink = MqttSink()
    port = await sink.start()
    for _ in range(2):
        async with aiomqtt.Client("127.0.0.1", port) as client:
            await client.publish("sh/1", b"x", qos=1, retain=True)
        assert sink.retained == {"sh/1": b"x"}
        await sink.stop()
        assert await sink.start(port) == port
        assert sink.retained == {}
    await sink.stop()
    assert sink.received == {"sh/1": 2}
    assert sink.retained == {}
    await sink.stop()


async def test_the_mail_sink_takes_mail_in_chinese_and_refuses_whom_it_is_told_to() -> None:
    sink = MailSink()
    port = await sink.start()
    sink.answers["full@example.org"] = "452 4.2.2 mailbox full"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "duty@example.org", "a@example.org", "暴雨红色预警"
    mail.set_content("立即转移")
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as smtp:
        refused, _ = await smtp.send_message(mail, recipients=["a@example.org", "full@example.org"])
    assert refused["full@example.org"].code == 452
    assert (sink.received, sink.refused) == ({"a@example.org": 1}, {"full@example.org": 1})
    assert sink.message("a@example.org")["Subject"] == "暴雨红色预警"
    assert sink.message("a@example.org").get_content().strip() == "立即转移"
    with pytest.raises(KeyError):
        sink.message("full@example.org")
    await sink.stop()


async def test_a_stopped_mail_sink_drops_its_connections_and_can_start_again() -> None:
    sink = MailSink()
    port = await sink.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert (await reader.readline()).startswith(b"220 ")
    await sink.stop()
    assert await reader.read() == b""
    writer.close()
    assert await sink.start(port) == port
    await sink.stop()
