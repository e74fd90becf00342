"""Final texts: an edit is kept and gets the time of issue; what parts the languages is found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shapely import box

from geo.zone import Zone, ZoneSet
from warning.issue.texts import disagreements, final_texts
from warning.level import Level
from warning.watch.issuer import load_issuers
from warning.watch.ready import Facts, Texts, worded
from warning.watch.rulefile import load_rule_sets

SHOWN = datetime(2024, 9, 19, 4, 5, tzinfo=UTC)
ZONES = ZoneSet(origin="by hand", zones=(
    Zone(code="310115", name_zh="浦东新区", name_en="Pudong New Area", level="district", geometry=box(121, 31, 122, 32)),))
ISSUER = next(one for one in load_issuers(rule_sets=load_rule_sets()) if one.code == "310115")
FACTS = Facts(
    hazard="rainstorm", hazard_zh="暴雨", hazard_en="rainstorm", level=Level.ORANGE, previous_level=None, action="new", zones=("310115",),
    evidence=(), onset=SHOWN + timedelta(hours=1), sent=SHOWN, expires=SHOWN + timedelta(hours=6), status="Actual")


def words(sent: datetime) -> Texts:
    return worded(replace(FACTS, sent=sent), issuer=ISSUER, zones=ZONES)


def finished(sent: datetime, edits: dict[str, dict[str, str]]) -> Texts:
    return final_texts(words(sent), shown=words(SHOWN), edits=edits)


def faults(sent: datetime, edits: dict[str, dict[str, str]]) -> list[str]:
    return disagreements(finished(sent, edits), replace(FACTS, sent=sent), issuer=ISSUER, zones=ZONES)


LATER = SHOWN + timedelta(minutes=4)


def test_without_edits_the_librarys_words_at_the_time_of_issue_go_out() -> None:
    assert finished(LATER, {}) == words(LATER)
    assert "12时09分" in words(LATER)["zh-CN"]["sms"]


def test_a_field_sent_back_as_it_was_shown_is_no_edit() -> None:
    assert finished(LATER, {language: dict(texts) for language, texts in words(SHOWN).items()}) == words(LATER)


def test_an_edit_wins_and_gets_the_new_sending_time_wherever_the_words_round_it_changed() -> None:
    shown = words(SHOWN)
    edits = {"zh-CN": {"description": shown["zh-CN"]["description"].replace("发布暴雨", "紧急发布暴雨")},
             "en-US": {"description": shown["en-US"]["description"].replace("Take precautions.", "Stay in.")}}
    done = finished(LATER, edits)
    assert "2024年09月19日12时09分紧急发布暴雨" in done["zh-CN"]["description"]
    assert "12:09 on 19 September 2024" in done["en-US"]["description"]
    assert "Stay in." in done["en-US"]["description"]
    assert done["zh-CN"]["headline"] == words(LATER)["zh-CN"]["headline"]
    assert faults(LATER, edits) == []


def test_a_signature_after_the_onset_and_after_midnight_still_dates_the_edit() -> None:
    late = SHOWN + timedelta(hours=5)  # the onset, an hour after the form was made, is past: the library says so elsewhere in the text
    edits = {"zh-CN": {"description": words(SHOWN)["zh-CN"]["description"].replace("请注意防范", "请立即避险")}}
    assert "2024年09月19日17时05分发布" in finished(late, edits)["zh-CN"]["description"]
    assert faults(late, edits) == []
    midnight = SHOWN + timedelta(hours=12)
    assert "2024年09月20日00时05分发布" in finished(midnight, edits)["zh-CN"]["description"]


def test_a_time_the_operator_shortened_is_brought_up_to_date_too() -> None:
    edits = {"zh-CN": {"description": "12时05分发布：浦东新区暴雨橙色预警，请避险。"}}
    assert finished(LATER, edits)["zh-CN"]["description"] == "12时09分发布：浦东新区暴雨橙色预警，请避险。"


def test_other_times_of_an_edit_stay() -> None:
    text = words(SHOWN)["zh-CN"]["sms"] + "11时30分起地铁停运。"
    done = finished(LATER, {"zh-CN": {"sms": text}})["zh-CN"]["sms"]
    assert done == words(LATER)["zh-CN"]["sms"] + "11时30分起地铁停运。"


def test_texts_by_hand_that_quote_no_sending_time_in_either_language_may_go_out() -> None:
    edits = {
        "zh-CN": {"description": "浦东新区沿江低洼处积水，暴雨橙色预警，请立即转移。", "sms": "浦东新区暴雨橙色预警：请立即转移。"},
        "en-US": {"description": "Orange rainstorm warning for Pudong New Area: leave low ground.", "sms": "Pudong New Area, rainstorm, orange: leave."}}
    assert faults(LATER, edits) == []


def test_a_sending_time_in_one_language_only_is_found() -> None:
    edits = {"zh-CN": {"description": "浦东新区暴雨橙色预警，请立即转移。"}}
    assert faults(LATER, edits) == ["zh-CN description does not say that it was sent at 12时09分"]


def test_a_wrong_colour_hazard_or_place_is_found() -> None:
    found = faults(LATER, {"en-US": {"headline": "Red gale warning"}, "zh-CN": {"sms": "12时05分发布暴雨橙色预警"}})
    assert "en-US headline does not name the colour Orange" in found
    assert "en-US headline names the colour Red, which is not of this warning" in found
    assert "en-US headline does not name the hazard rainstorm" in found
    assert "zh-CN sms does not name 浦东新区" in found
