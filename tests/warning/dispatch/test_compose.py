"""Composing: the right language, the right length, and never without colour, place, hazard, issuer, time or a drill's mark."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warning import cap, capxml
from warning.dispatch.compose import SIGNATURE, WITH_CAP, Composed, compose, segments
from warning.errors import Invalid
from warning.issue.build import AlertRequest, build_alert
from warning.level import Level
from warning.wording import Texts

SENT = datetime(2024, 9, 19, 23, 49, tzinfo=UTC)  # 07:49 in Beijing on the 20th
ISSUER = "上海中心气象台"
ZH = Texts(
    headline="上海中心气象台发布暴雨橙色预警信号[Ⅱ级/严重]", description="上海中心气象台2024年09月20日07时49分发布暴雨橙色预警信号：浦东新区、奉贤区有大雨。",
    instruction="1. 不外出。\n2. 不涉水。", sms="上海中心气象台20日07时49分发布暴雨橙色预警信号：浦东新区、奉贤区6小时雨量可达116.2毫米。", title="")
EN = Texts(
    headline="Shanghai Centre issues Rainstorm Orange Warning [Level II]", description="Shanghai Centre issues it at 07:49.",
    instruction="1. Stay in.", sms="Shanghai Centre issues Rainstorm Orange Warning at 07:49 on 20 September: rain in Pudong New Area, Fengxian.",
    title="")
REQUEST = AlertRequest(
    issuer_zh=ISSUER, issuer_en="Shanghai Centre", sender_code="31000041600000", identifier="31000041600000_20240920074900", event_id="e1",
    hazard_zh="暴雨", hazard_en="rainstorm", event_code="11B03", level=Level.ORANGE, action="new", status="Actual",
    zones=(("310115", "浦东新区", "Pudong New Area"), ("310120", "奉贤区", "Fengxian")), sent=SENT, expires=SENT + timedelta(hours=6),
    texts_zh=ZH, texts_en=EN)
ALERT = build_alert(REQUEST)
DRILL = build_alert(replace(REQUEST, status="Exercise"))
MANY = build_alert(replace(
    REQUEST, zones=tuple((f"3101{n:02d}", f"第{n}区", f"District {n}") for n in range(1, 17))))


def sms(alert: cap.Alert, max_chars: int | None = None, language: str = "zh-CN") -> Composed:
    return compose(alert, channel="sms", language=language, max_chars=max_chars)


def test_a_short_message_is_signature_short_form_and_advice() -> None:
    done = sms(ALERT)
    assert done.text == f"【上海预警】{ZH.sms}\n1. 不外出。\n2. 不涉水。"
    assert not done.shortened
    assert done.body == b""


LADDER = (
    SIGNATURE + ZH.sms,
    "【上海预警】上海中心气象台发布暴雨橙色预警信号[Ⅱ级/严重]（20日07时49分，浦东新区、奉贤区）",
    "【上海预警】上海中心气象台发布暴雨橙色预警信号[Ⅱ级/严重]（20日07时49分，浦东新区等2地）",
    "【上海预警】上海中心气象台发布暴雨橙色预警信号（20日07时49分，浦东新区等2地）",
)


def test_the_advice_is_dropped_first_then_the_detail_then_the_places_but_one_then_the_rank() -> None:
    assert [len(text) for text in LADDER] == [56, 50, 49, 42]
    assert len(sms(ALERT).text) == 56 + 2 * len("\n1. 不外出。") == 72
    for limit, step in ((71, 0), (56, 0), (55, 1), (50, 1), (49, 2), (48, 3), (42, 3)):
        done = sms(ALERT, limit)
        assert (done.text, done.shortened) == (LADDER[step], True)


def test_what_cannot_be_said_without_losing_colour_or_place_is_refused_with_the_length_it_needs() -> None:
    with pytest.raises(Invalid, match=r"cannot be said in 41 characters .* allow 42"):
        sms(ALERT, 41)


def test_the_mark_of_a_drill_stands_in_every_message_of_every_length() -> None:
    for channel in ("sms", "email", "webpush", "webhook", "apprise"):
        for language, mark in (("zh-CN", "【演练】"), ("en-US", "[EXERCISE] ")):
            for limit in (None, 400, 200, 160):
                done = compose(DRILL, channel=channel, language=language, max_chars=limit)
                assert mark in done.text
                assert done.subject.startswith(mark)
    assert sms(DRILL).text.startswith("【上海预警】【演练】上海中心气象台")


def test_a_mark_that_an_alert_lost_is_put_back() -> None:
    bare = replace(DRILL, infos=tuple(
        replace(info, headline=info.headline.removeprefix("【演练】"), parameters=info.parameters[:1]) for info in DRILL.infos))
    assert sms(bare).text.startswith("【上海预警】【演练】")


@settings(max_examples=60, deadline=None)
@given(st.integers(20, 400), st.sampled_from(["sms", "email", "webpush", "page"]), st.sampled_from(["zh-CN", "en-US"]), st.booleans())
def test_no_length_costs_colour_place_hazard_issuer_time_or_mark(limit: int, channel: str, language: str, drill: bool) -> None:
    try:
        done = compose(DRILL if drill else ALERT, channel=channel, language=language, max_chars=limit)
    except Invalid:
        return
    musts = (("橙色", "暴雨", ISSUER, "07时49分", "浦东新区", "发布") if language == "zh-CN"
             else ("Orange", "Rainstorm", "Shanghai Centre", "07:49", "Pudong New Area", "issues"))
    assert all(must in done.text for must in musts)
    assert ("【演练】" in done.text or "[EXERCISE]" in done.text) is drill
    assert len(done.text) <= limit


def test_a_short_form_that_an_operator_made_too_short_is_not_used() -> None:
    careless = build_alert(replace(REQUEST, texts_zh=replace(ZH, sms="暴雨橙色！")))
    text = sms(careless).text
    assert "浦东新区" in text
    assert "07时49分" in text


def test_sixteen_districts_become_the_first_and_their_number_only_when_they_must() -> None:
    assert "第16区" in sms(MANY).text
    assert "第1区等16地" in sms(MANY, 60).text


def test_the_nearest_language_is_taken() -> None:
    assert "issues Rainstorm Orange Warning" in sms(ALERT, language="en-GB").text
    assert "暴雨" in sms(ALERT, language="zh-TW").text
    assert "issues Rainstorm" in sms(ALERT, language="fr-FR").text


@pytest.mark.parametrize(("text", "parts"), [("好" * 70, 1), ("好" * 71, 2), ("好" * 134, 2), ("好" * 135, 3), ("a" * 70, 1), ("😀" * 35, 1), ("😀" * 36, 2)])
def test_segments_are_counted_in_utf_16_units(text: str, parts: int) -> None:
    assert segments(text) == parts


def test_an_e_mail_has_everything() -> None:
    done = compose(ALERT, channel="email", language="zh-CN")
    assert done.subject == ZH.headline
    for part in (ZH.description, "1. 不外出。", "区域：浦东新区、奉贤区", "发布：上海中心气象台，20日07时49分", "有效至：20日13时49分", ALERT.identifier):
        assert part in done.text
    assert done.segments == 0


@pytest.mark.parametrize("channel", WITH_CAP)
def test_a_program_gets_the_cap_document(channel: str) -> None:
    done = compose(ALERT, channel=channel, language="zh-CN")
    assert done.content_type == "application/cap+xml"
    assert capxml.read(done.body).alert == ALERT


def test_a_push_has_a_short_title() -> None:
    assert compose(ALERT, channel="webpush", language="zh-CN").subject == "暴雨橙色预警发布"
    assert compose(DRILL, channel="webpush", language="en-US").subject == "[EXERCISE] Rainstorm Orange warning issued"
    assert compose(ALERT, channel="webpush", language="zh-CN").text == ZH.sms


def ended() -> cap.Alert:
    return build_alert(replace(
        REQUEST, action="cancel", references=(replace(ALERT.reference, identifier="31000041600000_20240920062000"),),
        texts_zh=replace(ZH, headline="上海中心气象台解除暴雨橙色预警信号", sms="上海中心气象台20日07时49分解除浦东新区、奉贤区暴雨橙色预警信号。"),
        texts_en=replace(EN, headline="Shanghai Centre lifts Rainstorm Orange Warning")))


def test_an_end_says_so_at_every_length() -> None:
    for limit in (None, 70, 50, 45):
        assert "解除" in sms(ended(), limit).text
    # the English short form of this alert forgot to say it, so it is not used
    assert "lifts Rainstorm Orange Warning" in sms(ended(), language="en-US").text


def test_a_headline_that_does_not_say_that_it_ends_is_said_for_it() -> None:
    silent = replace(ended(), infos=tuple(replace(info, headline="暴雨橙色") for info in ended().infos))
    assert compose(silent, channel="email", language="zh-CN").subject == "上海中心气象台解除暴雨橙色预警：暴雨橙色"


def test_a_reader_whose_place_left_the_area_is_told_that_and_nothing_else() -> None:
    update = replace(ALERT, msg_type="Update", references=(replace(ALERT.reference, identifier="31000041600000_20240920062000"),))
    done = compose(update, channel="sms", language="zh-CN", left_area=True)
    assert done.text == ("【上海预警】上海中心气象台20日07时49分更新暴雨橙色预警范围，现为浦东新区、奉贤区，不再包括您登记的地点，该地点的预警解除。")
    push = compose(update, channel="webpush", language="en-US", left_area=True)
    assert push.subject == "Rainstorm Orange warning lifted for your place"
    assert "Your place is no longer in it" in push.text


def test_a_partners_alert_without_colour_or_short_form_is_worded_from_what_it_has() -> None:
    info = cap.Info(event="洪水", language="zh-CN", categories=("Met",), urgency="Immediate", severity="Severe", certainty="Observed",
                    description="水位上涨。", areas=(cap.Area(area_desc="青浦区"),))
    partner = cap.Alert(identifier="p1", sender="water", sent=SENT, status="Actual", msg_type="Alert", scope="Public", infos=(info,))
    assert sms(partner).text == "【上海预警】water发布洪水预警（20日07时49分，青浦区）：水位上涨。"


def test_an_alert_without_info_has_nothing_to_say() -> None:
    with pytest.raises(Invalid, match="has no info"):
        sms(replace(ALERT, infos=()))
