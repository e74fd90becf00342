"""Reach on the real ledgers: planned before the signature, stored with it, compared with what happened."""

import json
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from tests.corridor.conftest import APPROVER, FORECASTER, PLACES, Corridor
from warning.cli.reach import after, before
from warning.dispatch.plan import ReachPlan
from warning.issue.hand import HandMade
from warning.level import Level
from warning.store.reach import draft_of

ONE, TWO, THREE = "8619900000001", "8619900000002", "8619900000003"


async def composed(corridor: Corridor, *, level: Level = Level.RED, polygon: Mapping[str, object] | None = None) -> UUID:
    return await corridor.parts.issue.compose(HandMade(
        issuer="310000", hazard="rainstorm", event_code="11B03", level=level, zones=("310115",), onset=corridor.now,
        expires=corridor.now + timedelta(hours=3), polygon=polygon), account=FORECASTER)


async def planned(corridor: Corridor, proposal: UUID) -> ReachPlan:
    return await corridor.parts.reach.plan(draft_of(await corridor.parts.issue.preview(proposal)), now=corridor.now)


def square(zone: str, by: float) -> dict[str, object]:
    lat, lon = PLACES[zone]
    return {"type": "Polygon", "coordinates": [[[lon + x * by, lat + y * by] for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))]]}


def people(plan: ReachPlan) -> dict[str, int]:
    return {one.channel: one.people for one in plan.channels}


async def test_the_plan_counts_whom_the_dispatch_desk_will_tell(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    await corridor.resident(TWO, min_level="red")
    await corridor.resident(THREE, "310120")  # another district
    await corridor.resident("8619900000004", lane="actual")
    await corridor.office("post", "/hook")
    await corridor.spool()
    plan = await planned(corridor, await composed(corridor))
    assert people(plan) == {"sms": 2, "webhook": 1, "spool": 1}
    assert people(await planned(corridor, await composed(corridor, level=Level.YELLOW)))["sms"] == 1
    sms = next(one for one in plan.channels if one.channel == "sms")
    assert (sms.rate_from, sms.to_many, sms.parts > 1) == ("assumed", False, True)
    identifier = await corridor.sign(await composed(corridor))
    await corridor.expand(identifier)
    made = {row["channel"]: row["n"] for row in await corridor.rows(
        "SELECT channel, count(*) AS n FROM recipient WHERE identifier = :i GROUP BY 1", i=identifier)}
    assert made == people(plan)


async def test_a_drawn_area_is_counted_by_the_cells_inside_it(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    assert people(await planned(corridor, await composed(corridor, polygon=square("310115", 0.02)))) == {"sms": 1}
    elsewhere = square("310115", 0.004)  # smaller than a cell: its middle, 0.005 away, is not inside
    assert people(await planned(corridor, await composed(corridor, polygon=elsewhere))) == {}


async def test_what_is_measured_replaces_what_is_assumed(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    meter = corridor.parts.meter
    for parts in (300, 100):
        meter.end("sms", meter.begin("sms"), messages=parts // 2, parts=parts, accepted=parts // 2)
    meter.delivered("sms", 100)
    await corridor.parts.rates.write()
    await corridor.execute("UPDATE channel_rate SET busy_s = 2.0 WHERE channel = 'sms'")
    rate = (await corridor.parts.rates.rates())["sms"]
    assert (rate.per_second, rate.receipt_share, rate.recent, rate.measured_parts) == (200.0, 0.5, True, 400)
    plan = await planned(corridor, await composed(corridor))
    assert [(one.per_second, one.rate_from) for one in plan.channels] == [(200.0, "measured-hour")]
    await corridor.execute("UPDATE channel_rate SET minute = minute - interval '2 hours'")
    assert (await planned(corridor, await composed(corridor))).channels[0].rate_from == "measured-month"
    await corridor.execute("UPDATE channel_rate SET minute = minute - interval '31 days'")
    assert (await planned(corridor, await composed(corridor))).assumptions != ()


async def test_two_workers_of_one_minute_are_one_rate_and_a_lone_message_is_none(corridor: Corridor) -> None:
    for worker, minute, parts, busy in (("a", 0, 1000, 10.0), ("b", 0, 3000, 10.0), ("a", 5, 1, 2.0)):
        await corridor.execute(
            "INSERT INTO channel_rate VALUES ('sms', :w, date_trunc('minute', now()) - make_interval(mins => :m), :p, :p, :p, 0, :b, 0, 0)",
            w=worker, m=minute, p=parts, b=busy)
    await corridor.execute("INSERT INTO channel_rate VALUES ('email', 'a', now(), 1, 1, 1, 0, 2.0, 2.0, 1)")
    rates = await corridor.parts.rates.rates()
    assert rates["sms"].per_second == 400.0  # 100/s and 300/s side by side; the single part of five minutes ago weighs nothing
    assert (rates["email"].per_second, rates["email"].accept_s) == (None, 2.0)


async def test_what_waits_at_this_level_or_above_stands_before_it(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    await corridor.expand(await corridor.warned(level=Level.ORANGE))
    red = next(one for one in (await planned(corridor, await composed(corridor))).channels if one.channel == "sms")
    yellow = next(one for one in (await planned(corridor, await composed(corridor, level=Level.YELLOW))).channels if one.channel == "sms")
    assert red.waiting == 0
    assert yellow.waiting == yellow.parts


async def test_the_plan_is_stored_with_the_signature_and_compared_with_what_happened(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    proposal = await composed(corridor)
    plan = await planned(corridor, proposal)
    identifier = await corridor.sign(proposal)
    fresh = await corridor.parts.reach.compared(identifier)
    assert fresh.planned is not None
    assert fresh.planned["people"] == 1
    assert fresh.happened == ()
    await corridor.expand(identifier)
    await corridor.send(identifier)
    compared = await corridor.parts.reach.compared(identifier)
    [sms] = compared.happened
    assert (sms.channel, sms.people, sms.reached, sms.owed) == ("sms", 1, (1, 1, 1, 1), 0)
    assert "1 → 1" in after(compared)
    assert "1 people in person, 0 of them not within 600 s" in before(plan, [])
    assert json.loads(json.dumps(compared.planned))["moments_s"] == [60, 120, 300, 600]


async def test_an_end_is_planned_for_those_who_had_the_start(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    identifier = await corridor.warned()
    await corridor.expand(identifier)
    await corridor.send(identifier)
    await corridor.resident(TWO)  # came later, and never had it
    end = await corridor.parts.issue.compose(HandMade(
        issuer="310000", hazard="rainstorm", event_code="11B03", level=Level.RED, zones=("310115",), onset=corridor.now,
        expires=corridor.now + timedelta(hours=3), action="cancel", replaces=identifier, note="over"), account=FORECASTER)
    assert people(await planned(corridor, end)) == {"sms": 1}


async def test_a_signature_does_not_wait_for_a_plan_that_cannot_be_made(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    proposal = await composed(corridor)
    await corridor.parts.issue.submit(proposal, account=FORECASTER, revision=1, changes={})
    await corridor.execute("ALTER TABLE channel_rate RENAME TO gone")
    identifier = await corridor.parts.issue.approve(proposal, account=APPROVER, revision=2)
    await corridor.execute("ALTER TABLE gone RENAME TO channel_rate")
    compared = await corridor.parts.reach.compared(identifier)
    assert compared.planned is None
    assert "no plan was stored" in after(compared)


async def test_the_noise_of_a_place_is_told_by_issuer(corridor: Corridor) -> None:
    await corridor.warned(zones=("310115",))
    await corridor.warned(zones=("310115",), issuer="310115")
    await corridor.warned(zones=("310120",))
    await corridor.execute("UPDATE alert SET sent = sent - interval '13 hours' WHERE issuer = '310115'")
    noise = await corridor.parts.reach.noise(("310115",), lane="exercise", now=corridor.now)
    assert [(one.issuer, one.alerts) for one in noise] == [("310000", 1)]
    assert await corridor.parts.reach.noise(("310115",), lane="actual", now=corridor.now) == []
