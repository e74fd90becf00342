"""Wording: every hazard in both languages, the same facts in each, and a wrong text file refused by file, line and key."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from warning.errors import ConfigError, NotFound
from warning.level import Level
from warning.watch.marked import shipped
from warning.wording import Texts, Wording, WordingRequest, agree, names

ZH, EN = Wording.load("zh-CN"), Wording.load("en-US")
REQUEST = WordingRequest(
    issuer_zh="上海中心气象台", issuer_en="Shanghai Meteorological Centre", hazard="rainstorm", hazard_zh="暴雨", hazard_en="rainstorm",
    level=Level.ORANGE, action="new", status="Actual", sent=datetime(2024, 9, 19, 23, 49, tzinfo=UTC),
    onset=datetime(2024, 9, 20, 1, 0, tzinfo=UTC), expires=datetime(2024, 9, 20, 6, 0, tzinfo=UTC),
    areas_zh=("浦东新区", "奉贤区"), areas_en=("Pudong New Area", "Fengxian"),
    quantity="rain", window=timedelta(hours=6), peak=116.2, units="mm")

# The national set with its levels (44 signals of 14 hazards), Shanghai's low temperature and the Huangpu tide.
LEVELS = {
    "typhoon": "blue yellow orange red", "rainstorm": "blue yellow orange red", "snowstorm": "blue yellow orange red",
    "cold_wave": "blue yellow orange red", "gale": "blue yellow orange red", "sandstorm": "yellow orange red", "heat": "yellow orange red",
    "drought": "orange red", "lightning": "yellow orange red", "hail": "orange red", "frost": "blue yellow orange", "fog": "yellow orange red",
    "haze": "yellow orange", "road_icing": "yellow orange red", "low_temperature": "yellow orange",
    "huangpu_tide": "blue yellow orange red", "other": "blue yellow orange red",
}


def both(request: WordingRequest) -> tuple[Texts, Texts]:
    return ZH.texts(request), EN.texts(request)


def test_a_first_warning_follows_the_pattern_of_shanghai() -> None:
    zh, en = both(replace(REQUEST, cause_zh="台风外围云系", cause_en="the outer bands of a typhoon"))
    assert zh.headline == "上海中心气象台发布暴雨橙色预警信号[Ⅱ级/严重]"
    assert zh.description == ("上海中心气象台2024年09月20日07时49分发布暴雨橙色预警信号：受台风外围云系影响，预计20日09时00分至20日14时00分，"
                              "浦东新区、奉贤区6小时累积雨量可达116.2毫米，请注意防范。")
    assert zh.sms == "上海中心气象台20日07时49分发布暴雨橙色预警信号：预计至20日14时00分，浦东新区、奉贤区6小时累积雨量可达116.2毫米。"
    assert zh.title == "暴雨橙色预警信号：浦东新区、奉贤区"
    assert en.headline == "Shanghai Meteorological Centre issues Rainstorm Orange Warning [Level II, serious]"
    assert en.description == (
        "Shanghai Meteorological Centre issues the Rainstorm Orange Warning at 07:49 on 20 September 2024 (Beijing time). Because of the outer "
        "bands of a typhoon, rain of up to 116.2 mm in 6 h is expected in Pudong New Area, Fengxian, from 09:00 on 20 September until 14:00 on "
        "20 September. Take precautions.")


def test_an_update_names_the_old_signal_and_the_new_one() -> None:
    zh, en = both(replace(REQUEST, action="update", previous_level=Level.YELLOW))
    assert zh.headline.startswith("上海中心气象台更新暴雨橙色预警信号")
    assert "更新暴雨黄色预警信号为暴雨橙色预警信号" in zh.description
    assert "由黄色更新为橙色" in zh.description
    assert "updates the Rainstorm Yellow Warning to the Rainstorm Orange Warning" in en.description
    assert "from Yellow to Orange" in en.description


def test_an_update_on_the_same_level_is_a_renewal() -> None:
    zh, en = both(replace(REQUEST, action="update", previous_level=Level.ORANGE))
    assert zh.headline.startswith("上海中心气象台继续发布暴雨橙色预警信号")
    assert "renews the Rainstorm Orange Warning" in en.description


def test_an_update_without_the_old_level_is_refused() -> None:
    with pytest.raises(ValueError, match="needs previous_level"):
        ZH.texts(replace(REQUEST, action="update"))


def test_an_end_says_that_it_is_lifted_and_gives_the_advice_for_afterwards() -> None:
    zh, en = both(replace(REQUEST, action="cancel"))
    assert zh.sms == "上海中心气象台20日07时49分解除浦东新区、奉贤区暴雨橙色预警信号。"
    assert "积水退去之前" in zh.instruction
    assert en.headline.startswith("Shanghai Meteorological Centre lifts Rainstorm Orange Warning")


def test_what_has_begun_is_said_to_last_from_now() -> None:
    zh, _ = both(replace(REQUEST, onset=REQUEST.sent, observed=True, peak=120.0))
    assert "预计目前至20日14时00分" in zh.description
    assert "累积雨量已达120毫米" in zh.description


def test_a_hazard_without_a_number_is_worded_without_one() -> None:
    zh, en = both(replace(REQUEST, hazard="lightning", hazard_zh="雷电", hazard_en="lightning", peak=None, quantity=""))
    assert "浦东新区、奉贤区将受雷电影响" in zh.description
    assert "Lightning is expected in Pudong New Area" in en.description


def test_a_quantity_without_a_line_of_its_own_is_worded_with_its_units() -> None:
    zh, en = both(replace(REQUEST, quantity="wave_height", peak=4.5, units="m"))
    assert "预报值为4.5m" in zh.description
    assert "a forecast value of 4.5 m" in en.sms.lower()


@pytest.mark.parametrize(("status", "zh_mark", "en_mark"), [("Exercise", "【演练】", "[EXERCISE] "), ("Test", "【测试】", "[TEST] ")])
def test_every_text_of_a_drill_begins_with_its_mark(status: str, zh_mark: str, en_mark: str) -> None:
    for texts, mark in zip(both(replace(REQUEST, status=status)), (zh_mark, en_mark), strict=True):  # type: ignore[arg-type]  # parametrized
        for text in (texts.headline, texts.description, texts.instruction, texts.sms, texts.title):
            assert text.startswith(mark)


@pytest.mark.parametrize("wording", [ZH, EN], ids=["zh-CN", "en-US"])
def test_every_hazard_has_advice_at_each_of_its_levels(wording: Wording) -> None:
    assert {key: " ".join(hazard.instruction) for key, hazard in wording.library.hazards.items()} == LEVELS


def test_both_languages_give_the_same_number_of_points() -> None:
    for key, zh in ZH.library.hazards.items():
        en = EN.library.hazards[key]
        assert {level: len(points) for level, points in zh.instruction.items()} == {level: len(points) for level, points in en.instruction.items()}, key
        assert len(zh.after) == len(en.after), key
    assert set(ZH.library.quantities) == set(EN.library.quantities)


def test_both_languages_agree_on_every_hazard_level_and_action() -> None:
    for key, levels in LEVELS.items():
        for level in map(Level.of, levels.split()):
            for action, previous in (("new", None), ("update", Level.BLUE), ("update", Level.RED), ("cancel", None)):
                request = replace(REQUEST, hazard=key, level=level, action=action, previous_level=previous, status="Exercise")  # type: ignore[arg-type]  # a table
                assert agree(*both(request), request) == []


def test_a_level_or_hazard_without_advice_gets_the_general_one() -> None:
    general = ZH.texts(replace(REQUEST, hazard="other", level=Level.RED)).instruction
    assert ZH.texts(replace(REQUEST, hazard="tsunami", level=Level.RED)).instruction == general
    assert ZH.texts(replace(REQUEST, hazard="haze", level=Level.RED)).instruction == general


def test_a_water_authoritys_signal_has_its_own_name() -> None:
    zh = ZH.texts(replace(REQUEST, hazard="huangpu_tide", hazard_zh="黄浦江高潮位", quantity="water_level", window=None, peak=4.6, units="m"))
    assert zh.headline == "上海中心气象台发布黄浦江高潮位橙色预警[Ⅱ级/严重]"
    assert "水位可达4.6米" in zh.description


@pytest.mark.parametrize(("change", "found"), [
    ({"headline": "上海中心气象台发布暴雨预警信号"}, "zh-CN headline does not name the colour 橙色"),
    ({"headline": "上海中心气象台发布暴雨橙色红色预警信号"}, "zh-CN headline names the colour 红色, which is not of this warning"),
    ({"sms": "浦东新区07时49分发布暴雨橙色预警"}, "zh-CN sms does not name 奉贤区"),
    ({"description": "浦东新区、奉贤区发布暴雨橙色预警"}, "zh-CN description does not say that it was sent at 07时49分"),
    ({"headline": "上海中心气象台解除暴雨橙色预警信号"}, "zh-CN headline says that the warning is lifted"),
    ({"headline": "上海中心气象台发布大风橙色预警信号"}, "zh-CN headline does not name the hazard 暴雨"),
])
def test_an_edit_that_parts_the_languages_is_found(change: dict[str, str], found: str) -> None:
    zh, en = both(REQUEST)
    assert found in agree(replace(zh, **change), en, REQUEST)


@pytest.mark.parametrize(("zh_says", "en_says", "found"), [
    ("07时49分发布，预计14时30分前后结束", "sent at 07:49, ends about 14:30", []),
    ("07时49分发布，预计15时结束，6小时内", "sent at 07:49, ends about 14:30", ["en-US description names the times 14:30 and zh-CN 15:00"]),
    ("07时49分发布，9时5分到12时", "sent at 07:49, from 9:05 to 12:00 and until 24:00", ["en-US description names the times 00:00, 09:05, 12:00 and zh-CN 09:05, 12:00"]),
    ("07时49分发布，24时内", "sent at 07:49, ends about 14:30", []),  # only one of them names another time than the sending's
])
def test_a_time_that_one_language_names_otherwise_than_the_other_is_found(zh_says: str, en_says: str, found: list[str]) -> None:
    zh, en = both(REQUEST)
    told = agree(replace(zh, description=f"浦东新区、奉贤区暴雨橙色预警：{zh_says}。"), replace(en, description=f"Orange rainstorm warning, Pudong New Area and Fengxian: {en_says}."), REQUEST)
    assert told == found


def test_a_text_of_a_drill_that_lost_its_mark_is_found() -> None:
    drill = replace(REQUEST, status="Exercise")
    zh, en = both(drill)
    assert agree(replace(zh, headline=zh.headline.removeprefix("【演练】")), en, drill) == ["zh-CN headline does not begin with 【演练】"]


def test_a_latin_word_counts_only_alone_and_also_beside_chinese() -> None:
    assert names("The level is red.", "Red")
    assert not names("reduced speed", "red")
    assert names("发布PM2.5预警", "PM2.5")
    assert names("anything", "")


def edited(tmp_path: Path, old: str, new: str) -> Path:
    text = (shipped() / "texts" / "zh-CN.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "zh-CN.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(("old", "new", "words"), [
    ("{{ issuer }}{{ action }}{{ signal }}", "{{ isuer }}{{ action }}{{ signal }}", r"zh-CN.yaml:\d+: templates.headline: no such variable isuer"),
    ("{{ issuer }}{{ action }}", "{{ issuer }{{ action }}", r"zh-CN.yaml:\d+: templates.headline: is no template"),
    ("separator:", "seperator:", r"zh-CN.yaml:\d+: seperator: no such key; did you mean 'separator'"),
    ("    after:\n", "    afterwards:\n", r"hazards.typhoon.after: this key is missing"),
    ("rank: meteorological", "rank: military", r"rank 'military' is none of ranks"),
    ("  other: \"{{ '实测值'", "  else: \"{{ '实测值'", r"quantities has no 'other'"),
    ("language: zh-CN", "language: zh-TW", r"zh-CN.yaml:\d+: language: is 'zh-TW', but 'zh-CN' was asked for"),
])
def test_a_wrong_text_file_is_refused_by_file_and_key(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Wording.load("zh-CN", source=edited(tmp_path, old, new))


def test_a_template_that_fails_when_it_is_used_names_its_key(tmp_path: Path) -> None:
    wording = Wording.load("zh-CN", source=edited(tmp_path, "{{ hour }}时{{ minute }}分\"\n  short", "{{ hour / 0 }}时\"\n  short"))
    with pytest.raises(ConfigError, match=r"zh-CN.yaml: times.long: the template fails"):
        wording.texts(REQUEST)


def test_a_template_cannot_reach_into_python(tmp_path: Path) -> None:
    wording = Wording.load("zh-CN", source=edited(tmp_path, "title: \"{{ signal }}", "title: \"{{ signal.__class__.__mro__ }}{{ signal }}"))
    with pytest.raises(ConfigError, match="templates.title"):
        wording.texts(REQUEST)


def test_the_rank_words_are_a_choice(tmp_path: Path) -> None:
    law = Wording.load("zh-CN", source=edited(tmp_path, "rank: meteorological", "rank: emergency_law"))
    assert law.texts(REQUEST).headline.endswith("[Ⅱ级/重大]")
    none = Wording.load("zh-CN", source=edited(tmp_path, "rank: meteorological", "rank: \"\""))
    assert none.texts(REQUEST).headline == "上海中心气象台发布暴雨橙色预警信号"


def test_a_language_without_texts_is_named() -> None:
    with pytest.raises(NotFound, match="no texts in 'fr-FR'"):
        Wording.load("fr-FR")
