"""Zone codes: what lies in what, and which post an alert concerns."""

import pytest
from shapely import box

from geo.zone import Zone, ZoneSet
from warning.roster.area import AreaLevel, audience_codes, concerned, encloses, level_of, nearest

SQUARE = box(0, 0, 1, 1)


def zones(*codes: tuple[str, str, str]) -> ZoneSet:
    return ZoneSet(origin="by hand", zones=tuple(
        Zone(code=code, name_zh=code, name_en=code, level=level, parent=parent, geometry=SQUARE) for code, level, parent in codes))


DISTRICTS = zones(("310000", "city", ""), ("310115", "district", "310000"), ("310116", "district", "310000"))
WITH_STREET = zones(("310115", "district", "310000"), ("310115140", "street", "310115"), ("310115141", "street", "310115"))


@pytest.mark.parametrize(("code", "level"), [
    ("310000", AreaLevel.CITY), ("310115", AreaLevel.DISTRICT), ("310115000000", AreaLevel.DISTRICT), ("310115140", AreaLevel.TOWN),
    ("310115140000", AreaLevel.TOWN), ("310115140001", AreaLevel.VILLAGE)])
def test_the_digits_say_the_level(code: str, level: AreaLevel) -> None:
    assert level_of(code) is level


def test_a_city_encloses_its_villages_and_not_its_neighbours() -> None:
    assert encloses("310000", "310115140001")
    assert encloses("310115", "310115")
    assert not encloses("310115", "310116")
    assert not encloses("310115140", "310115")


@pytest.mark.parametrize(("zone", "warned", "called"), [
    ("310115", {"310115"}, True), ("310116", {"310115"}, False),
    ("310115140", {"310115"}, True),  # no border of its own: it counts wherever its district does
    ("310116140", {"310115"}, False),
    ("310000", {"310115"}, False),  # the city is the level above, not concerned by one district of two
    ("310000", {"310115", "310116"}, True),
])
def test_a_post_is_called_where_its_place_is_warned(zone: str, warned: set[str], called: bool) -> None:
    assert concerned(zone, warned, DISTRICTS) is called


def test_a_street_with_a_border_of_its_own_is_called_by_it() -> None:
    assert concerned("310115140", {"310115", "310115140"}, WITH_STREET)
    assert not concerned("310115140", {"310115141"}, WITH_STREET)
    assert not concerned("310115140", {"310115", "310115141"}, WITH_STREET)  # a polygon in the other street: zones that it touches


def test_changes_and_ends_find_a_post_by_the_nearest_zone_that_there_is() -> None:
    assert audience_codes("310115140", DISTRICTS) == ("310115",)
    assert audience_codes("310115140", WITH_STREET) == ("310115140",)
    assert audience_codes("310000", DISTRICTS) == ("31",)


def test_the_nearest_zone_around_is_the_smallest_and_never_itself() -> None:
    assert nearest("310115140001", ["310000", "310115", "310115140", "310116"]) == "310115140"
    assert nearest("310115", ["310115", "310000"]) == "310000"
    assert nearest("310000", ["310115"]) is None
