"""A partner's alert in our terms: places by prefix, colours by word or severity, and what is missing is named, never guessed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from shapely import box

from geo.zone import Zone, ZoneSet
from warning import cap
from warning.errors import Invalid
from warning.exchange.understand import MOST_WORDS, Part, Understood, all_clear, understand
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
        "sender_name": "预报员张三", "headline": "省台发布暴雨橙色预警", "description": "预计……", "areas": (area,), **changes}
    return cap.Alert(
        identifier="x", sender="province", sent=NOW - timedelta(minutes=3), status="Exercise", msg_type="Alert", scope="Public",
        infos=(cap.Info(**values),))  # type: ignore[arg-type]  # a table of fields


def understood(one: cap.Alert, *, area: str = "") -> Understood:
    return understand(one, zones=ZONES, codes=CODES, area=area, called="province", now=NOW)


def only(one: cap.Alert, *, area: str = "") -> Part:
    [part] = understood(one, area=area).parts
    return part


def zones_of(*geocodes: str, area: str = "") -> tuple[str, ...]:
    return only(alert(*geocodes), area=area).zones


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
    found = understood(alert("310115", "310120"), area="310115")
    assert [part.zones for part in found.parts] == [("310115",)]
    assert found.repairs == ("left out, outside 310115: 310120",)
    with pytest.raises(Invalid, match="this partner may warn 310115 only"):
        zones_of("310120", area="310115")


def test_without_codes_the_ground_decides_and_a_touching_edge_is_not_enough() -> None:
    ring = ((31.02, 121.02), (31.02, 121.1), (31.08, 121.1), (31.08, 121.02), (31.02, 121.02))
    drawn = alert(areas=(cap.Area(area_desc="here", polygons=(ring,)),))
    assert only(drawn).zones == ("310115",)


@pytest.mark.parametrize(("changes", "level"), [
    ({"parameters": (cap.NamedValue(name=cap.COLOUR, value="Red"),)}, Level.RED), ({}, Level.ORANGE), ({"severity": "Minor"}, Level.BLUE)])
def test_the_colour_is_the_parameter_s_or_else_the_severity_s(changes: dict[str, object], level: Level) -> None:
    assert only(alert("310115", **changes)).level is level


@pytest.mark.parametrize(("changes", "why"), [
    ({"severity": "Unknown"}, "severity: neither a colour"), ({"expires": NOW}, "expires: it was over"),
    ({"event_codes": (cap.NamedValue(name="x", value="99Z99"),), "event": "外星人"}, "eventCode: 99Z99 is none of ours"), ({"areas": ()}, "area: no place")])
def test_what_is_missing_is_named(changes: dict[str, object], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        understood(alert("310115", **changes))


def test_an_alias_and_a_name_lead_to_our_code() -> None:
    drought = alert("310115", event_codes=(cap.NamedValue(name="x", value="11A52"),))
    assert only(drought).event_code == "11B22"
    named = alert("310115", event_codes=(), event="Rainstorm")
    assert only(named).event_code == "11B03"


def test_without_an_end_it_counts_a_day_and_says_so() -> None:
    found = understood(alert("310115", expires=None))
    assert found.parts[0].expires == NOW - timedelta(minutes=3) + timedelta(hours=24)
    assert "expires is missing" in found.repairs[0]


def test_its_own_words_are_kept_by_language() -> None:
    one = alert("310115")
    english = replace(one.infos[0], language="en-US", headline="Orange", description="Rain", instruction="Stay in")
    found = only(replace(one, infos=(*one.infos, english)))
    assert found.texts["en-US"] == {"instruction": "province: Orange\nRain\nStay in"}
    assert found.texts["zh-CN"] == {"instruction": "province: 省台发布暴雨橙色预警\n预计……"}


def test_each_code_is_found_for_itself_a_district_beside_a_town_of_another() -> None:
    assert zones_of("310115", "310120103000") == ("310115", "310120")


def test_a_whole_city_is_a_partners_own_district_where_it_may_warn_no_more() -> None:
    found = understood(alert("310000"), area="310115")
    assert [part.zones for part in found.parts] == [("310115",)]
    assert found.repairs == ("left out, outside 310115: 310000",)


def test_one_digit_is_no_place_and_never_every_place() -> None:
    with pytest.raises(Invalid, match="area: no place of ours is named"):
        zones_of("3")


def test_codes_of_another_list_are_read_but_a_person_looks_first() -> None:
    ring = ((31.02, 121.02), (31.02, 121.08), (31.08, 121.08), (31.02, 121.02))
    strange = cap.Area(area_desc="here", geocodes=(cap.NamedValue(name="postal code", value="310120"),))
    found = understood(alert(areas=(strange,)))
    assert found.doubts == ("its geocodes are called postal code, which was read as area codes",)
    # Where the codes are no numbers at all, the drawn ground decides.
    drawn = cap.Area(area_desc="here", geocodes=(cap.NamedValue(name="UGC", value="CAZ006"),), polygons=(ring,))
    found = understood(alert(areas=(drawn,)))
    assert (found.parts[0].zones, found.doubts) == (("310115",), ())
    assert found.repairs == ("geocode 'CAZ006' is no area code, left out",)


def test_a_circle_is_round_on_the_ground_and_one_without_a_radius_is_a_point() -> None:
    # The border at 121.0 is 0.02 degrees away: 1.9 km on the ground, but 2.2 km if a degree of longitude were as long as one of latitude.
    def circle(lon: float, km: float) -> tuple[str, ...]:
        return only(alert(areas=(cap.Area(area_desc="here", circles=(cap.Circle(lat=31.05, lon=lon, radius_km=km),)),))).zones

    assert circle(120.98, 2.0) == ("310115",)
    assert circle(121.05, 0) == ("310115",)


def test_every_info_of_a_message_is_a_warning_and_a_zone_keeps_its_highest() -> None:
    def info(level: str, *zones: str, code: str = "11B03", language: str = "zh-CN") -> cap.Info:
        return alert(*zones, parameters=(cap.NamedValue(name=cap.COLOUR, value=level),), language=language, headline=f"{level} {language}",
                     event_codes=(cap.NamedValue(name="eventType", value=code),)).infos[0]

    several = replace(alert(), infos=(
        info("Yellow", "310115", "310120"), info("Yellow", "310115", language="en-US"), info("Red", "310115"), info("Red", "310115", language="en-US")))
    found = understood(several)
    assert [(part.level, part.zones) for part in found.parts] == [(Level.RED, ("310115",)), (Level.YELLOW, ("310120",))]
    assert [part.texts["en-US"]["instruction"].splitlines()[0] for part in found.parts] == ["province: Red en-US", "province: Yellow en-US"]
    assert (found.repairs, found.doubts) == (("yellow left out where a higher one of it counts: 310115",), ())
    # Two events of one place stand beside each other.
    two = understood(replace(alert(), infos=(info("Red", "310115"), info("Blue", "310115", code="11B22"))))
    assert [(part.event_code, part.level) for part in two.parts] == [("11B03", Level.RED), ("11B22", Level.BLUE)]


def test_of_a_message_that_is_understood_in_part_the_rest_is_told_and_a_person_looks() -> None:
    strange = replace(alert("310120").infos[0], event="外星人", event_codes=())
    found = understood(replace(alert("310115"), infos=(*alert("310115").infos, strange)))
    assert [part.zones for part in found.parts] == [("310115",)]
    assert (found.whole, found.doubts) == (False, ("only a part of it is understood",))
    assert found.repairs == ("left out: info 2: eventCode: 外星人 is none of ours; add it to event-codes.yaml as a code or an alias",)


def test_words_that_no_channel_can_carry_are_cut_and_the_warning_stands() -> None:
    found = understood(alert("310115", description="雨" * 100_000))
    assert len(found.parts[0].texts["zh-CN"]["instruction"]) == MOST_WORDS + 2
    assert found.repairs == ("its words are cut after 5000 characters",)


def test_all_clear_is_what_every_info_says_or_none() -> None:
    clear = replace(alert("310115").infos[0], response_types=("AllClear",))
    assert all_clear(replace(alert(), infos=(clear, clear)))
    assert not all_clear(replace(alert(), infos=(clear, alert("310115").infos[0])))
    assert not all_clear(replace(alert(), infos=()))
