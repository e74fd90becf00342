"""A gateway that accepts everything and delivers nothing: found by its reports, told to the operators, ranked behind the others."""

from contextlib import AsyncExitStack
from pathlib import Path

from channels.message import Outcome, Receipt
from channels.wire.sms_channel import SmsChannel
from channels.wire.smsc import Faults
from tests.corridor.conftest import AT, Corridor, until
from tests.corridor.test_routes import NUMBERS, routes_of, two_gateways
from warning.dispatch.meter import Metered, of_route
from warning.dispatch.routes import Route
from warning.dispatch.trouble import TroubleKeeper
from warning.store.trouble import TroubleStore


async def notices(corridor: Corridor) -> list[tuple[str, bool]]:
    rows = await corridor.rows("SELECT text, next_step, cleared_at FROM notice WHERE key LIKE 'gateway%' ORDER BY key")
    return [(f"{row['text']} → {row['next_step']}", row["cleared_at"] is None) for row in rows]


def reports_are_due(route: Route) -> None:
    """As if its messages had been sent five minutes ago."""
    assert isinstance(route.sender, Metered)
    assert isinstance(route.sender.inner, SmsChannel)
    for cohort in route.sender.inner._tally._cohorts:
        cohort.at_s -= 300


async def test_a_black_hole_raises_a_notice_goes_behind_the_others_and_is_taken_back_when_it_delivers(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor, _ = await two_gateways(database_url, tmp_path, stack)
        corridor.smsc.misbehave(Faults(black_hole=True))
        for number in [*NUMBERS, *(number.replace("139", "137") for number in NUMBERS)]:
            await corridor.resident(number)
        await corridor.send(await corridor.warned())
        mobile, other = routes_of(corridor).routes
        keeper = TroubleKeeper(TroubleStore(corridor.parts.database), {of_route("sms", route.name): route.sender for route in (mobile, other)},
                               clock=corridor.parts.clock)
        await keeper.look()
        assert await notices(corridor) == [], "its reports are not due yet"
        assert mobile.rank() == other.rank()
        reports_are_due(mobile)
        await keeper.look()
        [(said, stands)] = await notices(corridor)
        assert said.startswith("sms/mobile: the gateway accepted 20 messages and reported on 0 of them")
        assert "use another route or channel meanwhile" in said
        assert stands
        assert mobile.rank() > other.rank(), "it carries only what no other can"
        assert isinstance(mobile.sender, Metered)
        assert isinstance(mobile.sender.inner, SmsChannel)
        for cohort in mobile.sender.inner._tally._cohorts:
            cohort.delivered = cohort.accepted
        await keeper.look()
        assert [stands for _, stands in await notices(corridor)] == [False]


async def strays(corridor: Corridor, count: int) -> None:
    """As when the minute is over in which they might still fit."""
    async def so_many() -> bool:
        await corridor.parts.dispatch.flush(last=True)
        return corridor.parts.dispatch.strays >= count

    await until(so_many)


async def test_many_receipts_of_unknown_messages_are_a_notice_with_a_next_step_and_it_goes_when_they_stop(corridor: Corridor) -> None:
    seconds = [0.0]
    keeper = TroubleKeeper(TroubleStore(corridor.parts.database), {}, clock=corridor.parts.clock, strays=lambda: corridor.parts.dispatch.strays,
                           time_s=lambda: seconds[0])
    await keeper.look()
    for number in range(100):
        await corridor.parts.dispatch.on_receipt(Receipt(key="", external_id=f"{number:x}", outcome=Outcome.DELIVERED, at=AT, evidence="stat:DELIVRD"))
    await strays(corridor, 100)
    await keeper.look()
    assert await notices(corridor) == [], "a hundred are not many"
    await corridor.parts.dispatch.on_receipt(Receipt(key="", external_id="one more", outcome=Outcome.DELIVERED, at=AT))
    await strays(corridor, 101)
    seconds[0] = 60.0
    await keeper.look()
    [(said, stands)] = await notices(corridor)
    assert said.startswith("late receipts: more than 100 in an hour")
    assert "compare with the gateway's operator who uses the account" in said
    assert stands
    seconds[0] = 3661.0
    await keeper.look()
    assert [stands for _, stands in await notices(corridor)] == [False]
