"""Web Push to a crowd: one note, encrypted for each phone by itself; what is wrong with one is said of that one."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr

from channels.crowd import Crowd
from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.port import Doors
from channels.webpush import Options, Sender
from channels.wire.aes128gcm import b64url
from channels.wire.http_sink import HttpFault, HttpSink
from channels.wire.portions import PORTION
from channels.wire.ssrf import BadTarget, Targets

NOW = datetime(2024, 9, 20, 1, 2, 3, tzinfo=UTC)
MESSAGE = Message(
    key="batch-1", address="", subject="暴雨红色预警", text="立即转移", language="zh-CN", identifier="id-1", event="ev-1", version=1, msg_type="Alert",
    status="Exercise", priority=4, sent=NOW, expires=NOW + timedelta(hours=3))


async def _nothing(_: Receipt | Reply) -> None:
    return None


@asynccontextmanager
async def _sender(*, timeout_s: float = 30.0, parallel: int = 8) -> AsyncIterator[Sender]:
    async with httpx.AsyncClient(trust_env=False) as http:
        sender = Sender(
            Options(lane="exercise", timeout_s=timeout_s, allow_private=True, parallel=parallel,
                    vapid_private_key=SecretStr(b64url((12345).to_bytes(32, "big"))), vapid_subject="mailto:duty@example.org"),
            Doors(now=lambda: NOW, http=http, on_receipt=_nothing, on_reply=_nothing))
        await sender.open()
        try:
            yield sender
        finally:
            await sender.close()


def _crowd(addresses: Sequence[str], message: Message = MESSAGE) -> Crowd:
    return Crowd(message=message, addresses=addresses, numbers=range(len(addresses)))


@pytest.fixture
async def sink() -> AsyncIterator[HttpSink]:
    running = HttpSink(now=lambda: NOW)
    await running.start()
    yield running
    await running.stop()


async def test_every_phone_reads_the_same_note_with_its_own_key(sink: HttpSink) -> None:
    phones = [sink.subscribe_phone(f"/p/{n}") for n in range(20)]
    async with _sender() as sender:
        said = await sender.send_crowd(_crowd(phones))
    assert said.outcomes == [Outcome.ACCEPTED] * 20
    assert (said.common, said.reasons, said.evidence) == ("HTTP 201", {}, {})
    assert [json.loads(sink.latest[f"/p/{n}"])["body"] for n in range(20)] == ["立即转移"] * 20
    assert set(sink.received.values()) == {1}


async def test_a_crowd_of_several_portions_keeps_its_order(sink: HttpSink) -> None:
    phones = [f"no subscription {n}" if n % 31 == 0 else sink.subscribe_phone(f"/p/{n}") for n in range(2 * PORTION + 10)]
    broken = json.loads(phones[PORTION])
    broken["keys"]["p256dh"] = b64url(bytes([4]) + bytes(64))  # no point of the curve
    phones[PORTION] = json.dumps(broken)
    async with _sender() as sender:
        said = await sender.send_crowd(_crowd(phones))
    assert [n for n, outcome in enumerate(said.outcomes) if outcome is Outcome.REJECTED] == sorted(said.reasons) == sorted([*range(0, 266, 31), PORTION])
    assert said.evidence[PORTION] == "a public key is no point of the curve P-256"
    assert sum(sink.received.values()) == 266 - 9 - 1


async def test_what_is_wrong_with_one_address_is_said_at_its_position(sink: HttpSink) -> None:
    well, gone, busy = (sink.subscribe_phone(path) for path in ("/p/well", "/p/gone", "/p/busy"))
    sink.faults |= {"/p/gone": HttpFault.GONE, "/p/busy": HttpFault.BUSY}
    async with _sender() as sender:
        said = await sender.send_crowd(_crowd([well, "no subscription", gone, busy, well]))
    assert said.outcomes == [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.REJECTED, Outcome.RETRY, Outcome.ACCEPTED]
    assert said.reasons == {1: Reason.BAD_ADDRESS, 2: Reason.GONE, 3: Reason.RATE_LIMITED}
    assert (said.common, said.evidence[2], said.evidence[3]) == ("HTTP 201", "HTTP 410", "HTTP 429, Retry-After 1")
    assert said.waits == {3: timedelta(seconds=1)}


async def test_a_push_service_that_asks_for_a_pause_is_heard(sink: HttpSink) -> None:
    phone = sink.subscribe_phone("/p/busy")
    sink.faults["/p/busy"] = HttpFault.BUSY
    async with _sender() as sender:
        [receipt] = await sender.send([replace(MESSAGE, address=phone)])
    assert (receipt.outcome, receipt.retry_after) == (Outcome.RETRY, timedelta(seconds=1))


@pytest.mark.parametrize(("message", "reason"), [
    (replace(MESSAGE, status="Actual"), Reason.WRONG_LANE), (replace(MESSAGE, expires=NOW), Reason.EXPIRED),
])
async def test_the_fence_stands_before_a_crowd_too(sink: HttpSink, message: Message, reason: Reason) -> None:
    async with _sender() as sender:
        said = await sender.send_crowd(_crowd([sink.subscribe_phone("/p/1"), sink.subscribe_phone("/p/2")], message))
    assert said.outcomes == [Outcome.REJECTED] * 2
    assert said.reasons == {0: reason, 1: reason}
    assert not sink.received


async def test_a_push_service_that_drips_its_answer_costs_one_time_limit_and_the_others_are_served(sink: HttpSink) -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"H")
                await writer.drain()
                await asyncio.sleep(0.02)
        except OSError:
            pass
        finally:
            writer.close()

    slow = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with slow, _sender(timeout_s=1.0) as sender:
        drips = sink.subscribe_phone("/p/slow").replace(sink.url(""), f"http://127.0.0.1:{slow.sockets[0].getsockname()[1]}")
        phones = [sink.subscribe_phone(f"/p/{n}") for n in range(30)]
        started = asyncio.get_running_loop().time()
        said = await sender.send_crowd(_crowd([*[drips] * 30, *phones]))
        took = asyncio.get_running_loop().time() - started
    assert said.outcomes == [Outcome.RETRY] * 30 + [Outcome.ACCEPTED] * 30
    assert {said.reasons[n] for n in range(8)} == {Reason.TIMEOUT}
    assert {said.reasons[n] for n in range(11, 30)} == {Reason.UNREACHABLE}
    assert took < 20, "it drips for ever"


def test_urls_of_one_origin_are_judged_once_and_taken_apart_each_by_itself() -> None:
    targets = Targets(allow_private=False)
    first, path = targets.of("https://push.example.org/a/b:c?d=%20e")
    assert (first.origin, path) == (("https", "push.example.org", 443), "/a/b:c?d=%20e")
    assert targets.of("https://push.example.org/other") == (first, "/other")
    assert targets.of("https://push.example.org?x=/y")[1] == "/?x=/y"
    assert targets.of("https://push.example.org/预警")[1] == "/%E9%A2%84%E8%AD%A6"


@pytest.mark.parametrize("url", [
    "https://127.0.0.1/a", "https://push.example.org@127.0.0.1/a", "https://[::1]/a", "https://2130706433/a", "ftp://push.example.org/a",
    "https://push.example.org\\@127.0.0.1/a", "https://localhost/a", "https://push.example.org:0/a", "https://push.example.org/a b", "",
])
def test_the_short_way_through_the_guard_lets_nothing_pass_that_the_long_one_refuses(url: str) -> None:
    targets = Targets(allow_private=False)
    targets.of("https://push.example.org/known")
    with pytest.raises(BadTarget):
        targets.of(url)
