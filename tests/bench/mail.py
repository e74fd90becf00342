"""E-mail: a crowd's mails, one rendering for all, from one process to a mail server that only counts, in another."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from statistics import median

import aiosmtplib
import httpx

from channels.crowd import Crowd
from channels.email import Options, Sender
from channels.message import Message, Outcome, Receipt, Reply
from channels.port import Doors
from tests.bench.measure import Effort, Goal, Row, Timing, rows
from tests.bench.wire_sink import sink

_NOW = datetime(2024, 9, 19, 18, 0, tzinfo=UTC)
_BATCH = 1000
_FROM = "warnings@met.example"
_MESSAGE = Message(
    key="bench", address="", subject="【演练】暴雨红色预警", text="【演练】暴雨红色预警：浦东未来1小时雨量将达100毫米以上，请停止户外活动。" * 4,
    language="zh-CN", identifier="31000041600000_20240920020000", event="bench", version=1, msg_type="Alert", status="Exercise", priority=4,
    sent=_NOW, expires=_NOW + timedelta(hours=1))


def run(effort: Effort) -> list[Row]:
    """An envelope, a To and a Message-ID for each. aiosmtplib (a part of ours, which opens our connections) sends the same bytes made beforehand."""
    count, repeats = effort.pick(full=10_000, quick=2_000), effort.pick(full=3, quick=2)
    few = effort.pick(full=5_000, quick=1_000)
    ours = [
        Timing(subject="channels.email send_crowd", value=median(_crowd(count, parallel=4) for _ in range(repeats)), note="4 connections"),
        Timing(subject="channels.email send_crowd, 1 connection", value=median(_crowd(count, parallel=1) for _ in range(repeats))),
    ]
    peers = [
        Timing(subject="aiosmtplib, ready bytes, 4 connections", value=median(_peer(few, parallel=4) for _ in range(repeats))),
        Timing(subject="aiosmtplib, ready bytes, 1 connection", value=median(_peer(few, parallel=1) for _ in range(repeats))),
    ]
    return rows("e-mail to a loopback sink, one process", "mails/s", ours, peers, goal=Goal(value=7_000))


def _crowd(count: int, *, parallel: int) -> float:
    with sink("mail") as running:
        rate = asyncio.run(_sent(count, running.port, parallel))
    return _whole(rate, running.taken, count)


def _peer(count: int, *, parallel: int) -> float:
    with sink("mail") as running:
        rate = asyncio.run(_sent_by_aiosmtplib(count, running.port, parallel))
    return _whole(rate, running.taken, count)


def _whole(rate: float, taken: int, count: int) -> float:
    if taken != count:
        raise AssertionError(f"the sink took {taken} of {count} mails; a rate of lost messages is none")
    return rate


async def _sent(count: int, port: int, parallel: int) -> float:
    readers = [f"reader{number}@example.org" for number in range(count)]
    async with httpx.AsyncClient() as http:
        channel = Sender(
            Options(lane="exercise", host="127.0.0.1", port=port, security="none", sender=_FROM, list_id="warnings.met.example", parallel=parallel),
            Doors(now=lambda: _NOW, http=http, on_receipt=_heard, on_reply=_heard))
        await channel.open()
        started = time.perf_counter()
        for first in range(0, count, _BATCH):
            some = readers[first : first + _BATCH]
            said = await channel.send_crowd(Crowd(message=_MESSAGE, addresses=some, numbers=range(first, first + len(some))))
            if set(said.outcomes) != {Outcome.ACCEPTED}:
                raise AssertionError("a mail was not accepted by the sink")
        seconds = time.perf_counter() - started
        await channel.close()
        return count / seconds


async def _sent_by_aiosmtplib(count: int, port: int, parallel: int) -> float:
    head = "\r\n".join((f"From: <{_FROM}>", "Subject: drill", "MIME-Version: 1.0", 'Content-Type: text/plain; charset="utf-8"'))
    ready = [f"To: <reader{number}@example.org>\r\n{head}\r\n\r\n{'x' * 76}\r\n".encode() for number in range(count)]

    async def work(numbers: range) -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False) as server:
            for number in numbers:
                await server.sendmail(_FROM, [f"reader{number}@example.org"], ready[number])

    started = time.perf_counter()
    await asyncio.gather(*(work(range(first, count, parallel)) for first in range(parallel)))
    return count / (time.perf_counter() - started)


async def _heard(what: Receipt | Reply) -> None:
    raise AssertionError(f"nobody replies to these mails, yet a {type(what).__name__} came")
