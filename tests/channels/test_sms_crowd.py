"""The crowd lane of SMS: one text for many numbers, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import httpx
from pydantic import SecretStr

from channels.crowd import Crowd, send_crowd
from channels.message import Message, Outcome, Reason, Receipt, Reply, Reports
from channels.port import Doors
from channels.sms import Options, Sender
from channels.wire.smsc import Faults, Smsc

_NOW = datetime(2024, 9, 19, 4, 0, tzinfo=UTC)
_LONG = "暴雨红色预警" * 15  # 90 characters: two parts


@dataclass
class Desk:
    reports: list[Reports] = field(default_factory=list)

    async def on_bulk(self, reports: Sequence[Reports]) -> None:
        self.reports += reports

    async def one(self, what: Receipt | Reply) -> None:
        raise AssertionError(f"not in bulk: {what}")

    @property
    def keys(self) -> list[str]:
        return [key for group in self.reports for key in group.keys]


@asynccontextmanager
async def _lane(
    desk: Desk, faults: Faults | None = None, *, window: int = 10, rate_per_s: float = 0.0, max_parts: int = 6, timeout_s: float = 30.0,
) -> AsyncIterator[tuple[Sender, Smsc]]:
    smsc = Smsc(now=lambda: _NOW, receipt_delay_s=0.02, faults=faults)
    options = Options(lane="exercise", timeout_s=timeout_s, host="127.0.0.1", port=await smsc.start(), system_id="drill", password=SecretStr("x"),
                      source="12379", window=window, rate_per_s=rate_per_s, max_parts=max_parts)
    async with httpx.AsyncClient(trust_env=False) as http:
        sender = Sender(options, Doors(now=lambda: _NOW, http=http, on_receipt=desk.one, on_reply=desk.one, on_bulk=desk.on_bulk))
        await sender.open()
        try:
            yield sender, smsc
        finally:
            await sender.close()
            await smsc.stop()


def _crowd(addresses: Sequence[str], text: str = "暴雨", *, status: Literal["Actual", "Exercise"] = "Exercise", hours: int = 8, priority: int = 4,
           key: str = "batch.7") -> Crowd:
    message = Message(key=key, address="", subject="", text=text, language="zh-CN", identifier="id", event="e", version=1, msg_type="Alert",
                      status=status, priority=priority, sent=_NOW, expires=_NOW + timedelta(hours=hours))
    return Crowd(message=message, addresses=addresses, numbers=[100 + n for n in range(len(addresses))])


def _numbers(count: int) -> list[str]:
    return [str(8613800138000 + n) for n in range(count)]


async def _until(true: Callable[[], bool], *, within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - what is watched is a plain counter of the peer
            await asyncio.sleep(0.01)


async def test_everyone_gets_the_text_and_each_receipt_comes_back_under_the_persons_own_key() -> None:
    desk = Desk()
    async with _lane(desk) as (sender, smsc):
        said = await send_crowd(sender, _crowd(_numbers(300), _LONG))
        assert said.outcomes == [Outcome.ACCEPTED] * 300
        assert said.external_ids[:2] == ["0000000001,0000000002", "0000000003,0000000004"]
        assert (said.common, said.reasons, said.evidence) == ("submit_sm_resp 0x00000000 ×2", {}, {})
        await _until(lambda: len(desk.keys) == 300)
        assert sorted(desk.keys) == sorted(f"batch.7.{100 + n}" for n in range(300))
        assert {(group.outcome, group.evidence) for group in desk.reports} == {(Outcome.DELIVERED, "deliver_sm stat:DELIVRD ×2")}
        assert len(desk.reports) < 100  # in bulk
        assert sorted((c.destination, c.text, c.parts) for c in smsc.caught) == [(number, _LONG, 2) for number in _numbers(300)]


async def test_what_is_no_number_is_refused_in_its_place_and_the_others_go() -> None:
    desk = Desk()
    async with _lane(desk, Faults(refuse_prefixes=("999",))) as (sender, smsc):
        said = await sender.send_crowd(_crowd(["8613800138000", "110", "", "9991234567", "+8613800138001"]))
        assert said.outcomes == [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.REJECTED, Outcome.REJECTED, Outcome.ACCEPTED]
        assert said.reasons == {1: Reason.BAD_ADDRESS, 2: Reason.BAD_ADDRESS, 3: Reason.BAD_ADDRESS}
        assert "correct it in the register" in said.evidence[1]
        assert said.evidence[3] == "submit_sm_resp 0x0000000b"
        assert said.external_ids == ["0000000001", "", "", "", "0000000002"]
        assert [c.destination for c in smsc.caught] == ["8613800138000", "8613800138001"]


async def test_a_drill_never_reaches_the_public_and_nothing_leaves_after_its_expiry() -> None:
    desk = Desk()
    async with _lane(desk) as (sender, smsc):
        for crowd, reason in ((_crowd(_numbers(2), status="Actual"), Reason.WRONG_LANE), (_crowd(_numbers(2), hours=-1), Reason.EXPIRED)):
            said = await sender.send_crowd(crowd)
            assert said.outcomes == [Outcome.REJECTED] * 2
            assert said.reasons == {0: reason, 1: reason}
            assert said.common
        assert smsc.submits == 0


async def test_a_text_that_does_not_fit_says_by_how_much() -> None:
    desk = Desk()
    async with _lane(desk, max_parts=1) as (sender, smsc):
        said = await sender.send_crowd(_crowd(_numbers(2), _LONG))
        assert said.reasons == {0: Reason.TOO_LONG, 1: Reason.TOO_LONG}
        assert said.common == "the text needs 2 SMS parts, 1 are allowed: shorten it"
        assert smsc.submits == 0


async def test_an_empty_crowd_is_no_fault() -> None:
    async with _lane(Desk()) as (sender, _):
        assert (await sender.send_crowd(_crowd([]))).outcomes == []


async def test_throttled_ones_are_retry_and_the_rest_is_accepted() -> None:
    async with _lane(Desk(), Faults(throttle_every=5), window=3) as (sender, smsc):
        said = await sender.send_crowd(_crowd(_numbers(20)))
        assert said.outcomes.count(Outcome.RETRY) == 4
        assert set(said.reasons.values()) == {Reason.RATE_LIMITED}
        assert smsc.received == 16


async def test_a_mute_gateway_leaves_unknown_for_the_window_and_retry_for_the_rest() -> None:
    async with _lane(Desk(), Faults(mute=True), window=7, timeout_s=0.3) as (sender, smsc):
        await _until(lambda: not sender.trouble)
        said = await sender.send_crowd(_crowd(_numbers(50)))
        assert said.outcomes == [Outcome.UNKNOWN] * 7 + [Outcome.RETRY] * 43
        assert smsc.submits == 7
        assert said.evidence[0] == "no submit_sm_resp; no answer to a submit for 0.3 s"


async def test_the_contracts_speed_is_kept_and_a_gateway_that_insists_on_it_never_complains() -> None:
    async with _lane(Desk(), Faults(rate_per_s=220.0), rate_per_s=200.0) as (sender, _):
        started = asyncio.get_running_loop().time()
        said = await sender.send_crowd(_crowd(_numbers(120)))
        took = asyncio.get_running_loop().time() - started
    assert said.outcomes == [Outcome.ACCEPTED] * 120
    assert took >= 0.45  # 20 at once, 100 more at 200 a second


async def test_a_gateway_that_throttles_everything_is_given_rest_whatever_the_contracts_speed() -> None:
    async with _lane(Desk(), Faults(throttle_every=1), window=4, rate_per_s=1000.0) as (sender, smsc):
        said = await sender.send_crowd(_crowd(_numbers(500)))
        assert set(said.reasons.values()) == {Reason.RATE_LIMITED}
        assert smsc.submits <= 6 * 4


async def test_a_red_warning_overtakes_what_waits_of_a_blue_one() -> None:
    async with _lane(Desk(), rate_per_s=100.0) as (sender, smsc):
        blue = asyncio.create_task(sender.send_crowd(_crowd(_numbers(60), "蓝色", priority=1)))
        await _until(lambda: smsc.received >= 10)
        await sender.send_crowd(_crowd(_numbers(5), "红色", priority=4, key="batch.8"))
        assert not blue.done()
        await blue
        texts = [c.text for c in smsc.caught]
        assert texts.index("红色") < 20
        assert texts.count("蓝色") == 60


async def test_reports_that_come_twice_in_any_order_and_for_strangers_deliver_each_message_once() -> None:
    desk = Desk()
    async with _lane(desk, Faults(repeat_reports=1, reorder_reports=True, foreign_reports=True)) as (sender, smsc):
        await sender.send_crowd(_crowd(_numbers(40), _LONG))
        await _until(lambda: smsc.acks == 240)  # two parts × (report, its copy, a stranger's)
        assert sorted(key for key in desk.keys if key) == sorted(f"batch.7.{100 + n}" for n in range(40))
        strangers = [group for group in desk.reports if "" in group.keys]
        assert sum(len(group.keys) for group in strangers) == 80
        assert all(external_id.startswith("p000") for group in strangers for external_id in group.external_ids)
