"""The meter: calls that overlap share their time, and a Sender under measure behaves as before."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from channels.crowd import Crowd, CrowdReceipt, CrowdSender, folded
from channels.message import Limits, Message, Outcome, Receipt
from channels.port import Examined, Health
from warning.dispatch.meter import Measured, Meter, metered

NOW = datetime(2024, 9, 20, tzinfo=UTC)


class Hands:
    """Time that moves when a test says so."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def message(text: str = "暴雨") -> Message:
    return Message(key="a.1", address="1", subject="", text=text, language="zh-CN", identifier="a", event="e", version=1, msg_type="Alert",
                   status="Exercise", priority=4, sent=NOW, expires=NOW)


class Plain:
    def __init__(self, hands: Hands, took: float = 2.0, outcome: Outcome = Outcome.ACCEPTED) -> None:
        self.hands, self.took, self.outcome = hands, took, outcome

    limits = Limits(max_chars=None)

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        self.hands.at += self.took
        return [Receipt(key=one.key, outcome=self.outcome, at=NOW) for one in messages]


class WithCrowd(Plain):
    async def send_crowd(self, crowd: Crowd) -> CrowdReceipt:
        return folded(await self.send([crowd.single(at) for at in range(len(crowd.addresses))]))


class Known(Plain):
    def health(self) -> Health:
        return Health(accepted=1, delivered=0, failed=0, waiting=1, last_answer_at=None)


async def test_parts_of_short_messages_are_counted_and_a_few_messages_tell_the_time_to_an_acceptance() -> None:
    hands = Hands()
    meter = Meter(hands)
    sender = metered(Plain(hands), channel="sms", kind="sms", meter=meter)
    await sender.send([message("字" * 71), message()])  # two parts and one
    assert meter.read() == {"sms": Measured(messages=2, parts=3, accepted=2, busy_s=2.0, quick_s=2.0, quick_n=1)}
    assert meter.read() == {}


async def test_many_messages_and_refused_ones_say_nothing_of_the_time_to_an_acceptance() -> None:
    hands = Hands()
    meter = Meter(hands)
    await metered(Plain(hands), channel="m", kind="email", meter=meter).send([message()] * 11)
    await metered(Plain(hands, outcome=Outcome.RETRY), channel="m", kind="email", meter=meter).send([message()])
    assert meter.read() == {"m": Measured(messages=12, parts=12, accepted=11, busy_s=4.0)}


def test_calls_that_overlap_are_busy_once() -> None:
    hands = Hands()
    meter = Meter(hands)
    began = []
    for at in (0.0, 1.0):
        hands.at = at
        began.append(meter.begin("sms"))
    for at, first in ((3.0, began[0]), (5.0, began[1])):
        hands.at = at
        meter.end("sms", first, messages=100, parts=100, accepted=100)
    assert meter.read()["sms"].busy_s == 5.0


async def test_a_crowd_is_measured_and_the_verbs_of_a_sender_stay_as_they_are() -> None:
    hands = Hands()
    meter = Meter(hands)
    crowd = metered(WithCrowd(hands), channel="sms", kind="sms", meter=meter)
    assert isinstance(crowd, CrowdSender)
    await crowd.send_crowd(Crowd(message=message("字" * 71), addresses=["1", "2"], numbers=[0, 1]))
    assert meter.read()["sms"].parts == 4
    assert not isinstance(crowd, Examined)
    known = metered(Known(hands), channel="sms", kind="sms", meter=meter)
    assert isinstance(known, Examined)
    assert known.health().accepted == 1
    assert not isinstance(metered(Plain(hands), channel="sms", kind="sms", meter=meter), CrowdSender)


async def test_a_reading_that_could_not_be_written_is_kept_for_the_next() -> None:
    hands = Hands()
    meter = Meter(hands)
    sender = metered(Plain(hands), channel="m", kind="email", meter=meter)
    await sender.send([message()])
    lost = meter.read()
    await sender.send([message()])
    meter.delivered("m", 1)
    meter.put_back(lost)
    assert meter.read() == {"m": Measured(messages=2, parts=2, accepted=2, delivered=1, busy_s=4.0, quick_s=4.0, quick_n=2)}


async def test_a_call_that_is_cut_short_leaves_the_meter_whole() -> None:
    class Stuck(Plain):
        async def send(self, messages: Sequence[Message]) -> list[Receipt]:
            await asyncio.Event().wait()
            return await super().send(messages)

    hands = Hands()
    meter = Meter(hands)
    sender = metered(Stuck(hands), channel="m", kind="email", meter=meter)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(sender.send([message()]), 0.01)
    assert meter.read() == {"m": Measured()}
