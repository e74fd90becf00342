"""Gateways that stall, break, throttle and die, and reports that are doubled, shuffled and foreign: the ledger ends as the handsets did."""

import pytest
import yaml

from channels.message import Outcome, Receipt
from channels.wire.smsc import Faults
from tests.chaos.reckoning import reckoned
from tests.chaos.successor import drained, successor
from tests.corridor.conftest import AT, Corridor, until

PEOPLE = [f"8613900000{n:03d}" for n in range(120)]


async def audience(city: Corridor) -> None:
    for number in PEOPLE:
        await city.resident(number)


@pytest.mark.parametrize(("fault", "sent_twice"), [
    pytest.param(Faults(mute=True), True, id="stalls"),
    pytest.param(Faults(dead=True), True, id="breaks"),
    pytest.param(Faults(throttle_every=1), False, id="says slow down"),
])
async def test_a_gateway_that_fails_in_the_middle_and_mends_has_told_everybody(city: Corridor, fault: Faults, *, sent_twice: bool) -> None:
    await audience(city)
    await patient(city, answer_within_s=1.0 if fault.mute else 30.0)
    async with successor(city) as parts:
        city.smsc.misbehave(Faults(slow_s=0.1))
        alert = await city.warned()

        async def in_the_middle() -> bool:
            return city.smsc.received >= 60

        await until(in_the_middle, within_s=120)
        city.smsc.misbehave(fault)

        async def felt() -> bool:
            return bool(await city.rows("SELECT 1 FROM recipient WHERE reason IN ('timeout', 'unreachable', 'rate_limited')"))

        await until(felt, within_s=120)
        city.smsc.misbehave(Faults())
        await drained(parts)
    found = await reckoned(city, alert, PEOPLE)
    assert found.silent == frozenset()
    assert found.twice <= found.marked
    assert sent_twice or not found.marked, "what was refused has surely not left"


async def test_a_gateway_that_never_comes_back_leaves_everybody_failed_with_a_reason_and_nobody_forgotten(city: Corridor) -> None:
    await audience(city)
    city.smsc.misbehave(Faults(dead=True))
    async with successor(city) as parts:
        alert = await city.warned()
        await drained(parts)
    found = await reckoned(city, alert, PEOPLE)
    assert found.silent == frozenset(PEOPLE)
    assert {(end["state"], end["reason"]) for end in (await city.deliveries(alert)).values()} == {("failed", "unreachable")}


async def test_reports_that_come_early_doubled_shuffled_and_for_others_settle_each_message_once(city: Corridor) -> None:
    await audience(city)
    city.smsc.misbehave(Faults(repeat_reports=2, reorder_reports=True, foreign_reports=True, undelivered_prefixes=(PEOPLE[7],)))
    async with successor(city) as parts:
        alert = await city.warned()
        await drained(parts)

        async def reported() -> bool:
            await parts.dispatch.flush()
            return not await city.rows("SELECT 1 FROM recipient WHERE state = 'accepted'")

        await until(reported, within_s=120)
    before = await city.deliveries(alert)
    # Long after, the gateway contradicts itself: what a handset has said stays.
    for end in before.values():
        await city.parts.dispatch.on_receipt(Receipt(
            key=f"{alert}.c{end['crowd_id']}.{end['number']}", outcome=Outcome.REJECTED, at=AT, evidence="stat:EXPIRED"))
    await city.parts.dispatch.flush()
    assert await city.deliveries(alert) == before
    states = {address: end["state"] for address, end in before.items()}
    assert states == dict.fromkeys(PEOPLE, "delivered") | {PEOPLE[7]: "failed"}
    found = await reckoned(city, alert, PEOPLE)
    assert (found.twice, found.marked) == (frozenset(), frozenset())


async def patient(city: Corridor, *, answer_within_s: float) -> None:
    """As many tries as it takes: here it is not the tries that are tested."""
    settings = yaml.safe_load(city.settings_file.read_text(encoding="utf-8"))
    settings["retry"]["max_attempts"] = 60
    settings["channels"][0]["options"]["timeout_s"] = answer_within_s
    city.settings_file.write_text(yaml.safe_dump(settings), encoding="utf-8")
