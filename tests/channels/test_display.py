"""Display screens and loudspeakers over a real broker: retained per town, cleared at the end."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from channels import display, loudspeaker
from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.port import Doors
from channels.wire.ebd import PLAY, STOP, BadPackage, area_code, read
from channels.wire.http_sink import HttpSink
from channels.wire.mqtt_sink import MqttSink

NOW = datetime(2024, 9, 20, 1, 0, tzinfo=UTC)
RAIN = "xiaoxishu/exercise/310115/310000/rainstorm"
GALE = "xiaoxishu/exercise/310115/310000/gale"
MESSAGE = Message(
    key="id-1.7", address=RAIN, subject="【演练】暴雨红色预警", text="【演练】请立即转移<避险>&", language="zh-CN", identifier="id-1", event="ev-1", version=1,
    msg_type="Alert", status="Exercise", priority=4, sent=NOW, expires=NOW + timedelta(hours=3))


async def _nothing(_: Receipt | Reply) -> None:
    return None


@asynccontextmanager
async def opened(kind: str, port: int) -> AsyncIterator[display.Sender | loudspeaker.Sender]:
    async with httpx.AsyncClient(trust_env=False) as http:
        doors = Doors(now=lambda: NOW, http=http, on_receipt=_nothing, on_reply=_nothing)
        sender: display.Sender | loudspeaker.Sender
        if kind == "display":
            sender = display.Sender(display.Options(lane="exercise", host="127.0.0.1", port=port, timeout_s=30), doors)
        else:
            sender = loudspeaker.Sender(loudspeaker.Options(
                lane="exercise", host="127.0.0.1" if port else "", port=port or 1883, timeout_s=30, ebeid="31000041600000", sender_name="上海气象",
                allow_private=True), doors)
        await sender.open()
        try:
            yield sender
        finally:
            await sender.close()


@pytest.fixture
async def broker() -> AsyncIterator[tuple[MqttSink, int]]:
    running = MqttSink()
    port = await running.start()
    yield running, port
    await running.stop()


async def test_a_screen_that_is_switched_on_later_shows_colour_icon_text_and_until_when(broker: tuple[MqttSink, int]) -> None:
    sink, port = broker
    async with opened("display", port) as sender:
        await sender.send([MESSAGE, replace(MESSAGE, key="id-2.7", address=GALE, identifier="id-2", event="ev-2", priority=1, subject="大风蓝色预警")])
    rain, gale = (json.loads(sink.retained[topic]) for topic in (RAIN, GALE))
    assert (rain["text"], rain["colour"], rain["icon"], rain["valid_until"]) == (
        "【演练】请立即转移<避险>&", "#d7191c", "rainstorm", "2024-09-20T04:00:00+00:00")
    assert (gale["colour"], gale["icon"], gale["priority"]) == ("#1e6fd9", "gale", 1)


async def test_the_end_of_one_hazard_clears_its_own_topic_and_no_other(broker: tuple[MqttSink, int]) -> None:
    sink, port = broker
    async with opened("display", port) as sender:
        await sender.send([MESSAGE, replace(MESSAGE, key="id-2.7", address=GALE)])
        [receipt] = await sender.send([replace(MESSAGE, key="id-3.7", msg_type="Cancel", version=2)])
    assert receipt.outcome is Outcome.ACCEPTED
    assert list(sink.retained) == [GALE]


async def test_a_loudspeaker_reads_what_to_play_where_and_how_urgent_it_is(broker: tuple[MqttSink, int]) -> None:
    sink, port = broker
    async with opened("loudspeaker", port) as sender:
        await sender.send([MESSAGE])
    package = read(sink.retained[RAIN])
    assert (package.msg_type, package.severity, package.area_code) == (PLAY, 1, "310115000000")
    assert (package.title, package.text) == ("【演练】暴雨红色预警", "【演练】请立即转移<避险>&")
    assert (package.start.isoformat(), package.end.isoformat()) == ("2024-09-20T09:00:00+08:00", "2024-09-20T12:00:00+08:00")


async def test_a_stop_names_what_plays_and_leaves_nothing_behind(broker: tuple[MqttSink, int]) -> None:
    sink, port = broker
    async with opened("loudspeaker", port) as sender:
        assert isinstance(sender, loudspeaker.Sender)
        played = read(sender._package(MESSAGE))
        stopped = read(sender._package(replace(MESSAGE, key="id-9.8", identifier="id-9", msg_type="Cancel", version=3)))
        await sender.send([MESSAGE])
        await sender.send([replace(MESSAGE, key="id-9.8", msg_type="Cancel", version=3)])
    assert (stopped.msg_type, stopped.ebm_id) == (STOP, played.ebm_id)
    assert sink.retained == {}
    assert sink.received[RAIN] == 3, "play, stop, and the empty message that clears the topic"


async def test_a_platform_that_takes_packages_by_http_gets_the_same_package() -> None:
    sink = HttpSink(now=lambda: NOW)
    await sink.start()
    async with opened("loudspeaker", 0) as sender:
        receipts = await sender.send([replace(MESSAGE, address=sink.url("/ebd/310115103000")), MESSAGE])
    await sink.stop()
    assert receipts[0].outcome is Outcome.ACCEPTED
    assert read(sink.latest["/ebd/310115103000"]).area_code == "310115103000"
    assert (receipts[1].outcome, receipts[1].reason) == (Outcome.REJECTED, Reason.BAD_ADDRESS)
    assert "no broker is set" in receipts[1].evidence


@pytest.mark.parametrize(("address", "code"), [
    ("a/310115/b", "310115000000"), ("310115103/x", "310115103000"), ("a/310115103007", "310115103007"), ("a/31011/b", ""), ("a/b310115", ""),
    ("https://platform.example/ebd/310115000000?x=1", "310115000000"),
])
def test_an_area_code_is_a_whole_part_of_the_address(address: str, code: str) -> None:
    assert area_code(address) == code


@pytest.mark.parametrize("data", [b"", b"<EBD/>", b"no xml", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><EBD><EBM><EBMID>&e;</EBMID></EBM></EBD>'])
def test_what_is_no_package_is_not_played(data: bytes) -> None:
    with pytest.raises(BadPackage):
        read(data)
