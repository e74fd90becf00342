"""Whom an alert concerns: four square districts of one city, drawn by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, box
from shapely.geometry.base import BaseGeometry

from geo.zone import Zone, ZoneSet
from warning.dispatch.audience import Interest, Reach, in_area, must_answer, offices, reach, wants
from warning.level import Level

# 310101 | 310115      row above
# 310104 | 310120      row below; all 0.1 degrees wide, 310115103 is the west half of 310115
ZONES = ZoneSet(origin="by hand", zones=(
    Zone(code="310000", name_zh="市", name_en="City", level="city", geometry=box(121.0, 31.0, 121.2, 31.2)),
    Zone(code="310101", name_zh="甲", name_en="A", level="district", parent="310000", geometry=box(121.0, 31.1, 121.1, 31.2)),
    Zone(code="310115", name_zh="乙", name_en="B", level="district", parent="310000", geometry=box(121.1, 31.1, 121.2, 31.2)),
    Zone(code="310104", name_zh="丙", name_en="C", level="district", parent="310000", geometry=box(121.0, 31.0, 121.1, 31.1)),
    Zone(code="310120", name_zh="丁", name_en="D", level="district", parent="310000", geometry=box(121.1, 31.0, 121.2, 31.1)),
    Zone(code="310115103", name_zh="街", name_en="S", level="street", parent="310115", geometry=box(121.1, 31.1, 121.15, 31.2)),
))


def interest(*, zones: tuple[str, ...] = (), polygon: BaseGeometry | None = None, hazards: tuple[str, ...] = (),
             min_level: Level = Level.BLUE) -> Interest:
    return Interest(subscription_id=1, hazards=hazards, min_level=min_level, zones=zones, polygon=polygon)


def place_matches(one: Interest, where: Reach) -> bool:
    return in_area(offices([one]), where) == [one]


def concerned(one: Interest, *, hazard: str, level: Level, where: Reach) -> bool:
    return wants(one, hazard=hazard, level=level) and place_matches(one, where)


def test_a_city_warning_reaches_its_districts_and_their_streets() -> None:
    assert reach(["310000"], ZONES).codes == {zone.code for zone in ZONES}


def test_a_district_warning_reaches_its_streets_and_neither_city_nor_neighbours() -> None:
    assert reach(["310115"], ZONES).codes == {"310115", "310115103"}


@pytest.mark.parametrize(("drawn", "codes"), [
    (box(121.12, 31.12, 121.14, 31.14), {"310000", "310115", "310115103"}),
    (box(121.1, 31.15, 121.12, 31.2), {"310000", "310115", "310115103"}),
    (box(121.16, 31.1, 121.2, 31.2), {"310000", "310115"}),
])
def test_a_drawn_polygon_covers_what_it_overlaps_and_not_what_it_touches(drawn: BaseGeometry, codes: set[str]) -> None:
    assert reach([], ZONES, drawn).codes == codes


@pytest.mark.parametrize(("polygon", "warned"), [
    (box(121.15, 31.15, 121.3, 31.3), True),
    (box(121.0, 31.1, 121.1, 31.2), False),
    (box(121.0, 31.0, 121.1, 31.1), False),
    (box(121.05, 31.05, 121.1001, 31.1001), True),
    (Point(121.15, 31.15).buffer(0.01), True),
])
def test_an_office_that_touches_by_an_edge_or_a_corner_is_not_warned(polygon: BaseGeometry, warned: bool) -> None:
    assert place_matches(interest(polygon=polygon), reach(["310115"], ZONES)) is warned


def test_neither_polygon_nor_zone_means_everywhere() -> None:
    assert place_matches(interest(), reach(["310120"], ZONES))


def test_polygon_or_zone_is_enough_and_a_polygon_elsewhere_does_not_exclude_the_zone() -> None:
    both = interest(polygon=box(121.0, 31.0, 121.05, 31.05), zones=("310115",))
    assert place_matches(both, reach(["310104"], ZONES))
    assert place_matches(both, reach(["310115"], ZONES))
    assert not place_matches(both, reach(["310120"], ZONES))


@pytest.mark.parametrize(("zones", "warned"), [
    (("310115",), True), (("310115103",), True), (("3101",), True), (("310120", "310115"), True), (("310120",), False),
    (("310000",), False),
])
def test_a_zone_matches_by_its_code_or_its_first_digits(zones: tuple[str, ...], warned: bool) -> None:
    assert place_matches(interest(zones=zones), reach(["310115"], ZONES)) is warned


@pytest.mark.parametrize(("one", "warned"), [
    (interest(hazards=("rainstorm",)), True), (interest(hazards=("gale",)), False), (interest(hazards=("gale", "rainstorm")), True),
    (interest(min_level=Level.ORANGE), True), (interest(min_level=Level.RED), False), (interest(zones=("310101",)), False),
])
def test_hazard_and_level_and_place_must_all_fit(one: Interest, warned: bool) -> None:
    where = reach(["310115"], ZONES)
    assert concerned(one, hazard="rainstorm", level=Level.ORANGE, where=where) is warned


@given(st.sampled_from(Level), st.sampled_from(Level), st.booleans())
def test_a_stronger_warning_never_concerns_fewer(level: Level, least: Level, here: bool) -> None:
    one = interest(min_level=least, zones=("310115",) if here else ("310101",))
    where = reach(["310115"], ZONES)
    if concerned(one, hazard="x", level=level, where=where):
        assert concerned(one, hazard="x", level=Level.RED, where=where)


@pytest.mark.parametrize(("kind", "role", "level", "must"), [
    ("office", "start", Level.ORANGE, True), ("office", "update", Level.RED, True), ("office", "start", Level.YELLOW, False),
    ("office", "end", Level.RED, False), ("resident", "start", Level.RED, False), ("broadcast", "start", Level.RED, False)])
def test_offices_answer_from_orange_and_nobody_answers_an_end(kind: str, role: str, level: Level, must: bool) -> None:
    assert must_answer(kind=kind, role=role, level=level) is must
