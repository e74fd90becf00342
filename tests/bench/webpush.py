"""Web Push: a crowd encrypted, signed and POSTed from one process to a push service that only counts, in another."""

import asyncio
import json
import os
import time
from datetime import UTC, datetime, timedelta
from statistics import median

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from channels.crowd import Crowd
from channels.message import Message, Outcome, Receipt, Reply
from channels.port import Doors
from channels.webpush import Options, Sender, note
from channels.wire.aes128gcm import PushKeys, b64url, encrypt, public_bytes
from tests.bench.measure import NOT_INSTALLED, Effort, Goal, Row, Timing, median_s, peer, rows
from tests.bench.wire_sink import sink

_NOW = datetime(2024, 9, 19, 18, 0, tzinfo=UTC)
_BATCH = 1000
MESSAGE = Message(
    key="bench", address="", subject="【演练】暴雨红色预警", text="【演练】暴雨红色预警：浦东未来1小时雨量将达100毫米以上，请停止户外活动。",
    language="zh-CN", identifier="31000041600000_20240920020000", event="bench", version=1, msg_type="Alert", status="Exercise", priority=4,
    sent=_NOW, expires=_NOW + timedelta(hours=1))


def run(effort: Effort) -> list[Row]:
    """End to end a fresh key pair each (RFC 8291 §3.1), one VAPID signature for the origin; pywebpush's figure is encryption alone."""
    count, repeats = effort.pick(full=10_000, quick=2_000), effort.pick(full=3, quick=2)
    ours = [
        Timing(subject="channels.webpush send_crowd", value=median(_end_to_end(count) for _ in range(repeats)), note="encrypt, sign, POST, receipt"),
        Timing(subject="encryption alone", value=count / median_s(lambda: _encrypted(count), repeats=repeats), note="RFC 8291"),
    ]
    found = peer("pywebpush")
    few = effort.pick(full=2_000, quick=500)
    if found is None:
        peers = [Timing(subject="pywebpush", value=None, note=NOT_INSTALLED)]
    else:
        peers = [Timing(subject="pywebpush, encryption alone", value=few / median_s(lambda: found.encrypted(few), repeats=repeats),
                        note="nothing is signed or sent")]
    return rows("Web Push to a loopback sink, one process", "messages/s", ours, peers, goal=Goal(value=8_000))


def subscription(number: int, port: int) -> str:
    """A made-up browser: every one its own key."""
    private = ec.generate_private_key(ec.SECP256R1())
    return json.dumps({"endpoint": f"http://127.0.0.1:{port}/wpush/v2/gAAAAAB{number:060d}",
                       "keys": {"p256dh": b64url(public_bytes(private)), "auth": b64url(os.urandom(16))}})


def _end_to_end(count: int) -> float:
    with sink("push") as running:
        rate = asyncio.run(_sent(count, running.port))
    if running.taken != count:
        raise AssertionError(f"the sink took {running.taken} of {count} pushes; a rate of lost messages is none")
    return rate


async def _sent(count: int, port: int) -> float:
    addresses = [subscription(number, port) for number in range(count)]
    async with httpx.AsyncClient() as http:
        channel = Sender(
            Options(lane="exercise", allow_private=True, vapid_private_key=SecretStr(b64url((12345).to_bytes(32, "big"))),
                    vapid_subject="mailto:duty@example.org", parallel=16),
            Doors(now=lambda: _NOW, http=http, on_receipt=_heard, on_reply=_heard))
        await channel.open()
        try:
            started = time.perf_counter()
            for first in range(0, count, _BATCH):
                some = addresses[first : first + _BATCH]
                said = await channel.send_crowd(Crowd(message=MESSAGE, addresses=some, numbers=range(first, first + len(some))))
                if set(said.outcomes) != {Outcome.ACCEPTED}:
                    raise AssertionError("a push was not accepted by the sink")
            return count / (time.perf_counter() - started)
        finally:
            await channel.close()


def _encrypted(count: int) -> None:
    keys = PushKeys(p256dh=public_bytes(ec.derive_private_key(54321, ec.SECP256R1())), auth=bytes(16))
    plaintext = note(MESSAGE)
    for _ in range(count):
        encrypt(plaintext, keys)


async def _heard(what: Receipt | Reply) -> None:
    raise AssertionError(f"nobody replies to a push, yet a {type(what).__name__} came")
