"""Quiet hours on the real ledger and the virtual clock: delayed until the morning if it still counts, red at once, nobody told twice."""

from datetime import timedelta

from tests.corridor.conftest import AT, PLACES, Corridor
from warning.dispatch.subscribe import ResidentSubscription
from warning.level import Level

SLEEPER, AWAKE = "8613900000001", "8613900000002"


async def night(corridor: Corridor) -> None:
    """It is 00:00 in Beijing. One sleeps until 07:00, one has no quiet hours."""
    lat, lon = PLACES["310115"]
    await corridor.parts.subscriptions.resident(ResidentSubscription(
        channel="sms", address=SLEEPER, lat=lat, lon=lon, min_level="blue", quiet="22:00-07:00"))
    await corridor.resident(AWAKE)


async def morning(corridor: Corridor, hours: float) -> int:
    await corridor.move(timedelta(hours=hours))
    woken = await corridor.parts.mass.wake()
    async with corridor.working():
        await corridor.drained()
    return woken


async def test_who_sleeps_is_told_in_the_morning_what_is_still_in_force(corridor: Corridor) -> None:
    await night(corridor)
    alert = await corridor.warned(level=Level.ORANGE, hours=12)
    await corridor.send(alert)
    assert (len(corridor.heard(AWAKE)), corridor.heard(SLEEPER)) == (1, [])
    assert (await corridor.states(alert))[SLEEPER] == ("queued", "")
    assert await corridor.parts.ledger.unfinished() == 0, "nothing is owed before the morning"
    assert await morning(corridor, 6.9) == 0
    assert corridor.heard(SLEEPER) == []
    assert await morning(corridor, 0.1) == 1
    assert len(corridor.heard(SLEEPER)) == 1
    assert "橙色" in corridor.heard(SLEEPER)[0]
    [marks] = await corridor.rows("SELECT count(*) AS n, max(at) AS last FROM stage_event WHERE stage IN ('first_accepted', 'last_accepted') AND channel = 'sms'")
    assert (marks["n"], marks["last"]) == (2, AT), "who sleeps until the morning makes no channel late"
    assert await corridor.parts.mass.wake() == 0


async def test_a_sweep_does_not_wake_anybody_before_time(corridor: Corridor) -> None:
    await night(corridor)
    alert = await corridor.warned(level=Level.ORANGE, hours=12)
    await corridor.send(alert)
    await corridor.parts.ledger.sweep()
    async with corridor.working():
        await corridor.drained()
    assert corridor.heard(SLEEPER) == []


async def test_what_is_over_by_the_morning_is_not_told(corridor: Corridor) -> None:
    await night(corridor)
    alert = await corridor.warned(level=Level.ORANGE, hours=3)
    await corridor.send(alert)
    await morning(corridor, 7)
    assert corridor.heard(SLEEPER) == []
    assert (await corridor.states(alert))[SLEEPER] == ("expired", "expired")


async def test_red_wakes_and_what_was_orange_in_the_night_is_not_told_beside_it(corridor: Corridor) -> None:
    await night(corridor)
    orange = await corridor.warned(level=Level.ORANGE, hours=12)
    await corridor.send(orange)
    red = await corridor.warned(level=Level.RED, hours=12, action="update", replaces=orange)
    await corridor.send(red)
    assert len(corridor.heard(SLEEPER)) == 1
    assert "红色" in corridor.heard(SLEEPER)[0]
    await morning(corridor, 7)
    assert len(corridor.heard(SLEEPER)) == 1
    assert (await corridor.states(orange))[SLEEPER] == ("superseded", "newer_version")


async def test_what_begins_and_ends_in_the_night_leaves_a_sleeper_alone(corridor: Corridor) -> None:
    await night(corridor)
    alert = await corridor.warned(level=Level.ORANGE, hours=12)
    await corridor.send(alert)
    await corridor.send(await corridor.warned(level=Level.ORANGE, hours=12, action="cancel", replaces=alert))
    await morning(corridor, 7)
    assert corridor.heard(SLEEPER) == []
    assert len(corridor.heard(AWAKE)) == 2
