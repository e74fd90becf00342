"""Dead gateways, lanes, expiry and late answers: every delivery ends in a state that its evidence allows."""

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from channels.message import Outcome, Reason, Receipt
from channels.wire.smsc import Faults
from tests.corridor.conftest import AT, FORECASTER, Corridor, opened_corridor, until
from tests.ports import own_port
from warning.app import opened
from warning.cli.outcome import _progress
from warning.dispatch.delivery import NEXT_STEP
from warning.settings import load_settings
from warning.store.drill import DrillClock

ONE, TWO = "8613900000001", "8613900000002"


async def test_a_dead_endpoint_ends_failed_with_its_tries_used_up_and_nobody_else_suffers(corridor: Corridor) -> None:
    with own_port() as nobody:
        dead = f"http://127.0.0.1:{nobody}/duty"
        await corridor.office("pumping station", "", url=dead)
        await corridor.office("district office", "/office")
        await corridor.resident(ONE)
        alert = await corridor.warned()
        async with corridor.working():
            await corridor.drained()
    ends = await corridor.deliveries(alert)
    assert (ends[dead]["state"], ends[dead]["reason"], ends[dead]["attempts"]) == ("failed", "unreachable", 3)
    assert ends[dead]["evidence"]
    assert "press retry" in NEXT_STEP[Reason(ends[dead]["reason"])]
    assert ends[corridor.sink.url("/office")]["state"] == "accepted"
    assert ends[ONE]["state"] in ("accepted", "delivered")


async def test_a_gateway_of_no_routes_that_stays_away_is_given_up_loudly_and_a_retry_tells_everybody_when_it_is_back(
    corridor: Corridor, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (ONE, TWO):
        await corridor.resident(number)
    await corridor.smsc.stop()
    alert = await corridor.warned()
    async with corridor.working():
        await corridor.drained()
    assert set((await corridor.states(alert)).values()) == {("failed", "unreachable")}
    capsys.readouterr()
    await _progress(load_settings(corridor.settings_file), alert, json_=False)
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "failed: 2 by sms: unreachable", "  next step: check the gateway, then press retry; use another channel meanwhile",
        "retry: at the console under Routes, or POST /api/deliveries/retry with what --json names"]
    await _progress(load_settings(corridor.settings_file), alert, json_=True)
    [letter] = json.loads(capsys.readouterr().out)["dead_letters"]
    assert letter["next_step"] == NEXT_STEP[Reason.UNREACHABLE]
    [sms] = [one for one in yaml.safe_load(corridor.settings_file.read_text(encoding="utf-8"))["channels"] if one["name"] == "sms"]
    await corridor.smsc.start(port=sms["options"]["port"])
    async with corridor.working():
        assert await corridor.parts.dispatch.retry([], crowd_ids=letter["crowds"], account=FORECASTER) == 2
        await corridor.drained()
    assert [len(corridor.heard(number)) for number in (ONE, TWO)] == [1, 1]


async def test_every_reason_that_a_channel_can_give_has_a_next_step() -> None:
    assert set(NEXT_STEP) == set(Reason)


async def test_what_expires_in_the_queue_is_never_sent(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    alert = await corridor.warned(hours=1)
    [batch] = await corridor.expand(alert)
    await corridor.move(timedelta(hours=1))
    await corridor.deliver(batch)
    assert await corridor.states(alert) == {ONE: ("expired", "expired")}
    assert (await corridor.deliveries(alert))[ONE]["evidence"] == "expired before it could be sent", "the channel was not even asked"
    assert corridor.smsc.submits == 0


async def test_what_expires_between_two_tries_is_not_tried_again(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    alert = await corridor.warned(hours=1)
    corridor.smsc.misbehave(Faults(throttle_every=1))
    await corridor.send(alert)
    corridor.smsc.misbehave(Faults())
    submits = corridor.smsc.submits
    await corridor.move(timedelta(hours=2))
    async with corridor.working():
        await corridor.drained()
    assert await corridor.states(alert) == {ONE: ("expired", "expired")}
    assert corridor.smsc.submits == submits
    assert corridor.heard(ONE) == []


async def test_an_exercise_reaches_exercise_addresses_only(corridor: Corridor) -> None:
    await corridor.resident(ONE, lane="exercise")
    await corridor.resident(TWO, lane="actual")
    alert = await corridor.warned()
    await corridor.send(alert)
    assert set(await corridor.deliveries(alert)) == {ONE}
    assert (len(corridor.heard(ONE)), len(corridor.heard(TWO))) == (1, 0)


async def test_a_real_warning_reaches_actual_addresses_only(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor = await opened_corridor(database_url, tmp_path, stack, status="Actual")
        await corridor.resident(ONE, lane="exercise")
        await corridor.resident(TWO, lane="actual")
        alert = await corridor.warned()
        await corridor.send(alert)
        assert set(await corridor.deliveries(alert)) == {TWO}
        assert (len(corridor.heard(ONE)), len(corridor.heard(TWO))) == (0, 1)
        assert "演练" not in corridor.heard(TWO)[0]


@pytest.mark.parametrize(("status", "lane"), [("Exercise", "actual"), ("Actual", "exercise")])
async def test_the_adapter_of_the_other_lane_refuses_even_when_asked(
    database_url: str, tmp_path: Path, status: str, lane: str
) -> None:
    async with AsyncExitStack() as stack:
        corridor = await opened_corridor(database_url, tmp_path, stack, status=status, lane=lane)
        await corridor.resident(ONE, lane="exercise")
        await corridor.resident(ONE, lane="actual")
        alert = await corridor.warned()
        await corridor.send(alert)
        assert await corridor.states(alert) == {ONE: ("failed", "wrong_lane")}
        assert corridor.smsc.submits == 0


async def test_a_gateway_that_never_reports_leaves_accepted_and_not_delivered(corridor: Corridor) -> None:
    corridor.smsc.misbehave(Faults(black_hole=True))
    await corridor.resident(ONE)
    alert = await corridor.warned()
    await corridor.send(alert)
    await asyncio.sleep(0.4)
    end = (await corridor.deliveries(alert))[ONE]
    assert (end["state"], end["reason"]) == ("accepted", "")
    assert "submit_sm_resp 0x00000000" in end["evidence"]


async def test_a_handset_that_is_never_reached_is_failed_by_its_report(corridor: Corridor) -> None:
    corridor.smsc.misbehave(Faults(undelivered_prefixes=(ONE,)))
    await corridor.resident(ONE)
    alert = await corridor.warned()
    await corridor.send(alert)

    async def failed() -> bool:
        return (await corridor.states(alert))[ONE] == ("failed", "unreachable")

    await until(failed)


async def test_a_report_that_comes_after_a_restart_of_the_worker_finds_its_message(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor = await opened_corridor(database_url, tmp_path, stack, channels=False)
        corridor.smsc.misbehave(Faults(hold_reports=True))
        await corridor.resident(ONE)
        alert = await corridor.warned()
        async with opened(load_settings(corridor.settings_file)) as worker:
            assert isinstance(worker.clock, DrillClock)
            for batch in await corridor.expand(alert):
                await worker.mass.send(batch.id)
        before = (await corridor.deliveries(alert))[ONE]
        assert before["state"] == "accepted"
        parts = before["external_id"].split(",")
        assert len(parts) > 1  # a warning is longer than one short message
        async with opened(load_settings(corridor.settings_file)):
            corridor.smsc.misbehave(Faults())

            async def delivered() -> bool:
                return (await corridor.states(alert))[ONE] == ("delivered", "")

            await until(delivered, within_s=120)
        assert "stat:DELIVRD of one part" in (await corridor.deliveries(alert))[ONE]["evidence"]


async def test_a_message_is_delivered_only_with_the_report_of_its_last_part(corridor: Corridor) -> None:
    corridor.smsc.misbehave(Faults(black_hole=True))
    await corridor.resident(ONE)
    alert = await corridor.warned()
    await corridor.send(alert)
    parts = (await corridor.deliveries(alert))[ONE]["external_id"].split(",")
    for part in parts[1:]:
        for _ in range(2):  # a gateway may repeat itself
            await report(corridor, part)
        assert (await corridor.states(alert))[ONE][0] == "accepted"
    await report(corridor, parts[0])
    assert (await corridor.states(alert))[ONE] == ("delivered", "")


async def test_a_report_of_an_unknown_message_changes_nothing(corridor: Corridor) -> None:
    corridor.smsc.misbehave(Faults(black_hole=True))
    await corridor.resident(ONE)
    alert = await corridor.warned()
    await corridor.send(alert)
    before = await corridor.deliveries(alert)
    await report(corridor, "ffffffff")
    for key in (f"{alert}.999999", f"{alert}.c999999.0", f"{alert}.c{before[ONE]['crowd_id']}.7"):
        await corridor.parts.dispatch.on_receipt(Receipt(key=key, outcome=Outcome.DELIVERED, at=AT, evidence="deliver_sm stat:DELIVRD"))
    await corridor.parts.dispatch.flush()
    assert await corridor.deliveries(alert) == before


async def test_a_report_that_says_unknown_takes_nothing_back(corridor: Corridor) -> None:
    corridor.smsc.misbehave(Faults(black_hole=True))
    await corridor.resident(ONE)
    alert = await corridor.warned()
    await corridor.send(alert)
    end = (await corridor.deliveries(alert))[ONE]
    key = f"{alert}.c{end['crowd_id']}.{end['number']}"
    await corridor.parts.dispatch.on_receipt(Receipt(key=key, outcome=Outcome.UNKNOWN, at=AT, evidence="deliver_sm stat:UNKNOWN"))
    await corridor.parts.dispatch.flush()
    assert (await corridor.states(alert))[ONE] == ("accepted", "")


async def test_no_answer_is_unknown_and_after_a_grace_it_is_sent_once_more_and_marked(hasty: Corridor) -> None:
    hasty.smsc.misbehave(Faults(mute=True))
    await hasty.resident(ONE)
    alert = await hasty.warned()
    await hasty.send(alert)
    assert await hasty.states(alert) == {ONE: ("unknown", "timeout")}
    hasty.smsc.misbehave(Faults())
    async with hasty.working():
        await hasty.drained()
    end = (await hasty.deliveries(alert))[ONE]
    assert end["state"] in ("accepted", "delivered")
    assert (end["maybe_twice"], end["attempts"]) == (True, 2)
    assert len(hasty.heard(ONE)) == 1


async def report(corridor: Corridor, external_id: str) -> None:
    """A report of one part, as after a restart: by the gateway's id alone."""
    await corridor.parts.dispatch.on_receipt(Receipt(
        key="", outcome=Outcome.DELIVERED, at=AT, external_id=external_id, evidence="deliver_sm stat:DELIVRD of one part", channel="sms"))
    await corridor.parts.dispatch.flush()
