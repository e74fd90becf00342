"""One person, one message: several places, a place at a border, the strongest wins, and what it kept back is told when it has run out."""

from datetime import timedelta

from tests.corridor.conftest import PLACES, Corridor
from warning.dispatch.subscribe import ResidentSubscription
from warning.level import Level

ONE = "8613900000001"


async def home_and_work(corridor: Corridor) -> None:
    for zone in ("310115", "310120"):
        await corridor.resident(ONE, zone)


async def test_two_districts_with_the_same_hazard_and_colour_are_one_message_to_who_lives_in_both(corridor: Corridor) -> None:
    await home_and_work(corridor)
    first = await corridor.warned(zones=("310115",), level=Level.ORANGE, issuer="310115")
    await corridor.send(first)
    second = await corridor.warned(zones=("310120",), level=Level.ORANGE, issuer="310120")
    await corridor.send(second)
    assert len(corridor.heard(ONE)) == 1
    assert (await corridor.states(second))[ONE] == ("muted", "stronger_in_force")


async def test_one_warning_of_two_districts_is_one_message_to_who_lives_in_both(corridor: Corridor) -> None:
    await home_and_work(corridor)
    await corridor.send(await corridor.warned(zones=("310115", "310120"), level=Level.ORANGE))
    assert len(corridor.heard(ONE)) == 1


async def test_the_stronger_of_two_touching_districts_is_told_beside_the_weaker(corridor: Corridor) -> None:
    await home_and_work(corridor)
    await corridor.send(await corridor.warned(zones=("310115",), level=Level.YELLOW, issuer="310115"))
    await corridor.send(await corridor.warned(zones=("310120",), level=Level.RED, issuer="310120"))
    assert ["黄色" in corridor.heard(ONE)[0], "红色" in corridor.heard(ONE)[1]] == [True, True]


async def test_a_place_at_a_border_belongs_to_one_district_and_hears_one_message(corridor: Corridor) -> None:
    """The nearest points of Pudong and Fengxian: their cell's middle lies in one of them, whichever it is."""
    pudong, fengxian = corridor.parts.zones["310115"].geometry, corridor.parts.zones["310120"].geometry
    border = pudong.boundary.intersection(fengxian.buffer(0.001)).representative_point()
    await corridor.parts.subscriptions.resident(ResidentSubscription(channel="sms", address=ONE, lat=border.y, lon=border.x, min_level="blue"))
    await corridor.send(await corridor.warned(zones=("310115", "310120"), level=Level.ORANGE))
    assert len(corridor.heard(ONE)) == 1
    [row] = await corridor.rows("SELECT district FROM subscription")
    assert row["district"] in ("310115", "310120")


async def test_a_stronger_warning_that_runs_out_lets_the_weaker_one_through_too(corridor: Corridor) -> None:
    await home_and_work(corridor)
    await corridor.send(await corridor.warned(zones=("310115",), level=Level.RED, issuer="310115", hours=1))
    await corridor.send(await corridor.warned(zones=("310120",), level=Level.YELLOW, issuer="310120", hours=12))
    assert await corridor.parts.revival.revive(now=corridor.now) == 0, "the stronger one stands"
    await corridor.move(timedelta(hours=1))
    assert await corridor.parts.revival.revive(now=corridor.now) == 1
    async with corridor.working():
        await corridor.drained()
    assert ["红色" in corridor.heard(ONE)[0], "奉贤区" in corridor.heard(ONE)[1]] == [True, True]
    assert await corridor.parts.revival.revive(now=corridor.now) == 0
    [marks] = await corridor.rows("SELECT count(*) AS n FROM stage_event WHERE channel = 'sms' AND at = :now", now=corridor.now)
    assert marks["n"] == 0, "what was kept back on purpose makes no channel late"


async def test_what_was_kept_back_does_not_wake_a_sleeper(corridor: Corridor) -> None:
    for zone in ("310115", "310120"):
        lat, lon = PLACES[zone]
        await corridor.parts.subscriptions.resident(ResidentSubscription(
            channel="sms", address=ONE, lat=lat, lon=lon, min_level="blue", quiet="22:00-07:00"))
    await corridor.send(await corridor.warned(zones=("310115",), level=Level.RED, issuer="310115", hours=1))  # 00:00 in Beijing: red wakes
    await corridor.send(await corridor.warned(zones=("310120",), level=Level.YELLOW, issuer="310120", hours=12))
    await corridor.move(timedelta(hours=2))
    assert await corridor.parts.revival.revive(now=corridor.now) == 0
    await corridor.move(timedelta(hours=5))
    assert await corridor.parts.revival.revive(now=corridor.now) == 1


async def test_a_stronger_warning_lifted_at_night_does_not_wake_a_sleeper_for_the_weaker_one(corridor: Corridor) -> None:
    for zone in ("310115", "310120"):
        lat, lon = PLACES[zone]
        await corridor.parts.subscriptions.resident(ResidentSubscription(
            channel="sms", address=ONE, lat=lat, lon=lon, min_level="blue", quiet="22:00-07:00"))
    red = await corridor.warned(zones=("310115",), level=Level.RED, issuer="310115", hours=1)  # 00:00 in Beijing: red wakes
    await corridor.send(red)
    await corridor.send(await corridor.warned(zones=("310120",), level=Level.YELLOW, issuer="310120", hours=12))
    before = len(corridor.heard(ONE))
    await corridor.send(await corridor.warned(zones=("310115",), issuer="310115", action="cancel", replaces=red))
    async with corridor.working():
        await corridor.drained()
    assert [text for text in corridor.heard(ONE)[before:] if "黄色" in text] == []
    await corridor.move(timedelta(hours=7))
    assert await corridor.parts.revival.revive(now=corridor.now) == 1
    await corridor.parts.mass.wake()
    async with corridor.working():
        await corridor.drained()
    assert "黄色" in corridor.heard(ONE)[-1]


MANY = (
    "INSERT INTO subscription (kind, lane, channel, address, name, language, min_level, cell, district) "
    "SELECT 'resident', 'exercise', 'sms', '86139' || lpad((n % {people})::text, 8, '0'), '', 'zh-CN', 1, 'c' || n, '310115' FROM generate_series({first}, {last}) n")


async def known(corridor: Corridor) -> float:
    [row] = await corridor.rows("SELECT reltuples FROM pg_class WHERE oid = 'subscription'::regclass")
    return float(row["reltuples"])


async def test_residents_who_come_by_the_thousand_are_known_to_the_planner_before_their_places_are_joined(corridor: Corridor) -> None:
    """A table analysed while it held offices alone: the join was planned for no resident at all, and for 300,000 it found no end in minutes."""
    await corridor.execute("INSERT INTO subscription (kind, lane, channel, address, name, language, min_level) "
                           "SELECT 'office', 'exercise', 'webhook', 'http://127.0.0.1/' || n, 'o' || n, 'zh-CN', 1 FROM generate_series(1, 100) n")
    await corridor.execute("ANALYZE subscription")
    assert await known(corridor) == 100
    await corridor.execute(MANY.format(people=1500, first=1, last=2000))
    assert await known(corridor) == 2100
    [row] = await corridor.rows("SELECT count(*) AS n, count(DISTINCT person) AS people FROM subscription WHERE person IS NOT NULL")
    assert (row["n"], row["people"]) == (1000, 500)  # the places of those who have two
    await corridor.execute(MANY.format(people=10**7, first=5001, last=6000))
    assert await known(corridor) == 2100  # a thousand more are no reason to look at everybody
