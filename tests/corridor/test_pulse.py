"""Canaries and heartbeats on real channels: what is sent, who sends it, and what an operator hears."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import aiomqtt
import pytest
from httpx import AsyncClient

from channels.message import Message, Outcome, Reason, Receipt, Reply, Reports
from channels.port import ChannelSender
from channels.wire.mqtt_sink import MqttSink
from tests.corridor.conftest import Corridor
from warning.adapters import build_sender
from warning.beats import beats
from warning.dispatch.pulse import KEY, Beat, PulseKeeper
from warning.doors import doors_of
from warning.heartbeat import active_hash
from warning.settings import CanarySettings, ChannelSettings, HeartbeatSettings, ListenerSettings, Settings
from warning.store.pulses import PulseStore

CANARY = Beat(kind="canary", target="sms", channel="sms", address="8619999999999", lane="exercise", every_s=180.0)


class Gateway:
    """A sender whose answer a test chooses."""

    def __init__(self) -> None:
        self.outcome, self.got = Outcome.ACCEPTED, list[Message]()
        self.error: Exception | None = None

    limits: Any = None

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        self.got += messages
        if self.error is not None:
            raise self.error
        return [Receipt(key=one.key, outcome=self.outcome, at=one.sent, reason=None if self.outcome is Outcome.ACCEPTED else Reason.UNREACHABLE)
                for one in messages]


def keeper(corridor: Corridor, sender: ChannelSender, *found: Beat) -> PulseKeeper:
    """A fresh worker: it knows nothing of what others have sent."""
    store = PulseStore(corridor.parts.database, clock=corridor.parts.clock)
    return PulseKeeper(store, {"sms": sender, "hook": sender}, found or [CANARY], clock=corridor.parts.clock, status="Exercise")


async def nobody(_: Reply) -> None:
    raise AssertionError("nobody has replied")


async def due_again(corridor: Corridor) -> None:
    await corridor.execute("UPDATE pulse SET tried_at = tried_at - interval '181 seconds'")


async def standing(corridor: Corridor) -> dict[str, tuple[str, int]]:
    found = await PulseStore(corridor.parts.database, clock=corridor.parts.clock).standings()
    return {one.target: (one.state, one.failures) for one in found}


async def notices(corridor: Corridor) -> list[str]:
    return [row["text"] for row in await corridor.rows("SELECT text FROM notice WHERE cleared_at IS NULL")]


async def test_one_worker_of_many_sends_the_canary_and_not_before_its_time(corridor: Corridor) -> None:
    gateway = Gateway()
    assert [await keeper(corridor, gateway).look() for _ in range(3)] == [1, 0, 0]
    await due_again(corridor)
    assert await keeper(corridor, gateway).look() == 1
    assert len(gateway.got) == 2
    assert await standing(corridor) == {"sms": ("well", 0)}
    [first, _] = gateway.got
    assert (first.address, first.lane) == ("8619999999999", "exercise")
    assert "TEST" in first.text
    assert first.key.startswith(KEY)


async def test_two_failures_in_a_row_are_a_notice_and_a_success_takes_it_back(corridor: Corridor) -> None:
    gateway = Gateway()
    gateway.outcome = Outcome.RETRY
    for failures in (1, 2, 3):
        await keeper(corridor, gateway).look()
        assert await standing(corridor) == {"sms": ("failing", failures)}
        assert len(await notices(corridor)) == int(failures > 1)
        await due_again(corridor)
    assert "channel sms: its self-test failed 3 times in a row (unreachable)" in (await notices(corridor))[0]
    gateway.outcome = Outcome.ACCEPTED
    await keeper(corridor, gateway).look()
    assert (await notices(corridor), await standing(corridor)) == ([], {"sms": ("well", 0)})


async def test_a_channel_that_breaks_or_is_not_there_is_a_failure_and_the_others_go_on(corridor: Corridor) -> None:
    gateway = Gateway()
    gateway.error = RuntimeError("bug")
    other = Beat(kind="canary", target="gone", channel="gone", address="x", lane="exercise", every_s=180.0)
    assert await keeper(corridor, gateway, CANARY, other).look() == 2
    assert await standing(corridor) == {"sms": ("failing", 1), "gone": ("failing", 1)}
    rows = {row["target"]: row["evidence"] for row in await corridor.rows("SELECT target, evidence FROM pulse")}
    assert rows == {"sms": "the channel failed while sending: RuntimeError", "gone": "this worker has no such channel"}


async def test_a_canary_that_nobody_sends_any_more_is_stale(corridor: Corridor) -> None:
    await keeper(corridor, Gateway()).look()
    await corridor.execute("UPDATE pulse SET tried_at = tried_at - interval '9 minutes 5 seconds'")
    assert await standing(corridor) == {"sms": ("stale", 0)}


async def test_a_heartbeat_tells_what_is_in_force_and_shows_a_gap(corridor: Corridor) -> None:
    gateway = Gateway()
    beat = Beat(kind="heartbeat", target="tv", channel="hook", address="https://tv.example/hook", lane="exercise", every_s=60.0, secret="s")

    async def heard() -> dict[str, Any]:
        await due_again(corridor)
        assert await keeper(corridor, gateway, beat).look() == 1
        document: dict[str, Any] = json.loads(gateway.got[-1].body)
        return document

    assert (await heard())["active_sha256"] == active_hash([])
    one = await corridor.warned()
    two = await corridor.warned(zones=("310120",), hours=1.0)
    both = await heard()
    assert both["kind"] == "heartbeat"
    assert set(both["last"]) == {one, two}
    assert (both["active"], both["active_sha256"]) == (2, active_hash([one, two]))
    await corridor.move(timedelta(hours=2))  # the second has expired
    assert (await heard())["active_sha256"] == active_hash([one])
    end = await corridor.warned(action="cancel", replaces=one)
    last = await heard()
    assert (last["active"], last["last"][0], gateway.got[-1].secret) == (0, end, "s")


async def test_a_real_gateway_takes_the_canary_and_its_late_receipt_is_nobodys_delivery(corridor: Corridor) -> None:
    await corridor.resident("8619900000001")
    identifier = await corridor.warned()
    await corridor.expand(identifier)
    channel = next(one for one in corridor.parts.settings.channels if one.name == "sms")
    doors = doors_of(channel, corridor.parts, AsyncClient(), nobody)
    sender = build_sender(channel, doors)
    await sender.open()
    await keeper(corridor, sender).look()
    assert await standing(corridor) == {"sms": ("well", 0)}
    await doors.on_receipt(Receipt(key=f"{KEY}canary/sms/1", outcome=Outcome.DELIVERED, at=corridor.now))
    await doors.on_reports([Reports(outcome=Outcome.DELIVERED, at=corridor.now, keys=[f"{KEY}canary/sms/1"], external_ids=["7"])])
    await corridor.parts.dispatch.flush()
    await sender.close()
    assert {state for state, _ in (await corridor.states(identifier)).values()} == {"queued"}
    assert corridor.parts.meter.read() == {}


async def test_a_display_that_connects_late_still_gets_the_heartbeat_because_it_is_retained(corridor: Corridor) -> None:
    broker = MqttSink()
    port = await broker.start()
    settings = Settings(channels=(ChannelSettings(name="screens", kind="mqtt", options={"lane": "exercise", "host": "127.0.0.1", "port": port}),))
    sender = build_sender(settings.channels[0], doors_of(settings.channels[0], corridor.parts, AsyncClient(), nobody))
    await sender.open()
    store = PulseStore(corridor.parts.database, clock=corridor.parts.clock)
    worker = PulseKeeper(store, {"screens": sender}, beats(settings), clock=corridor.parts.clock, status="Exercise")
    identifier = await corridor.warned()
    assert await worker.look() == 1
    async with aiomqtt.Client("127.0.0.1", port) as display:
        await display.subscribe("xiaoxishu/exercise/heartbeat")
        async with asyncio.timeout(60):
            heard = await anext(aiter(display.messages))
    await sender.close()
    await broker.stop()
    assert heard.retain
    assert isinstance(heard.payload, bytes)
    assert json.loads(heard.payload)["active_sha256"] == active_hash([identifier])


def test_the_settings_say_which_beats_there_are() -> None:
    sms = ChannelSettings(name="sms", kind="sms", options={"lane": "actual"})
    mqtt = ChannelSettings(name="screens", kind="mqtt", options={"lane": "exercise"})
    hook = ChannelSettings(name="hook", kind="webhook", options={"lane": "actual"})
    found = beats(Settings(
        channels=(sms, mqtt, hook), canary=CanarySettings(every_s=60.0, addresses={"sms": "100"}),
        heartbeat=HeartbeatSettings(every_s=30.0, listeners=(ListenerSettings(name="tv", channel="hook", address="https://tv.example"),))))
    assert [(beat.kind, beat.target, beat.channel, beat.address, beat.lane, beat.every_s) for beat in found] == [
        ("canary", "sms", "sms", "100", "actual", 60.0), ("heartbeat", "screens", "screens", "xiaoxishu/exercise/heartbeat", "exercise", 30.0),
        ("heartbeat", "tv", "hook", "https://tv.example", "actual", 30.0)]


def test_a_channel_proves_itself_every_three_minutes_and_partners_hear_every_minute_unless_the_deployment_says_otherwise() -> None:
    assert (CanarySettings(addresses={}).every_s, HeartbeatSettings().every_s) == (180.0, 60.0)


def test_a_canary_of_a_channel_that_is_not_there_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="canary: addresses: smss is no channel of these settings"):
        Settings(channels=(ChannelSettings(name="sms", kind="sms"),), canary=CanarySettings(addresses={"smss": "1"}))
