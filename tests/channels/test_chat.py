"""Chat groups: apprise writes, our couriers carry, and only the code in a robot's answer is evidence."""

import base64
import hmac
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import ValidationError

from channels import chat
from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.port import Doors
from channels.wire.http_post import Answer
from channels.wire.robot_sink import RobotSink
from channels.wire.robots import ADDRESS, verdict
from tests.ports import own_port

NOW = datetime(2024, 9, 20, 1, 0, tzinfo=UTC)
KEYS = {"wecom": "wecombot://693a91f6-7aoc-4bc4", "dingtalk": "dingtalk://SECabc123def@token12345", "feishu": "feishu://hook-12345678",
        "lark": "lark://hook-87654321"}
MESSAGE = Message(
    key="id-1.7", address=KEYS["wecom"], subject="暴雨红色预警", text="【演练】暴雨红色预警:浦东新区", language="zh-CN", identifier="id-1", event="ev", version=1,
    msg_type="Alert", status="Exercise", priority=4, sent=NOW, expires=NOW + timedelta(hours=1))


async def _nothing(_: Receipt | Reply) -> None:
    return None


@asynccontextmanager
async def _opened(options: chat.Options) -> AsyncIterator[chat.Sender]:
    async with httpx.AsyncClient(trust_env=False) as http:
        sender = chat.Sender(options, Doors(now=lambda: NOW, http=http, on_receipt=_nothing, on_reply=_nothing))
        await sender.open()
        try:
            yield sender
        finally:
            await sender.close()


@pytest.fixture
async def sink() -> AsyncIterator[RobotSink]:
    running = RobotSink()
    running.groups = {"693a91f6-7aoc-4bc4": [], "token12345": [], "hook-12345678": [], "hook-87654321": []}
    running.secrets = {"token12345": "SECabc123def"}
    await running.start()
    yield running
    await running.stop()


def _options(sink: RobotSink, *, timeout_s: float = 30.0) -> chat.Options:
    return chat.Options(lane="exercise", timeout_s=timeout_s, allow_private=True, wecom=sink.origin, dingtalk=sink.origin, feishu=sink.origin,
                        lark=sink.origin)


async def _said(sink: RobotSink, *messages: Message, timeout_s: float = 30.0) -> list[Receipt]:
    async with _opened(_options(sink, timeout_s=timeout_s)) as sender:
        return await sender.send(messages)


async def test_all_four_services_say_it_in_their_group_and_the_code_is_the_evidence(sink: RobotSink) -> None:
    receipts = await _said(sink, *(replace(MESSAGE, key=name, address=address) for name, address in KEYS.items()))
    assert [(r.key, r.outcome, r.evidence) for r in receipts] == [(name, Outcome.ACCEPTED, "HTTP 200, code 0") for name in KEYS]
    assert list(sink.groups.values()) == [[MESSAGE.text]] * 4


async def test_a_dingtalk_robot_gets_a_signature_that_is_quoted_once(sink: RobotSink) -> None:
    """Robots' documentation: sign = urlEncode(base64(HMAC-SHA256(secret, timestamp + LF + secret))), so one decoding gives the base64."""
    await _said(sink, replace(MESSAGE, address=KEYS["dingtalk"]))
    asked = {name: values[0] for name, values in parse_qs(urlsplit(sink.asked[0]).query).items()}
    expected = base64.b64encode(hmac.digest(b"SECabc123def", f"{asked['timestamp']}\nSECabc123def".encode(), "sha256")).decode()
    assert asked["sign"] == expected
    assert expected.endswith("="), "it holds a character that needs quoting"


async def test_a_refusal_with_http_200_is_no_acceptance(sink: RobotSink) -> None:
    """apprise calls the first of these sent."""
    sink.keyword = "预警通知"
    receipts = await _said(sink, replace(MESSAGE, address="wecombot://removed-key"), replace(MESSAGE, address=KEYS["dingtalk"]),
                           replace(MESSAGE, address=KEYS["feishu"]))
    assert [(r.outcome, r.reason) for r in receipts] == [
        (Outcome.REJECTED, Reason.GONE), (Outcome.REJECTED, Reason.REFUSED), (Outcome.REJECTED, Reason.REFUSED)]
    assert "register the new one" in receipts[0].evidence
    assert "add 预警 to its keywords" in receipts[1].evidence


async def test_the_twenty_first_message_of_a_minute_waits(sink: RobotSink) -> None:
    receipts = await _said(sink, *(replace(MESSAGE, key=str(n)) for n in range(21)))
    assert [r.outcome for r in receipts].count(Outcome.ACCEPTED) == 20
    [late] = [r for r in receipts if r.outcome is not Outcome.ACCEPTED]
    assert (late.outcome, late.reason) == (Outcome.RETRY, Reason.RATE_LIMITED)


@pytest.mark.parametrize("answer", [b"", b"ok", b"[0]", b'{"errmsg": "ok"}', b'{"errcode": "0"}', b'{"errcode": true}', b"\xff"])
async def test_an_answer_without_a_code_is_no_evidence(sink: RobotSink, answer: bytes) -> None:
    sink.answer = answer
    [receipt] = await _said(sink, MESSAGE)
    assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.BROKEN_REPLY)


async def test_a_service_that_drips_its_answer_holds_nobody_up_past_the_limit(sink: RobotSink) -> None:
    sink.drips = True
    started = datetime.now(UTC)
    [receipt] = await _said(sink, MESSAGE, timeout_s=0.4)
    assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.TIMEOUT)
    assert datetime.now(UTC) - started < timedelta(seconds=20)


@pytest.mark.parametrize("address", [
    "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6", "wecombot://", "wecombot://a/../b", "wecombot://key12345?x=1", "wecombot://127.0.0.1:80/x",
    "feishu://hook@evil.example/", "dingtalk://a:b@token12345", "jsons://127.0.0.1/x", "file:///etc/passwd", "wecombot://key12345 ", "wecombot://key#12345",
])
async def test_an_address_that_is_no_robots_calls_nobody(sink: RobotSink, address: str) -> None:
    [receipt] = await _said(sink, replace(MESSAGE, address=address))
    assert (receipt.outcome, receipt.reason) == (Outcome.REJECTED, Reason.BAD_ADDRESS)
    assert "write wecombot://KEY" in receipt.evidence
    assert sink.asked == []
    assert ADDRESS.fullmatch(address) is None


@pytest.mark.parametrize(("given", "says"), [
    ({"wecom": "http://127.0.0.1:9"}, "loopback"), ({"feishu": "http://open.feishu.cn"}, "write https://host"),
    ({"lark": "https://open.larksuite.com/x"}, "without a path"), ({"dingtalk": "https://10.0.0.1"}, "private network"),
])
def test_a_service_can_live_in_a_private_network_only_where_the_deployment_says_so(given: dict[str, str], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        chat.Options.model_validate({"lane": "exercise"} | given)


async def test_keys_are_in_no_log_and_no_receipt(sink: RobotSink, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sink.answer = json.dumps({"errcode": 40001, "errmsg": "bad key 693a91f6-7aoc-4bc4"}).encode()
    receipts = await _said(sink, *(replace(MESSAGE, address=address) for address in (*KEYS.values(), "wecombot://no key!")))
    for words in (caplog.text, *(r.evidence for r in receipts)):
        assert not any(key in words for key in ("693a91f6", "SECabc123def", "token12345", "hook-1234", "hook-8765", "no key!"))


async def test_a_service_that_cannot_be_reached_is_tried_again() -> None:
    with own_port() as nobody:
        options = chat.Options(lane="exercise", timeout_s=30, allow_private=True, wecom=f"http://127.0.0.1:{nobody}")
        async with _opened(options) as sender:
            [receipt] = await sender.send([MESSAGE])
    assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.UNREACHABLE)


@pytest.mark.parametrize(("service", "answer", "outcome", "reason"), [
    ("wecom", Answer(status=200, words=b'{"errcode": -1}'), Outcome.RETRY, Reason.REFUSED),
    ("wecom", Answer(status=200, words=b'{"errcode": 40058}'), Outcome.REJECTED, Reason.TOO_LONG),
    ("feishu", Answer(status=200, words=b'{"StatusCode": 0, "StatusMessage": "success"}'), Outcome.ACCEPTED, None),
    ("lark", Answer(status=200, words=b'{"code": 11232}'), Outcome.RETRY, Reason.RATE_LIMITED),
    ("dingtalk", Answer(status=502), Outcome.RETRY, Reason.REFUSED), ("dingtalk", Answer(status=429), Outcome.RETRY, Reason.RATE_LIMITED),
    ("dingtalk", Answer(status=302), Outcome.REJECTED, Reason.REFUSED), ("feishu", Answer(status=404), Outcome.REJECTED, Reason.GONE),
])
def test_what_answers_mean(service: str, answer: Answer, outcome: Outcome, reason: Reason | None) -> None:
    said = verdict(service, answer)
    assert (said.outcome, said.reason) == (outcome, reason)
