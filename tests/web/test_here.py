"""Am I warned here? From memory, exact at a border, the whole cell when the phone has rounded its place."""

import json

import shapely

from geo.zone import Zone, ZoneSet
from tests.web.conftest import World
from warning.web.here import Answers, Places

# Two districts that meet at 121.505, in the middle of the cell column 12150.
WEST = Zone(code="1", name_zh="西", name_en="west", level="district", geometry=shapely.box(121.40, 31.00, 121.505, 31.20))
EAST = Zone(code="2", name_zh="东", name_en="east", level="district", geometry=shapely.box(121.505, 31.00, 121.60, 31.20))
ZONES = ZoneSet(zones=(WEST, EAST), origin="a test")


def answers() -> Answers:
    """The east is warned."""
    return Answers("v", [(b'{"identifier":"A"}', EAST.geometry)], Places(ZONES))


def told(found: bytes) -> tuple[bool | None, str | None, list[str]]:
    read = json.loads(found)
    return read["warned"], read["place"] and read["place"]["code"], [alert["identifier"] for alert in read["alerts"]]


def test_in_a_cell_that_a_border_crosses_the_point_itself_decides() -> None:
    assert told(answers().at(31.105, 121.502)) == (False, "1", [])
    assert told(answers().at(31.105, 121.508)) == (True, "2", ["A"])
    assert told(answers().at(31.105, 121.505)) == (True, "1", ["A"]), "on the border itself it counts as warned"


def test_a_rounded_place_is_warned_when_any_part_of_its_cell_is() -> None:
    assert told(answers().at(31.105, 121.502, coarse=True))[0]
    assert told(answers().at(31.105, 121.495, coarse=True)) == (False, "1", [])


def test_everybody_in_a_cell_without_a_border_is_given_the_same_bytes() -> None:
    board = answers()
    assert board.at(31.101, 121.551) is board.at(31.109, 121.559)
    assert told(board.at(31.101, 121.551)) == (True, "2", ["A"])


def test_outside_every_zone_it_is_not_known_whether_there_is_a_warning() -> None:
    assert told(answers().at(0.0, 0.0)) == (None, None, [])
    assert told(answers().at(-90.0, 180.0)) == (None, None, [])


def test_whoever_stands_on_the_coast_is_told_of_the_land_though_the_middle_of_the_cell_is_sea() -> None:
    # The east ends at 121.60; an island reaches 0.002 degrees into the next cell, whose middle is water.
    island = Zone(code="3", name_zh="岛", name_en="island", level="district", geometry=shapely.box(121.70, 31.00, 121.702, 31.20))
    board = Answers("v", [], Places(ZoneSet(zones=(WEST, EAST, island), origin="a test")))
    assert told(board.at(31.105, 121.701, coarse=True)) == (False, "3", [])


async def test_a_new_version_of_the_board_is_answered_at_once(world: World) -> None:
    inside = "/api/warned?lat=31.22&lon=121.54"
    assert not (await world.get(inside)).json()["warned"]
    first = await world.warned(zones=["310115"])
    await world.app.state.public.snapshot(fresh=True)
    assert [alert["identifier"] for alert in (await world.get(inside)).json()["alerts"]] == [first]
    await world.warned(action="cancel", replaces=first)
    await world.app.state.public.snapshot(fresh=True)
    assert (await world.get(inside)).json() == {"warned": False, "place": {"code": "310115", "name": {"zh": "浦东新区", "en": "Pudong New Area"}}, "alerts": []}
