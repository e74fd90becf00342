"""City and districts are issuers of their own; where their words differ, it is told."""

from dataclasses import dataclass

from shapely import box

from geo.zone import Zone, ZoneSet
from warning.level import Level
from warning.watch.disagree import differences
from warning.watch.issuer import load_issuers
from warning.watch.rulefile import load_rule_sets

ISSUERS = {issuer.code: issuer for issuer in load_issuers(rule_sets=load_rule_sets())}
ZONES = ZoneSet(origin="by hand", zones=(
    Zone(code="310000", name_zh="上海市", name_en="Shanghai", level="city", geometry=box(0, 0, 2, 1)),
    Zone(code="310115", name_zh="浦东新区", name_en="Pudong", level="district", parent="310000", geometry=box(0, 0, 1, 1)),
    Zone(code="310120", name_zh="奉贤区", name_en="Fengxian", level="district", parent="310000", geometry=box(1, 0, 2, 1)),
))


@dataclass(frozen=True)
class Out:
    issuer: str
    level: Level
    zones: tuple[str, ...]
    hazard: str = "rainstorm"


def told(*warnings: Out) -> list[tuple[str, list[tuple[str, str | None]]]]:
    return [
        (one.zone, [(code, None if level is None else level.key) for code, level in one.says])
        for one in differences(warnings, ZONES, ISSUERS)
    ]


def test_a_red_district_in_a_yellow_city_is_told() -> None:
    city, district = Out("310000", Level.YELLOW, ("310000",)), Out("310120", Level.RED, ("310120",))
    assert told(city, district) == [("310120", [("310120", "red"), ("310000", "yellow")])]


def test_a_city_that_is_silent_while_a_district_warns_is_told() -> None:
    assert told(Out("310120", Level.RED, ("310120",))) == [("310120", [("310120", "red"), ("310000", None)])]


def test_a_district_under_the_citys_warning_is_covered_and_no_difference() -> None:
    assert told(Out("310000", Level.YELLOW, ("310000",))) == []


def test_the_same_colour_and_different_hazards_are_no_difference() -> None:
    assert told(Out("310000", Level.RED, ("310000",)), Out("310120", Level.RED, ("310120",))) == []
    gale = Out("310000", Level.RED, ("310000",), hazard="gale")
    assert told(gale, Out("310000", Level.RED, ("310120",)), Out("310120", Level.RED, ("310120",))) == []
