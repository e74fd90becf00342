"""A partner's alert in our terms: places by prefix, colours by word or severity, and what is missing is named, never guessed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from shapely import box

from geo.zone import Zone, ZoneSet
from warning import cap
from warning.errors import Invalid
from warning.exchange.understand import understand
from warning.level import Level
from warning.watch.eventcode import load_event_codes

NOW = datetime(2024, 9, 20, 4, 0, tzinfo=UTC)
CODES = load_event_codes()
ZONES = ZoneSet(origin="by hand", zones=(
    Zone(code="310000", name_zh="市", name_en="City", level="city", geometry=box(121.0, 31.0, 121.2, 31.1)),
    Zone(code="310115", name_zh="乙", name_en="B", level="district", parent="310000", geometry=box(121.0, 31.0, 121.1, 31.1)),
    Zone(code="310120", name_zh="丁", name_en="D", level="district", parent="310000", geometry=box(121.1, 31.0, 121.2, 31.1)),
))


def alert(*geocodes: str, **changes: object) -> cap.Alert:
    area = cap.Area(area_desc="here", geocodes=tuple(cap.NamedValue(name=cap.CPEAS, value=code) for code in geocodes))
    values: dict[str, object] = {
        "event": "暴雨", "categories": ("Met",), "urgency": "Unknown", "severity": "Severe", "certainty": "Unknown", "language": "zh-CN",
        "event_codes": (cap.NamedValue(name="eventType", value="11B03"),), "expires": NOW + timedelta(hours=5),
        "headline": "省台发布暴雨橙色预警", "description": "预计……", "areas": (area,), **changes}
    return cap.Alert(
        identifier="x", sender="province", sent=NOW - timedelta(minutes=3), status="Exercise", msg_type="Alert", scope="Public",
        infos=(cap.Info(**values),))  # type: ignore[arg-type]  # a table of fields


def zones_of(*geocodes: str, area: str = "") -> tuple[str, ...]:
    return understand(alert(*geocodes), zones=ZONES, codes=CODES, area=area, now=NOW).zones


@pytest.mark.parametrize(("geocode", "zones"), [
    ("310115", ("310115",)), ("310115000000", ("310115",)), ("31011500000000", ("310115",)),
    ("310115103000", ("310115",)),  # a town is its district, never the whole city
    ("310000000000", ("310000",)), ("31", ("310000",))])
def test_a_place_is_found_by_the_beginning_of_its_code(geocode: str, zones: tuple[str, ...]) -> None:
    assert zones_of(geocode) == zones


def test_places_of_somebody_else_are_none_of_ours() -> None:
    with pytest.raises(Invalid, match="area: no place of ours is named"):
        zones_of("330100000000")


def test_a_partner_warns_its_own_area_only_and_what_is_left_out_is_told() -> None:
    found = understand(alert("310115", "310120"), zones=ZONES, codes=CODES, area="310115", now=NOW)
    assert found.zones == ("310115",)
    assert found.repairs == ("left out, outside 310115: 310120",)
    with pytest.raises(Invalid, match="this partner may warn 310115 only"):
        zones_of("310120", area="310115")


def test_without_codes_the_ground_decides_and_a_touching_edge_is_not_enough() -> None:
    ring = ((31.02, 121.02), (31.02, 121.1), (31.08, 121.1), (31.08, 121.02), (31.02, 121.02))
    drawn = alert(areas=(cap.Area(area_desc="here", polygons=(ring,)),))
    assert understand(drawn, zones=ZONES, codes=CODES, area="", now=NOW).zones == ("310115",)


@pytest.mark.parametrize(("changes", "level"), [
    ({"parameters": (cap.NamedValue(name=cap.COLOUR, value="Red"),)}, Level.RED), ({}, Level.ORANGE), ({"severity": "Minor"}, Level.BLUE)])
def test_the_colour_is_the_parameter_s_or_else_the_severity_s(changes: dict[str, object], level: Level) -> None:
    assert understand(alert("310115", **changes), zones=ZONES, codes=CODES, area="", now=NOW).level is level


@pytest.mark.parametrize(("changes", "why"), [
    ({"severity": "Unknown"}, "severity: neither a colour"), ({"expires": NOW}, "expires: it was over"),
    ({"event_codes": (cap.NamedValue(name="x", value="99Z99"),), "event": "外星人"}, "eventCode: 99Z99 is none of ours"), ({"areas": ()}, "area: no place")])
def test_what_is_missing_is_named(changes: dict[str, object], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        understand(alert("310115", **changes), zones=ZONES, codes=CODES, area="", now=NOW)


def test_an_alias_and_a_name_lead_to_our_code() -> None:
    drought = alert("310115", event_codes=(cap.NamedValue(name="x", value="11A52"),))
    assert understand(drought, zones=ZONES, codes=CODES, area="", now=NOW).event_code == "11B22"
    named = alert("310115", event_codes=(), event="Rainstorm")
    assert understand(named, zones=ZONES, codes=CODES, area="", now=NOW).event_code == "11B03"


def test_without_an_end_it_counts_a_day_and_says_so() -> None:
    found = understand(alert("310115", expires=None), zones=ZONES, codes=CODES, area="", now=NOW)
    assert found.expires == NOW - timedelta(minutes=3) + timedelta(hours=24)
    assert "expires is missing" in found.repairs[0]


def test_its_own_words_are_kept_by_language() -> None:
    one = alert("310115")
    english = replace(one.infos[0], language="en-US", headline="Orange", description="Rain", instruction="Stay in")
    found = understand(replace(one, infos=(*one.infos, english)), zones=ZONES, codes=CODES, area="", now=NOW)
    assert found.texts["en-US"] == {"instruction": "province: Orange\nRain\nStay in"}
    assert found.texts["zh-CN"] == {"instruction": "province: 省台发布暴雨橙色预警\n预计……"}
