"""What follows a warning in force: each act is a proposal ready for two signatures, and says nothing that cannot be."""

import pytest

from tests.web.conftest import World
from warning.account import Account
from warning.errors import Conflict, Invalid, NotAllowed
from warning.level import Level
from warning.store import board
from warning.web.followup import Follow, lower, offered, propose

FU = Account(name="fu", role="forecaster")


async def proposed(world: World, identifier: str, how: Follow, reason: str = "") -> board.ProposalView:
    return await board.proposal(world.parts.database, await propose(world.parts, identifier, how, account=FU, reason=reason))


async def test_an_update_and_an_extension_keep_everything_but_what_they_are_for(world: World) -> None:
    identifier = await world.warned(zones=["310115", "310120"], level="orange")
    before = await board.alert(world.parts.database, identifier)
    update, longer = [await proposed(world, identifier, how) for how in (Follow.UPDATE, Follow.EXTEND)]
    for one in (update, longer):
        assert (one.action, one.status, one.level, one.zones, one.event_id) == ("update", "open", Level.ORANGE, ("310115", "310120"), before.event_id)
    assert update.expires == before.expires
    assert (longer.expires - before.expires).total_seconds() == 3 * 3600


async def test_a_downgrade_goes_to_the_next_colour_and_is_signed_by_two_like_any_other(world: World) -> None:
    identifier = await world.warned(level="red")
    found = await proposed(world, identifier, Follow.DOWNGRADE)
    assert (found.level, found.action) == (Level.ORANGE, "update")
    assert "橙色" in found.texts["zh-CN"]["headline"]
    sent = await world.post(f"/api/proposals/{found.id}/submit", "fu", {"revision": 1})
    assert sent.status_code == 200, sent.text
    assert (await world.post(f"/api/proposals/{found.id}/approve", "fu", {"revision": 2})).status_code == 403
    signed = await world.post(f"/api/proposals/{found.id}/approve", "lin", {"revision": 2})
    newest = await board.alert(world.parts.database, signed.json()["identifier"])
    assert (newest.msg_type, newest.level, newest.version) == ("Update", Level.ORANGE, 2)
    # Whoever still looks at the first version is told to follow the newest.
    with pytest.raises(Conflict, match=newest.identifier):
        await propose(world.parts, identifier, Follow.EXTEND, account=FU)


async def test_an_end_that_passes_over_a_colour_says_why_before_anybody_signs(world: World) -> None:
    identifier = await world.warned(level="red")
    with pytest.raises(Invalid, match="reason"):
        await propose(world.parts, identifier, Follow.LIFT, account=FU)
    found = await proposed(world, identifier, Follow.LIFT, "the front has passed")
    assert (found.action, found.body["note"]) == ("cancel", "the front has passed")


async def test_who_may_not_submit_cannot_follow_up(world: World) -> None:
    identifier = await world.warned()
    with pytest.raises(NotAllowed):
        await propose(world.parts, identifier, Follow.UPDATE, account=Account(name="wang", role="viewer"))


def test_below_the_lowest_colour_of_the_hazard_there_is_only_the_end() -> None:
    assert lower(Level.RED, [Level.YELLOW, Level.RED]) is Level.YELLOW
    assert lower(Level.YELLOW, [Level.YELLOW, Level.RED]) is None
    assert lower(Level.ORANGE, []) is Level.YELLOW, "a hazard without rules has all four"


async def test_the_lowest_colour_is_offered_no_downgrade(world: World) -> None:
    alert = await board.alert(world.parts.database, await world.warned(level="blue"))
    every = [Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED]
    assert offered(alert, every) == [Follow.UPDATE, Follow.EXTEND, Follow.LIFT, Follow.RETRACT]
    with pytest.raises(Invalid, match="lift it instead"):
        await propose(world.parts, alert.identifier, Follow.DOWNGRADE, account=FU)
