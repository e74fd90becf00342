"""Nothing that a broker keeps outlives its warning: by the expiry of MQTT 5, and by a sweep where a broker speaks 3.1.1."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest

from channels import display
from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.port import Doors
from channels.wire.mqtt_line import BrokerOptions, MqttLine
from channels.wire.mqtt_sink import MqttSink
from tests.channels.broker5 import Broker5
from tests.channels.test_mqtt import NOW, _message
from tests.ports import own_port

TOPIC = "xiaoxishu/exercise/display/310115/310000/rainstorm"


class Later:
    """The drill's clock."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


async def _nothing(_: Receipt | Reply) -> None:
    return None


@asynccontextmanager
async def _line(port: int, clock: Later, *, timeout_s: float = 30.0) -> AsyncIterator[MqttLine]:
    line = MqttLine(BrokerOptions(lane="exercise", host="127.0.0.1", port=port, timeout_s=timeout_s), now=clock, publications=display.publications)
    await line.open()
    try:
        yield line
    finally:
        await line.close()


@pytest.fixture
async def broker5() -> AsyncIterator[tuple[Broker5, int]]:
    broker = Broker5()
    port = await broker.start()
    yield broker, port
    await broker.stop()


@pytest.fixture
async def old() -> AsyncIterator[tuple[MqttSink, int]]:
    sink = MqttSink()
    with own_port() as port:
        await sink.start(port)
        yield sink, port
        await sink.stop()


async def test_a_retained_message_says_for_how_long_it_holds_where_the_broker_speaks_mqtt_5(broker5: tuple[Broker5, int]) -> None:
    broker, port = broker5
    async with httpx.AsyncClient(trust_env=False) as http:
        sender = display.Sender(display.Options(lane="exercise", host="127.0.0.1", port=port, timeout_s=30),
                                Doors(now=lambda: NOW, http=http, on_receipt=_nothing, on_reply=_nothing))
        await sender.open()
        receipts = await sender.send([_message(TOPIC), replace(_message(TOPIC, 1), expires=NOW + timedelta(seconds=1.5)),
                                      _message(TOPIC, 2, version=2, msg_type="Cancel")])
        await sender.close()
    assert [r.outcome for r in receipts] == [Outcome.ACCEPTED] * 3
    # Three hours; a second and a half, rounded up; an emptied topic holds nothing that could expire.
    assert [(one.retain, one.expiry_s) for one in broker.published] == [(True, 10_800), (True, 2), (True, None)]
    assert broker.levels == [5]


async def test_a_puback_that_refuses_is_no_acceptance() -> None:
    broker = Broker5(refuse=0x87)
    port = await broker.start()
    async with _line(port, Later()) as line:
        [receipt] = await line.send([_message(TOPIC)])
    await broker.stop()
    assert (receipt.outcome, receipt.reason) == (Outcome.REJECTED, Reason.REFUSED)
    assert receipt.evidence.startswith("PUBACK: Not authorized")


async def test_a_broker_that_hangs_up_at_mqtt_5_is_spoken_to_in_3_1_1() -> None:
    broker = Broker5(mute=True)
    port = await broker.start()
    async with _line(port, Later(), timeout_s=4.0) as line:  # half of it is given to MQTT 5
        [receipt] = await line.send([_message(TOPIC)])
    await broker.stop()
    assert (receipt.outcome, broker.levels, broker.published[0].expiry_s) == (Outcome.ACCEPTED, [5, 4], None)


async def test_what_has_expired_is_swept_off_the_topic_and_what_holds_stays(old: tuple[MqttSink, int]) -> None:
    sink, port = old
    clock = Later()
    async with _line(port, clock) as line:
        await line.send([_message(TOPIC), replace(_message("xiaoxishu/exercise/display/310120/310000/gale", 1), expires=NOW + timedelta(days=1))])
        assert await line.sweep() == 0
        assert len(sink.retained) == 2
        clock.now = NOW + timedelta(hours=3)
        assert await line.sweep() == 1
        assert list(sink.retained) == ["xiaoxishu/exercise/display/310120/310000/gale"]
        assert await line.sweep() == 0


async def test_a_newer_warning_of_another_worker_on_the_same_topic_is_never_swept_away(old: tuple[MqttSink, int]) -> None:
    sink, port = old
    clock = Later()
    newer = replace(_message(TOPIC, 1, version=2, msg_type="Update"), expires=NOW + timedelta(hours=9), text="大暴雨")
    async with _line(port, clock) as one, _line(port, clock) as other:
        await one.send([_message(TOPIC)])
        await other.send([newer])
        clock.now = NOW + timedelta(hours=3)
        assert await one.sweep() == 0
        assert "大暴雨" in sink.retained[TOPIC].decode()
        clock.now = NOW + timedelta(hours=9)
        assert (await one.sweep(), await other.sweep()) == (0, 1)
        assert sink.retained == {}


async def test_an_update_moves_the_end_of_its_topic(old: tuple[MqttSink, int]) -> None:
    sink, port = old
    clock = Later()
    longer: Message = replace(_message(TOPIC, 1, version=2, msg_type="Update"), expires=NOW + timedelta(hours=9))
    async with _line(port, clock) as line:
        await line.send([_message(TOPIC), longer])
        clock.now = NOW + timedelta(hours=3)
        assert await line.sweep() == 0
        assert list(sink.retained) == [TOPIC]


async def test_a_sweep_waits_for_a_broker_that_is_away(old: tuple[MqttSink, int]) -> None:
    sink, port = old
    clock = Later()
    async with _line(port, clock) as line:
        await line.send([_message(TOPIC)])
        await sink.stop()
        clock.now = NOW + timedelta(hours=3)
        assert await line.sweep() == 0
        await sink.start(port)
        assert await line.sweep() == 0, "a broker that forgot it has nothing to clear"
        assert await line.sweep() == 0
