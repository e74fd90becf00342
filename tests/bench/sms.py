"""SMS over SMPP: submits with their responses at several windows, and two parts with their reports joined, against a centre in another process."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from statistics import median

import httpx
from pydantic import SecretStr

from channels.crowd import Crowd
from channels.message import Message, Outcome, Receipt, Reply, Reports
from channels.port import Doors
from channels.sms import Options, Sender
from tests.bench.centre import centre
from tests.bench.measure import NOT_INSTALLED, Effort, Goal, Row, Timing, peer, rows
from tests.bench.sms_stored import stored_rate
from tests.bench.sms_text import NOW, SOURCE, TEXT, number_of

WINDOW = 10
_BATCH = 1000

Rate = Callable[[int, int], float]


def run(effort: Effort) -> list[Row]:
    """One UCS-2 part each; the centre works on the other core."""
    count, repeats = effort.pick(full=60_000, quick=5_000), effort.pick(full=5, quick=2)
    found = rows(
        f"SMPP submit + response, window {WINDOW}", "messages/s",
        [Timing(subject="channels.sms crowd lane", value=_rate(crowd(window=WINDOW), count, repeats), note="text → numbers put in → receipts"),
         Timing(subject="channels.sms one by one", value=_rate(singles, count // 2, repeats), note="500 messages → parts → 500 receipts")],
        _peers(effort, repeats), goal=Goal(value=45_000))
    for window in (1, 100):
        few = max(count * min(window, WINDOW) // WINDOW, 2000)
        found += rows(f"SMPP submit + response, window {window}", "messages/s",
                      [Timing(subject="channels.sms crowd lane", value=_rate(crowd(window=window), few, repeats))])
    wide = WINDOW * 10
    found += rows(
        f"SMPP two parts, reports joined and stored, window {wide}", "messages/s",
        [Timing(subject="crowd lane, residents' batches", value=_rate(stored(window=wide), max(count // 2, 10_000), 1 if effort.quick else 3),
                note="until the last receipt is in PostgreSQL, on the same cores"),
         Timing(subject="crowd lane, joined alone", value=_rate(crowd(window=wide, parts=2), count // 2, repeats),
                note="until the last receipt is through the bulk door")], goal=Goal(value=20_000))
    return found


def _peers(effort: Effort, repeats: int) -> list[Timing]:
    # As shipped aiosmpplib slows down with every message sent, so the count is named beside its rate.
    few = effort.pick(full=3_000, quick=1_000)
    found = []
    aiosmpplib = peer("aiosmpplib")
    if aiosmpplib is None:
        found.append(Timing(subject="aiosmpplib", value=None, note=NOT_INSTALLED))
    else:
        found += [
            Timing(subject="aiosmpplib, delivery map overridden", value=_rate(aiosmpplib.without_map, few, repeats), note=f"{few} messages"),
            Timing(subject="aiosmpplib as shipped", value=_rate(aiosmpplib.as_shipped, 1_000, 1), note="once, 1000 messages; falls with their number"),
        ]
    smpplib = peer("smpplib")
    if smpplib is None:
        found.append(Timing(subject="smpplib", value=None, note=f"{NOT_INSTALLED}: pip install smpplib (LGPL)"))
    else:
        found.append(Timing(subject="smpplib", value=_rate(smpplib.rate, few, repeats), note=f"{few} messages"))
    return found


def _rate(way: Rate, count: int, repeats: int) -> float:
    return median(_against_centre(way, count) for _ in range(repeats))


def _against_centre(way: Rate, count: int) -> float:
    """Messages per second of one session against a fresh centre; refuses a rate of which not every message arrived."""
    with centre() as running:
        rate = way(running.port, count)
    if running.received < count:
        raise AssertionError(f"the centre accepted {running.received} of {count} messages; a rate of lost messages is none")
    return rate


def crowd(*, window: int, parts: int = 1) -> Rate:
    """The lane of the mass send; with two parts the reports are asked for and waited for."""
    def way(port: int, count: int) -> float:
        return asyncio.run(_crowd(port, count, window, parts))

    return way


def stored(*, window: int) -> Rate:
    """As ``crowd``, and the receipts are written into the ledger."""
    def way(port: int, count: int) -> float:
        return stored_rate(port, count, window=window)

    return way


async def _crowd(port: int, count: int, window: int, parts: int) -> float:
    delivered, all_delivered = 0, asyncio.Event()

    async def on_bulk(reports: Sequence[Reports]) -> None:
        nonlocal delivered
        delivered += sum(len(group.keys) for group in reports if group.outcome is Outcome.DELIVERED)
        if delivered >= count:
            all_delivered.set()

    message = _message("bench", "", TEXT * parts)
    crowds = [
        Crowd(message=message, addresses=[number_of(number) for number in range(first, min(first + _BATCH, count))],
              numbers=range(first, min(first + _BATCH, count)))
        for first in range(0, count, _BATCH)
    ]
    async with httpx.AsyncClient() as http:
        channel = Sender(
            Options(host="127.0.0.1", port=port, system_id="bench", password=SecretStr("bench"), source=SOURCE, window=window,
                    registered_delivery=parts > 1, lane="exercise"),
            Doors(now=lambda: NOW, http=http, on_receipt=_heard, on_reply=_heard, on_bulk=on_bulk))
        await channel.open()
        try:
            started = time.perf_counter()
            receipts = [await channel.send_crowd(one) for one in crowds]
            if parts > 1:
                async with asyncio.timeout(120):
                    await all_delivered.wait()
            seconds = time.perf_counter() - started
        finally:
            await channel.close()
    if any(outcome is not Outcome.ACCEPTED for receipt in receipts for outcome in receipt.outcomes):
        raise AssertionError("a message was not accepted by the centre; its time is not that of a submit")
    return count / seconds


def singles(port: int, count: int) -> float:
    """The lane of responsible persons: a Message and a Receipt each."""
    return asyncio.run(_singles(port, count))


async def _singles(port: int, count: int) -> float:
    async with httpx.AsyncClient() as http:
        channel = Sender(
            Options(host="127.0.0.1", port=port, system_id="bench", password=SecretStr("bench"), source=SOURCE, window=WINDOW,
                    registered_delivery=False, lane="exercise"),
            Doors(now=lambda: NOW, http=http, on_receipt=_heard, on_reply=_heard))
        await channel.open()
        try:
            batches = [[_message(f"bench.{number}", number_of(number), TEXT) for number in range(first, min(first + 500, count))]
                       for first in range(0, count, 500)]
            started = time.perf_counter()
            receipts = [receipt for batch in batches for receipt in await channel.send(batch)]
            seconds = time.perf_counter() - started
        finally:
            await channel.close()
    if any(receipt.outcome is not Outcome.ACCEPTED for receipt in receipts):
        raise AssertionError("a message was not accepted by the centre; its time is not that of a submit")
    return count / seconds


async def _heard(what: Receipt | Reply) -> None:
    raise AssertionError(f"no report was asked for and nobody replied, yet a {type(what).__name__} came")


def _message(key: str, address: str, text: str) -> Message:
    return Message(key=key, address=address, subject="", text=text, language="zh-CN", identifier="bench", event="bench",
                   version=1, msg_type="Alert", status="Exercise", priority=4, sent=NOW, expires=NOW + timedelta(hours=1))
