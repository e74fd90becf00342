"""CMPP, SMGP and SGIP channels against the drill gateway, over real sockets: the same promises for each."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from channels.crowd import Crowd
from channels.message import Outcome, Reason, Receipt, Reply
from channels.wire.smsc import Faults
from tests.channels.gateways import MAINLAND, NOW, Desk, centre, channel, meeting, message
from tests.ports import own_port

_LONG = "暴雨红色预警" * 15  # 90 characters: two parts

pytestmark = pytest.mark.parametrize("kind", MAINLAND)


async def _until(true: Callable[[], bool], *, within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - what is watched is a plain counter of the peer
            await asyncio.sleep(0.01)


async def test_a_message_of_two_parts_is_accepted_when_both_are_and_delivered_when_both_are(kind: str) -> None:
    desk = Desk()
    async with meeting(kind, desk) as (sender, smsc):
        (receipt,) = await sender.send([message(0, _LONG)])
        assert receipt.outcome is Outcome.ACCEPTED
        assert len(receipt.external_id.split(",")) == 2
        await _until(lambda: bool(desk.reports))
        (late,) = desk.receipts
        assert (late.key, late.outcome, late.external_id) == ("key-0", Outcome.DELIVERED, receipt.external_id)
        assert late.evidence.endswith("stat:DELIVRD ×2")
        assert [(c.destination, c.text, c.parts) for c in smsc.caught] == [("8613800138000", _LONG, 2)]
        await _until(lambda: smsc.acks == 2)


async def test_a_crowd_gets_its_text_and_each_report_finds_its_person(kind: str) -> None:
    desk = Desk()
    crowd = Crowd(message=replace(message(0, _LONG), key="batch.1", address=""), addresses=[str(8613800138000 + n) for n in range(50)] + ["12125550100"],
                  numbers=range(51))
    async with meeting(kind, desk) as (sender, smsc):
        said = await sender.send_crowd(crowd)
        assert said.outcomes == [Outcome.ACCEPTED] * 50 + [Outcome.REJECTED]
        assert said.reasons == {50: Reason.BAD_ADDRESS}  # a number of another country would be somebody else's without its code
        await _until(lambda: len(desk.receipts) == 50)
        assert sorted(r.key for r in desk.receipts) == sorted(f"batch.1.{n}" for n in range(50))
        assert smsc.submits == 100


async def test_the_handset_shows_every_text_as_it_was_written(kind: str) -> None:
    texts = ["暴雨", "Rain [red] 100", "雨" * 70, "雨" * 71, "a" * 160, "🌊" * 40, "", "暴雨 rain 🌊"]
    for gbk in (False, True):
        async with meeting(kind, Desk(), gbk=gbk) as (sender, smsc):
            await sender.send([message(n, text) for n, text in enumerate(texts)])
            assert [c.text for c in smsc.caught] == texts
            assert not any(c.flash for c in smsc.caught)


async def test_flash_is_an_option_of_the_channel_and_of_a_message(kind: str) -> None:
    async with meeting(kind, Desk(), flash=True, gbk=True) as (sender, smsc):
        await sender.send([message(0)])
        assert [(c.text, c.flash) for c in smsc.caught] == [("暴雨红色预警", True)]
    async with meeting(kind, Desk(), gbk=True) as (sender, smsc):
        await sender.send([message(0), message(1, flash=True)])
        assert [(c.text, c.flash) for c in smsc.caught] == [("暴雨红色预警", False), ("暴雨红色预警", True)]


async def test_the_network_is_told_in_beijing_time_when_the_warning_expires(kind: str) -> None:
    async with meeting(kind, Desk()) as (sender, smsc):
        await sender.send([message(0)])
        assert smsc.caught[0].validity == "240919200000032+"  # 04:00 UTC + 8 h of life + 8 h east


async def test_a_failed_handset_is_a_rejected_message_said_once(kind: str) -> None:
    desk = Desk()
    async with meeting(kind, desk, faults=Faults(undelivered_prefixes=("86138",))) as (sender, smsc):
        await sender.send([message(0, _LONG)])
        await _until(lambda: smsc.acks == 2)
        assert [(r.key, r.outcome, r.reason) for r in desk.receipts] == [("key-0", Outcome.REJECTED, Reason.UNREACHABLE)]
        assert "UNDELIV" in desk.receipts[0].evidence


async def test_a_bad_number_rejects_only_itself_and_the_answer_is_in_words(kind: str) -> None:
    async with meeting(kind, Desk(), faults=Faults(refuse_prefixes=("861380013800",))) as (sender, _):
        receipts = await sender.send([message(0), message(50)])
        assert [(r.outcome, r.reason) for r in receipts] == [(Outcome.REJECTED, Reason.BAD_ADDRESS), (Outcome.ACCEPTED, None)]
        assert "(destination number)" in receipts[0].evidence


async def test_flow_control_slows_us_down_and_is_retry_with_its_reason(kind: str) -> None:
    async with meeting(kind, Desk(), faults=Faults(throttle_every=1)) as (sender, smsc):
        receipts = await sender.send([message(n) for n in range(300)])
        assert {(r.outcome, r.reason) for r in receipts} == {(Outcome.RETRY, Reason.RATE_LIMITED)}
        assert smsc.submits <= 6 * 16
        smsc.misbehave(Faults())
        assert {r.outcome for r in await sender.send([message(n) for n in range(5)])} == {Outcome.ACCEPTED}


async def test_a_wrong_secret_shows_what_the_gateway_said_and_not_the_secret(kind: str) -> None:
    async with meeting(kind, Desk(), password="wr0ng") as (sender, smsc):
        (receipt,) = await sender.send([message(0)])
        assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.UNREACHABLE)
        assert "password" in receipt.evidence or "secret wrong" in receipt.evidence
        assert "wr0ng" not in receipt.evidence
        assert smsc.submits == 0
        assert (sender.health().up, sender.health().note) == (False, sender.trouble)


async def test_a_reply_and_a_long_one_reach_the_desk_whole(kind: str) -> None:
    desk = Desk()
    async with meeting(kind, desk) as (_, smsc):
        await _until(lambda: smsc.say(source="8613800138000", destination="10690001", text="退订") == 1)
        smsc.say(source="8613800138001", destination="10690001", text="收到" * 40)
        await _until(lambda: len(desk.replies) == 2)
        assert desk.replies == [Reply(channel="sms", address="8613800138000", text="退订", at=NOW),
                                Reply(channel="sms", address="8613800138001", text="收到" * 40, at=NOW)]
        await _until(lambda: smsc.acks == 3)


async def test_reports_that_come_early_twice_in_any_order_and_for_strangers_are_acknowledged_and_joined(kind: str) -> None:
    desk = Desk()
    faults = Faults(repeat_reports=1, reorder_reports=True, foreign_reports=True)
    async with meeting(kind, desk, faults=faults) as (sender, smsc):
        await sender.send([message(n, _LONG) for n in range(10)])
        await _until(lambda: smsc.acks == 60)  # two parts × (report, its copy, a stranger's)
        assert sorted(r.key for r in desk.receipts if r.key) == sorted(f"key-{n}" for n in range(10))
        assert len([r for r in desk.receipts if not r.key]) == 20


async def test_a_report_that_overtakes_its_answer_still_finds_its_message(kind: str) -> None:
    desk = Desk()
    async with meeting(kind, desk, faults=Faults(early_reports=True)) as (sender, _):
        await sender.send([message(0, _LONG)])
        await _until(lambda: bool(desk.reports))
        assert [(r.key, r.outcome) for r in desk.receipts] == [("key-0", Outcome.DELIVERED)]


async def test_a_report_after_a_restart_is_handed_on_under_the_gateways_id(kind: str) -> None:
    first, second = Desk(), Desk()
    with own_port() as listening:
        smsc = centre(kind, faults=Faults(hold_reports=True), listening=listening)
        port = await smsc.start()
        async with httpx.AsyncClient(trust_env=False) as http:
            sender = channel(kind, first, http, port=port, listening=listening)
            await sender.open()
            (receipt,) = await sender.send([message(0)])
            await sender.close()
            again = channel(kind, second, http, port=port, listening=listening)
            await again.open()
            smsc.misbehave(Faults())
            await _until(lambda: bool(second.reports))
            (late,) = second.receipts
            assert late == Receipt(key="", outcome=Outcome.DELIVERED, at=NOW, external_id=receipt.external_id, evidence=late.evidence)
            assert late.evidence.endswith("of one part")
            await again.close()
        await smsc.stop()


async def test_silence_is_probed_where_the_protocol_can_and_a_cut_link_comes_back(kind: str) -> None:
    async with meeting(kind, Desk(), probe_after_s=0.1, timeout_s=0.5) as (sender, smsc):
        await asyncio.sleep(0.8)
        await _until(lambda: sender.trouble == "")
        before = smsc.binds
        smsc.cut()
        await _until(lambda: smsc.binds >= before + (2 if kind == "sgip" else 1) and not sender.trouble)
        (receipt,) = await sender.send([message(0)])
        assert receipt.outcome is Outcome.ACCEPTED


async def test_a_mute_gateway_leaves_unknown_and_the_rest_is_tried_again(kind: str) -> None:
    async with meeting(kind, Desk(), faults=Faults(mute=True), timeout_s=0.3) as (sender, smsc):
        await _until(lambda: not sender.trouble)
        receipts = await sender.send([message(n) for n in range(30)])
        assert [r.outcome for r in receipts] == [Outcome.UNKNOWN] * 16 + [Outcome.RETRY] * 14
        assert smsc.submits == 16
