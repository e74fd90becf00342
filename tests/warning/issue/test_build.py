"""Building an alert: two languages, the same facts, nobody's name, no drill that looks real."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from warning import cap, capxml
from warning.errors import Invalid
from warning.issue.build import AlertRequest, build_alert
from warning.level import Level
from warning.wording import Texts

SENT = datetime(2024, 9, 19, 21, 15, 30, 250_000, tzinfo=UTC)
ZH = Texts(headline="发布暴雨红色预警信号", description="详情", instruction="不外出", sms="暴雨红色预警", title="")
EN = Texts(headline="Rainstorm Red Warning", description="detail", instruction="stay in", sms="rainstorm, red", title="")
REQUEST = AlertRequest(
    issuer_zh="浦东新区气象台", issuer_en="Pudong Meteorological Office", sender_code="31011541600000",
    identifier="31011541600000_20240920051530", event_id="0192-e1", hazard_zh="暴雨", hazard_en="rainstorm", event_code="11B03",
    level=Level.RED, action="new", status="Actual", zones=(("310115", "浦东新区", "Pudong New Area"), ("310115145", "南汇新城镇", "Nanhui New City")),
    sent=SENT, expires=SENT + timedelta(hours=6), texts_zh=ZH, texts_en=EN,
    polygons=[[[121.5, 31.0], [121.9, 31.0], [121.9, 31.3]]])
BEFORE = cap.Reference(sender="31011541600000", identifier="31011541600000_20240920040000", sent=SENT - timedelta(hours=1))


def test_chinese_stands_first_and_both_languages_are_sound_and_valid() -> None:
    alert = build_alert(REQUEST)
    assert [info.language for info in alert.infos] == ["zh-CN", "en-US"]
    assert cap.validate(alert) == []
    assert capxml.xsd_errors(capxml.write(alert)) == []
    assert [info.event for info in alert.infos] == ["暴雨", "Rainstorm"]


def test_times_are_whole_seconds_in_beijing_time() -> None:
    text = capxml.write(build_alert(REQUEST)).decode()
    assert "<sent>2024-09-20T05:15:30+08:00</sent>" in text
    assert text.count("<expires>2024-09-20T11:15:30+08:00</expires>") == 2


def test_the_places_carry_twelve_digits_and_the_district() -> None:
    area = build_alert(REQUEST).infos[0].areas[0]
    assert area.area_desc == "浦东新区、南汇新城镇"
    assert [(g.name, g.value) for g in area.geocodes] == [
        ("CPEAS Geographic Code", "310115000000"), ("CPEAS Geographic Code", "310115145000"), ("GB/T 2260", "310115")]
    assert area.polygons == (((31.0, 121.5), (31.0, 121.9), (31.3, 121.9), (31.0, 121.5)),)


def test_colour_severity_code_and_short_form_are_where_machines_look_for_them() -> None:
    for info, sms in zip(build_alert(REQUEST).infos, ("暴雨红色预警", "rainstorm, red"), strict=True):
        assert cap.colour(info) is Level.RED
        assert info.severity == "Extreme"
        assert cap.value_of(info.event_codes, cap.EVENT_CODE) == "11B03"
        assert cap.value_of(info.parameters, cap.SMS_TEXT) == sms


@pytest.mark.parametrize(("level", "severity"), [
    (Level.BLUE, "Minor"), (Level.YELLOW, "Moderate"), (Level.ORANGE, "Severe"), (Level.RED, "Extreme")])
def test_the_severity_is_what_cma_gives_to_wmo(level: Level, severity: str) -> None:
    texts = {"texts_zh": replace(ZH, headline=f"暴雨{level.zh}", sms=f"暴雨{level.zh}"),
             "texts_en": replace(EN, headline=f"Rainstorm {level.en}", sms=f"rainstorm {level.en}")}
    assert build_alert(replace(REQUEST, level=level, **texts)).infos[0].severity == severity  # type: ignore[arg-type]  # two Texts


@pytest.mark.parametrize(("change", "urgency", "certainty"), [
    ({"onset": None}, "Immediate", "Likely"),
    ({"onset": SENT + timedelta(minutes=60)}, "Expected", "Likely"),
    ({"onset": SENT + timedelta(minutes=61)}, "Future", "Likely"),
    ({"onset": SENT - timedelta(minutes=5)}, "Immediate", "Likely"),
    ({"observed": True}, "Immediate", "Observed"),
    ({"probability": 0.5}, "Immediate", "Possible"),
    ({"probability": 0.51}, "Immediate", "Likely"),
    ({"action": "cancel", "references": (BEFORE,)}, "Past", "Likely"),
])
def test_urgency_and_certainty_follow_the_onset_and_what_was_seen(change: dict[str, object], urgency: str, certainty: str) -> None:
    info = build_alert(replace(REQUEST, **change)).infos[1]  # type: ignore[arg-type]  # a table of fields
    assert (info.urgency, info.certainty) == (urgency, certainty)


@pytest.mark.parametrize(("code", "category"), [
    ("11B03", "Met"), ("11A01", "Met"), ("11D00", "Geo"), ("11E02", "Met"), ("13A01", "Health"), ("99X01", "Other")])
def test_the_category_follows_the_event_code_when_no_other_is_given(code: str, category: str) -> None:
    assert build_alert(replace(REQUEST, event_code=code)).infos[0].categories == (category,)
    assert build_alert(replace(REQUEST, event_code=code, category="Env")).infos[0].categories == ("Env",)


def test_an_end_calls_all_clear_and_names_what_it_ends() -> None:
    alert = build_alert(replace(REQUEST, action="cancel", references=(BEFORE,)))
    assert alert.msg_type == "Cancel"
    assert alert.infos[0].response_types == ("AllClear",)
    assert "31011541600000,31011541600000_20240920040000,2024-09-20T04:15:30+08:00" in capxml.write(alert).decode()


def test_people_are_not_told_to_shelter_from_a_drought() -> None:
    assert build_alert(REQUEST).infos[0].response_types == ("Shelter", "Avoid")
    assert build_alert(replace(REQUEST, event_code="11B22")).infos[0].response_types == ("Execute", "Avoid")


def test_a_drill_is_marked_on_every_text_even_when_an_operator_took_the_mark_away() -> None:
    alert = build_alert(replace(REQUEST, status="Exercise", note="汛前演练"))
    assert alert.note == "演练 Exercise: 汛前演练"
    for info, mark in zip(alert.infos, ("【演练】", "[EXERCISE] "), strict=True):
        for text in (info.headline, info.description, info.instruction, cap.value_of(info.parameters, cap.SMS_TEXT)):
            assert text.startswith(mark)
            assert text.count(mark.strip()) == 1


def test_a_real_alert_with_the_words_of_a_drill_is_refused() -> None:
    marked = replace(ZH, headline="【演练】" + ZH.headline)
    with pytest.raises(Invalid, match="status is Actual and the texts carry a drill's mark"):
        build_alert(replace(REQUEST, texts_zh=marked))
    assert build_alert(replace(REQUEST, texts_zh=marked, status="Exercise")).infos[0].headline == marked.headline


def test_the_sender_name_is_the_office_and_there_is_no_field_for_a_person() -> None:
    assert [info.sender_name for info in build_alert(REQUEST).infos] == ["浦东新区气象台", "Pudong Meteorological Office"]
    assert not {"officer", "signer", "person", "approved_by"} & set(AlertRequest.__dataclass_fields__)


@pytest.mark.parametrize(("change", "words"), [
    ({"texts_zh": replace(ZH, headline="发布暴雨预警")}, "zh-CN headline does not name 红色"),
    ({"texts_en": replace(EN, sms="red")}, "en-US sms does not name rainstorm"),
    ({"zones": ()}, "zones is empty"),
    ({"polygons": [[[121.5, 31.0], [121.9, 31.0]]]}, "polygon 1: a polygon needs three different corners"),
    ({"polygons": [], "zones": (("c3100_12150", "格点", "cell"),)}, "neither a polygon nor a zone with a numeric code"),
    ({"action": "update"}, "Update names no earlier message"),
    ({"expires": SENT}, "expires is not after sent"),
    ({"polygons": [[[31.0, 121.5], [31.0, 121.9], [31.3, 121.9]]]}, "off the earth"),
])
def test_a_wrong_request_is_refused_with_its_fault(change: dict[str, object], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        build_alert(replace(REQUEST, **change))  # type: ignore[arg-type]  # a table of fields
