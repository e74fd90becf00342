"""A worker is killed at every step of an alert's life: nothing is lost, and no more than one hand goes out twice."""

import pytest

from channels.wire.smsc import Faults
from tests.chaos.brake import Brake, Step
from tests.chaos.process import killed, started, worker
from tests.chaos.reckoning import reckoned
from tests.chaos.successor import rest
from tests.corridor.conftest import Corridor, until

PEOPLE = [f"8613900000{n:03d}" for n in range(100)]
"""The first hundred of an alert are one job; with more there would be two, and a hand of each."""
HAND = 50
"""A batch is handed over in pieces of 50, 100, 200 … people while the channel is quick: here 50 and the 50 that are left."""

NOTHING_LEFT = (
    Step(name="the audience's job is taken", act="UPDATE", table="procrastinate_jobs",
         when="NEW.status = 'doing' AND NEW.task_name = 'xiaoxishu.expand'"),
    Step(name="offices are being worked out", act="INSERT", table="batch"),
    Step(name="residents are being worked out", act="INSERT", table="crowd"),
    Step(name="everybody is worked out", act="UPDATE", table="alert", when="NEW.expanded_at IS NOT NULL"),
    Step(name="residents' messages are claimed", act="UPDATE", table="crowd", when="OLD.tally[2] = 0 AND NEW.tally[2] > 0"),
)
FIRST_HAND_LEFT = (
    Step(name="what the channel said is written down", act="UPDATE", table="crowd", when="NEW.tally[3] > OLD.tally[3]"),
    Step(name="the gateway's numbers are kept", act="INSERT", table="crowd_ids"),
    Step(name="the first acceptance is noted", act="INSERT", table="stage_event", when="NEW.stage = 'first_accepted' AND NEW.channel = 'sms'"),
)
ANY_TIME = (
    Step(name="an office's message is claimed", act="UPDATE", table="delivery", when="NEW.state = 'claimed'"),
    Step(name="an office's answer is written down", act="UPDATE", table="delivery", when="OLD.state = 'claimed' AND NEW.state = 'accepted'"),
    Step(name="a later hand is written down", act="UPDATE", table="crowd", when="OLD.tally[3] + OLD.tally[4] >= 50 AND NEW.tally[3] + NEW.tally[4] > OLD.tally[3] + OLD.tally[4]"),
    Step(name="the batch is put down", act="UPDATE", table="crowd", when="OLD.lease_until IS NOT NULL AND NEW.lease_until IS NULL"),
    Step(name="the batch's job is done", act="DELETE", table="procrastinate_jobs", when="OLD.task_name = 'xiaoxishu.crowd'"),
    Step(name="handsets report", act="UPDATE", table="crowd", when="NEW.tally[4] > OLD.tally[4]"),
)
"""Other jobs of the same worker run on until it is killed."""


async def audience(city: Corridor) -> None:
    await city.execute(
        "INSERT INTO subscription (kind, lane, channel, address, language, min_level, cell, district) "
        "SELECT 'resident', 'exercise', 'sms', u, 'zh-CN', 1, 'c3115_12165', '310115' FROM unnest(CAST(:numbers AS text[])) u",
        numbers=PEOPLE)
    await city.office("district office", "/office")
    await city.spool()


async def killed_at(city: Corridor, brake: Brake, step: Step) -> str:
    """An alert whose worker dies at the step, and which another worker then brings to its end."""
    await audience(city)
    await brake.on(step)
    with started(worker, city.settings_file) as first:
        alert = await city.warned()
        await brake.reached()
        await killed(first)
    await brake.off(step)
    await rest(city)
    return alert


@pytest.mark.parametrize("step", NOTHING_LEFT, ids=str)
async def test_killed_before_anything_has_left_nobody_hears_it_twice(city: Corridor, brake: Brake, step: Step) -> None:
    found = await reckoned(city, await killed_at(city, brake, step), PEOPLE)
    assert (found.twice, found.marked, found.silent) == (frozenset(), frozenset(), frozenset())


@pytest.mark.parametrize("step", FIRST_HAND_LEFT, ids=str)
async def test_killed_before_the_answers_are_written_down_one_hand_goes_out_twice_and_is_marked(
    city: Corridor, brake: Brake, step: Step
) -> None:
    city.smsc.misbehave(Faults(black_hole=True))  # a handset's report that overtakes the answer would settle its message
    found = await reckoned(city, await killed_at(city, brake, step), PEOPLE)
    assert found.silent == frozenset()
    assert len(found.twice) == len(found.marked) == HAND


@pytest.mark.parametrize("step", ANY_TIME, ids=str)
async def test_killed_at_any_other_time_no_more_than_what_was_in_hand_goes_out_twice(city: Corridor, brake: Brake, step: Step) -> None:
    found = await reckoned(city, await killed_at(city, brake, step), PEOPLE)
    assert found.silent == frozenset()
    assert len(found.marked) <= HAND
    office = city.sink.url("/office")
    assert city.sink.received["/office"] == 1, "an office knows a repeated message by its key"
    assert city.sink.repeated["/office"] <= 1, office


async def test_killed_while_the_gateway_has_not_answered_only_what_was_on_the_wire_goes_out_twice(city: Corridor) -> None:
    await audience(city)
    city.smsc.misbehave(Faults(slow_s=30.0))
    with started(worker, city.settings_file) as first:
        alert = await city.warned()

        async def on_the_wire() -> bool:
            return city.smsc.received > 0

        await until(on_the_wire, within_s=120)
        await killed(first)
    city.smsc.misbehave(Faults())
    await rest(city)
    found = await reckoned(city, alert, PEOPLE)
    assert found.silent == frozenset()
    assert len(found.twice) <= len(found.marked) == HAND
