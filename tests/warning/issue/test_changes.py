"""Changes that a forecaster makes: a fall over a colour is told from a step."""

import pytest

from tests.warning.issue.test_issue_desk import LI, World, hand
from warning.errors import Invalid
from warning.issue.changes import skipped
from warning.level import Level


@pytest.mark.parametrize(("before", "after", "colours", "skips"), [
    (Level.ORANGE, Level.YELLOW, (Level.ORANGE, Level.YELLOW), False),
    (Level.RED, Level.YELLOW, (Level.RED, Level.YELLOW), False),  # the hazard has no orange
    (Level.YELLOW, None, (Level.ORANGE, Level.YELLOW), False),  # yellow is its lowest
    (Level.ORANGE, None, (Level.ORANGE, Level.YELLOW), True), (Level.RED, Level.YELLOW, (), True),
])
def test_a_skip_is_counted_in_the_colours_that_the_hazard_has(
    before: Level, after: Level | None, colours: tuple[Level, ...], skips: bool
) -> None:
    assert skipped(before, after, colours) is skips


@pytest.mark.parametrize(("was", "action", "level", "needed"), [
    (Level.RED, "cancel", Level.RED, True), (Level.YELLOW, "cancel", Level.YELLOW, True), (Level.BLUE, "cancel", Level.BLUE, False),
    (Level.RED, "update", Level.ORANGE, False), (Level.RED, "update", Level.YELLOW, True), (Level.YELLOW, "update", Level.RED, False),
    (Level.ORANGE, "update", Level.ORANGE, False),
])
async def test_a_level_is_skipped_downwards_only_with_a_reason(was: Level, action: str, level: Level, needed: bool) -> None:
    world = World()
    first = await world.out(hand(level=was))
    made = await world.desk.compose(hand(action=action, level=level, replaces=first.identifier), account=LI)
    if needed:
        with pytest.raises(Invalid, match=r"note: .* say why"):
            await world.desk.submit(made, account=LI, revision=1, changes={})
        await world.desk.submit(made, account=LI, revision=1, changes={"note": "the gauges of the district are dry"})
    else:
        await world.desk.submit(made, account=LI, revision=1, changes={})
