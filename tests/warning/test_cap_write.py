"""Writing CAP: always valid, always in order, times never with Z."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from warning import cap, capform, capxml
from warning.errors import CapError

BEIJING = timezone(timedelta(hours=8))
SENT = datetime(2024, 9, 20, 6, 20, tzinfo=BEIJING)
SQUARE: cap.Ring = ((31.0, 121.0), (31.0, 122.5), (32.00001, 122.5), (31.0, 121.0))
INFO = cap.Info(
    event="暴雨", language="zh-CN", categories=("Met", "Safety"), urgency="Immediate", severity="Severe", certainty="Observed",
    response_types=("Shelter", "Avoid"), event_codes=(cap.NamedValue(name=cap.EVENT_CODE, value="11B03"),),
    effective=SENT, onset=SENT, expires=SENT + timedelta(hours=6), sender_name="上海中心气象台", headline="暴雨 <&> 橙色", description="一\n二",
    parameters=(cap.NamedValue(name=cap.COLOUR, value="Orange"),),
    resources=(cap.Resource(resource_desc="map", mime_type="image/png", size=10, uri="http://example.org/a.png"),),
    areas=(cap.Area(area_desc="浦东新区", polygons=(SQUARE,), circles=(cap.Circle(lat=31, lon=121.25, radius_km=2.5),),
                    geocodes=(cap.NamedValue(name=cap.CPEAS, value="310115000000"),), altitude=0.0, ceiling=100.5),))
ALERT = cap.Alert(
    identifier="31000041600000_20240920062000", sender="31000041600000", sent=SENT, status="Exercise", msg_type="Update",
    scope="Public", note="演练", incidents=("Pulasan 2024", "e1"), codes=("c1", "c2"),
    references=(cap.Reference(sender="31000041600000", identifier="31000041600000_20240920051500", sent=SENT - timedelta(hours=1)),),
    infos=(INFO,))


def test_a_full_alert_is_valid_and_reads_back_the_same_without_repairs() -> None:
    data = capxml.write(ALERT)
    assert capxml.xsd_errors(data) == []
    result = capxml.read(data)
    assert result.alert == ALERT
    assert result.repairs == ()
    assert result.signed is False


def test_the_words_stand_in_the_document_as_cap_wants_them() -> None:
    text = capxml.write(ALERT).decode()
    assert text.startswith("<?xml version='1.0' encoding='UTF-8'?>\n<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">")
    for part in (
        "<sent>2024-09-20T06:20:00+08:00</sent>",
        "<references>31000041600000,31000041600000_20240920051500,2024-09-20T05:20:00+08:00</references>",
        '<incidents>"Pulasan 2024" e1</incidents>',
        "<polygon>31.0,121.0 31.0,122.5 32.00001,122.5 31.0,121.0</polygon>",
        "<circle>31.0,121.25 2.5</circle>",
        "<altitude>0.0</altitude>",
    ):
        assert part in text


def test_the_same_alert_gives_the_same_bytes() -> None:
    assert capxml.write(ALERT) == capxml.write(replace(ALERT))


@pytest.mark.parametrize(("at", "text"), [
    (datetime(2024, 9, 20, 6, 20, tzinfo=UTC), "2024-09-20T06:20:00-00:00"),
    (datetime(2024, 9, 20, 6, 20, tzinfo=BEIJING), "2024-09-20T06:20:00+08:00"),
    (datetime(2024, 9, 20, 6, 20, tzinfo=timezone(timedelta(hours=-3, minutes=-30))), "2024-09-20T06:20:00-03:30"),
])
def test_a_time_has_its_offset_and_utc_is_minus_zero(at: datetime, text: str) -> None:
    assert capform.time_text(at) == text


@pytest.mark.parametrize(("value", "text"), [(1e-05, "0.00001"), (-0.0, "0.0"), (121.47370000000001, "121.47370000000001"), (1e22, "1" + "0" * 22)])
def test_a_number_is_written_in_plain_decimals(value: float, text: str) -> None:
    assert capform.number_text(value) == text
    assert float(text) == value


def test_an_unsound_alert_is_not_written_and_every_problem_is_named() -> None:
    bad = replace(ALERT, references=(), infos=(replace(INFO, expires=SENT),))
    with pytest.raises(CapError, match=r"31000041600000_20240920062000.*names no earlier message.*expires is not after sent"):
        capxml.write(bad)


def test_what_only_the_schema_can_see_is_refused_too() -> None:
    bad = replace(ALERT, infos=(replace(INFO, urgency="Soon"),))  # type: ignore[arg-type]  # a caller without a type checker
    with pytest.raises(CapError, match="schema refuses it.*urgency"):
        capxml.write(bad)


def test_a_cancel_without_info_is_valid() -> None:
    data = capxml.write(replace(ALERT, msg_type="Cancel", infos=()))
    assert capxml.xsd_errors(data) == []
    assert capxml.read(data).alert.infos == ()
