"""SMS: submit_sm with responses over one bound SMPP session, ours and peers against our simulator in the same process."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from statistics import median

import httpx
from pydantic import SecretStr

from channels.message import Message, Outcome, Receipt, Reply
from channels.port import Doors
from channels.sms import Options, Sender
from channels.wire.smpp import Account, Event, SmppClient
from channels.wire.smpp_pdu import address_field, message_tail, validity
from channels.wire.sms_text import encode
from channels.wire.smsc import Smsc
from tests.bench.measure import NOT_INSTALLED, Effort, Goal, Row, Timing, peer, rows

WINDOW = 10
TEXT = "【演练】暴雨红色预警：浦东未来1小时雨量将达100毫米以上，请停止户外活动。"
SOURCE = "12379"
_NOW = datetime(2024, 9, 19, 18, 0, tzinfo=UTC)
_BATCH = 1000

Rate = Callable[[int, int], Awaitable[float]]


def run(effort: Effort) -> list[Row]:
    """One UCS-2 part each, no delivery reports asked for; the simulator's work is in everybody's time."""
    count, repeats = effort.pick(full=20_000, quick=3_000), effort.pick(full=5, quick=2)
    ours = [
        Timing(subject="channels.sms Sender", value=_rate(sender, count, repeats), note="text → parts → receipts"),
        Timing(subject="SmppClient alone", value=_rate(client, count, repeats), note="bodies made beforehand"),
    ]
    found = peer("aiosmpplib")
    if found is None:
        peers = [Timing(subject="aiosmpplib", value=None, note=NOT_INSTALLED)]
    else:
        # As shipped it slows down with every message sent, so the count is named beside its rate.
        few = effort.pick(full=3_000, quick=1_000)
        peers = [
            Timing(subject="aiosmpplib, delivery map overridden", value=_rate(found.without_map, few, repeats), note=f"{few} messages"),
            Timing(subject="aiosmpplib as shipped", value=_rate(found.as_shipped, few, 1), note=f"once, {few} messages; falls with their number"),
        ]
    return rows(f"SMPP submit + response, window {WINDOW}", "messages/s", ours, peers, goal=Goal(value=45_000))


def _rate(way: Rate, count: int, repeats: int) -> float:
    return median(asyncio.run(_against_centre(way, count)) for _ in range(repeats))


async def _against_centre(way: Rate, count: int) -> float:
    """Messages per second of one session against a fresh centre; refuses a rate of which not every message arrived."""
    centre = Smsc(now=lambda: _NOW, keep=0)
    port = await centre.start()
    try:
        rate = await way(port, count)
    finally:
        await centre.stop()
    if centre.received != count:
        raise AssertionError(f"the centre accepted {centre.received} of {count} messages; a rate of lost messages is none")
    return rate


async def sender(port: int, count: int) -> float:
    """The product's channel: batches of messages in, receipts out."""
    async with httpx.AsyncClient() as http:
        channel = Sender(
            Options(host="127.0.0.1", port=port, system_id="bench", password=SecretStr("bench"), source=SOURCE, window=WINDOW,
                    registered_delivery=False, lane="exercise"),
            Doors(now=lambda: _NOW, http=http, on_receipt=_heard, on_reply=_heard))
        await channel.open()
        try:
            batches = [[_message(number) for number in range(first, min(first + _BATCH, count))] for first in range(0, count, _BATCH)]
            started = time.perf_counter()
            receipts = [receipt for batch in batches for receipt in await channel.send(batch)]
            seconds = time.perf_counter() - started
        finally:
            await channel.close()
    if any(receipt.outcome is not Outcome.ACCEPTED for receipt in receipts):
        raise AssertionError("a message was not accepted by the centre; its time is not that of a submit")
    return count / seconds


async def client(port: int, count: int) -> float:
    """The session by itself."""
    account = Account(host="127.0.0.1", port=port, system_id="bench", password="bench", window=WINDOW, timeout_s=10.0, enquire_link_s=30.0,
                      reconnect_max_s=30.0, remember_s=60.0, expects_reports=False)
    text = encode(TEXT)
    tail = message_tail(text.parts(ref=0)[0], esm_class=0, priority=0, valid=validity(_NOW + timedelta(hours=1)), registered=0,
                        data_coding=text.data_coding)
    bodies = [(str(number), [b"\0" + address_field(SOURCE) + address_field(number_of(number)) + tail]) for number in range(count)]
    session = SmppClient(account, on_event=_heard)
    await session.open()
    try:
        started = time.perf_counter()
        await session.submit(bodies)
        return count / (time.perf_counter() - started)
    finally:
        await session.close()


def number_of(number: int) -> str:
    """A made-up handset."""
    return f"86139{number:08d}"


async def _heard(what: Event | Receipt | Reply) -> None:
    raise AssertionError(f"no report was asked for and nobody replied, yet a {type(what).__name__} came")


def _message(number: int) -> Message:
    return Message(key=f"bench/{number}", address=number_of(number), subject="", text=TEXT, language="zh-CN", identifier="bench", event="bench",
                   version=1, msg_type="Alert", status="Exercise", priority=4, sent=_NOW, expires=_NOW + timedelta(hours=1))
