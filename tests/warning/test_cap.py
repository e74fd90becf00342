"""CAP's nouns: what validate says beyond the schema, and the plain geometry."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from warning import cap
from warning.level import Level

SENT = datetime(2024, 9, 20, 6, 20, tzinfo=UTC)
SQUARE: cap.Ring = ((31.0, 121.0), (31.0, 122.0), (32.0, 122.0), (31.0, 121.0))
AREA = cap.Area(area_desc="Pudong", polygons=(SQUARE,), geocodes=(cap.NamedValue(name=cap.CPEAS, value="310115000000"),))
INFO = cap.Info(
    event="Rainstorm", categories=("Met",), urgency="Immediate", severity="Severe", certainty="Observed",
    expires=SENT + timedelta(hours=6), parameters=(cap.NamedValue(name=cap.COLOUR, value="Orange"),), areas=(AREA,))
ALERT = cap.Alert(identifier="a1", sender="s", sent=SENT, status="Actual", msg_type="Alert", scope="Public", infos=(INFO,))
EARLIER = cap.Reference(sender="s", identifier="a0", sent=SENT - timedelta(hours=1))


def test_a_sound_alert_has_no_problems() -> None:
    assert cap.validate(ALERT) == []


@pytest.mark.parametrize(("change", "words"), [
    ({"identifier": "a,1"}, "identifier 'a,1' is empty or has a space, comma, < or &"),
    ({"sender": ""}, "sender '' is empty"),
    ({"sent": datetime(2024, 9, 20, 6, 20)}, "has no offset"),  # noqa: DTZ001  # that is the fault
    ({"sent": SENT.replace(microsecond=5)}, "part of a second"),
    ({"msg_type": "Update"}, "Update names no earlier message"),
    ({"msg_type": "Cancel"}, "Cancel names no earlier message"),
    ({"status": "Exercise"}, "an Exercise needs a note"),
    ({"scope": "Restricted"}, "needs a restriction"),
    ({"scope": "Private"}, "needs addresses"),
    ({"references": (ALERT.reference,)}, "refers to itself"),
    ({"references": (replace(EARLIER, sent=SENT + timedelta(seconds=1)),)}, "a0 was sent after this alert"),
    ({"references": (replace(EARLIER, identifier="a 0"),)}, "has a space or comma"),
    ({"incidents": ('say "x"',)}, "quotation mark"),
    ({"codes": ("",)}, "codes[1]: is empty"),
    ({"note": "bell\x07"}, "control character"),
    ({"note": " padded"}, "begins or ends with space"),
])
def test_a_fault_of_the_alert_is_named(change: dict[str, object], words: str) -> None:
    problems = cap.validate(replace(ALERT, **change))  # type: ignore[arg-type]  # a table of fields
    assert any(words in problem for problem in problems), problems


@pytest.mark.parametrize(("change", "words"), [
    ({"event": ""}, "info[1]: event is empty"),
    ({"categories": ()}, "has no category"),
    ({"language": "zh_CN"}, "no language tag"),
    ({"expires": SENT}, "expires is not after sent"),
    ({"onset": SENT + timedelta(hours=7)}, "expires is not after onset"),
    ({"onset": datetime(2024, 9, 20)}, "onset 2024-09-20T00:00:00 has no offset"),  # noqa: DTZ001  # that is the fault
    ({"headline": "line\n"}, "alert.infos[1].headline: begins or ends with space"),
    ({"areas": (replace(AREA, polygons=(SQUARE[:3],)),)}, "area[1]: polygon of 3 points is not closed"),
    ({"areas": (replace(AREA, polygons=((*SQUARE[:3], (31.5, 121.0)),)),)}, "not closed"),
    ({"areas": (replace(AREA, polygons=(tuple((lon, lat) for lat, lon in SQUARE),)),)}, "off the earth"),
    ({"areas": (replace(AREA, circles=(cap.Circle(lat=31, lon=121, radius_km=-1),)),)}, "radius is below zero"),
    ({"areas": (replace(AREA, ceiling=100.0),)}, "ceiling without altitude"),
    ({"areas": (replace(AREA, area_desc=""),)}, "areaDesc is empty"),
])
def test_a_fault_of_the_info_is_named(change: dict[str, object], words: str) -> None:
    bad = replace(ALERT, infos=(replace(INFO, **change),))  # type: ignore[arg-type]  # a table of fields
    problems = cap.validate(bad)
    assert any(words in problem for problem in problems), problems


def test_both_languages_must_tell_the_same_colour_and_the_same_place() -> None:
    chinese = replace(INFO, language="zh-CN", event="暴雨", areas=(replace(AREA, area_desc="浦东"),))
    assert cap.validate(replace(ALERT, infos=(chinese, INFO))) == []
    red = replace(chinese, parameters=(cap.NamedValue(name=cap.COLOUR, value="Red"),))
    assert cap.validate(replace(ALERT, infos=(red, INFO))) == ["en-us does not tell the same as zh-cn: colour, codes, times or places differ"]
    elsewhere = replace(chinese, areas=(replace(AREA, geocodes=()),))
    assert len(cap.validate(replace(ALERT, infos=(elsewhere, INFO)))) == 1


def test_the_same_moment_in_another_offset_is_the_same_time_in_both_languages() -> None:
    beijing = INFO.expires.astimezone(datetime.fromisoformat("2024-01-01T00:00:00+08:00").tzinfo) if INFO.expires else None
    assert cap.validate(replace(ALERT, infos=(INFO, replace(INFO, language="zh-CN", expires=beijing)))) == []


def test_the_reader_gets_the_nearest_language() -> None:
    both = replace(ALERT, infos=(replace(INFO, language="zh-CN"), INFO))
    picked = {asked: info.language for asked in ("zh-CN", "zh-TW", "en", "fr", "EN-us") if (info := cap.info_in(both, asked))}
    assert picked == {"zh-CN": "zh-CN", "zh-TW": "zh-CN", "en": "en-US", "fr": "en-US", "EN-us": "en-US"}
    assert cap.info_in(replace(ALERT, infos=()), "zh-CN") is None


def test_the_colour_is_a_parameter_and_a_partners_alert_has_none() -> None:
    assert cap.colour(INFO) is Level.ORANGE
    assert cap.colour(replace(INFO, parameters=())) is None
    assert cap.colour(replace(INFO, parameters=(cap.NamedValue(name=cap.COLOUR, value="mauve"),))) is None


def test_a_ring_turns_lon_lat_round_closes_and_merges_what_rounding_puts_together() -> None:
    ring = cap.ring_of([(121.0, 31.0), (121.000001, 31.0), (122.0, 31.0), (122.0, 32.123456)])
    assert ring == ((31.0, 121.0), (31.0, 122.0), (32.12346, 122.0), (31.0, 121.0))
    assert cap.lonlat_of(ring)[2] == (122.0, 32.12346)


def test_a_ring_without_area_is_refused() -> None:
    with pytest.raises(ValueError, match="three different corners, this one has 2"):
        cap.ring_of([(121, 31), (122, 31), (121, 31)])


def test_only_a_real_warning_carries_no_mark() -> None:
    assert cap.drill_mark("Actual", "zh-CN") == ""
    assert cap.drill_mark("Exercise", "zh-CN") == "【演练】"
    assert cap.drill_mark("Exercise", "en-US") == "[EXERCISE] "
    assert cap.drill_mark("Test", "zh-TW") == "【测试】"
