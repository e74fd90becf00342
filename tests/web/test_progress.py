"""How it goes out, in words: the countdown of ten minutes, a channel's bar with its first and last acceptance, the districts."""

import re
from collections.abc import Mapping

import pytest
import shapely

from geo.zone import Zone, ZoneSet
from warning.store.board import Race
from warning.store.outgoing import Accepted, Progress
from warning.web.console.progress import by_district, countdown, meter
from warning.web.words import Lang

ZONES = ZoneSet(origin="test", zones=tuple(
    Zone(code=code, name_zh=zh, name_en=en, level="district", geometry=shapely.box(number, 0, number + 1, 1))
    for number, (code, zh, en) in enumerate((("310115", "浦东新区", "Pudong"), ("310116", "金山区", "Jinshan"), ("310120", "奉贤区", "A<b>")))))


def seen(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def widths(html: str) -> list[tuple[str, str]]:
    return re.findall(r"<i class='s-(\w+)' style='width:([\d.]+)%'", html)


@pytest.mark.parametrize(("elapsed", "done", "zh", "en", "kind"), [
    (0.0, False, "10:00", "10:00", ""),
    (61.4, False, "8:58", "8:58", ""),  # 538.6 s are left: 8 whole minutes and 58 whole seconds
    (600.0, False, "0:00", "0:00", ""),
    (605.0, False, "已超时 0:05", "over time by 0:05", "late"),
    (3725.0, False, "已超时 52:05", "over time by 52:05", "late"),  # 3725 - 600 = 3125 s = 52 · 60 + 5
    (187.9, True, "全部完成，用时 3:07", "complete in 3:07", "done"),
    (600.0, True, "全部完成，用时 10:00", "complete in 10:00", "done"),
    (601.0, True, "全部完成，用时 10:01", "complete in 10:01", "late"),
])
def test_the_clock_says_what_is_left_of_the_ten_minutes_or_what_it_took_or_by_how_much_it_is_late(
    elapsed: float, done: bool, zh: str, en: str, kind: str
) -> None:
    progress = Progress(race=Race(elapsed_s=elapsed, done=done))
    assert (countdown(progress, "zh"), countdown(progress, "en")) == ((zh, kind), (en, kind))


STATES = {"queued": 1250, "failed": 250, "delivered": 3000, "accepted": 500}


@pytest.mark.parametrize(("lang", "said"), [
    ("zh", "短信 已送达 3,000 · 已受理 500 · 排队 1,250 · 失败 250 首条→末条受理 0:04 → 1:12"),
    ("en", "text message delivered 3,000 · accepted 500 · queued 1,250 · failed 250 first → last accepted 0:04 → 1:12")])
def test_a_channel_says_its_numbers_in_words_and_when_its_first_and_last_was_accepted(lang: Lang, said: str) -> None:
    html = meter(lang, "sms", STATES, Accepted(first_s=4.2, last_s=72.9))
    assert seen(html) == said
    assert widths(html) == [("delivered", "60.0"), ("accepted", "10.0"), ("queued", "25.0"), ("failed", "5.0")]  # of 5,000


def test_a_channel_that_accepted_one_says_it_twice_and_one_that_accepted_none_says_nothing_of_it() -> None:
    assert seen(meter("en", "sms", {"accepted": 1}, Accepted(first_s=63.0))) == "text message accepted 1 first → last accepted 1:03 → 1:03"
    for none in (None, Accepted()):
        assert seen(meter("en", "sms", {"queued": 1}, none)) == "text message queued 1"
    assert widths(meter("en", "sms", {})) == []


@pytest.mark.parametrize(("lang", "said"), [
    ("zh", "各区居民 区域 已到达 金山区 0 / 40 0% 浦东新区 750 / 1,000 75% 奉贤区 30 / 30 100%"),
    ("en", "Residents by district zones reached Jinshan 0 / 40 0% Pudong 750 / 1,000 75% A&lt;b&gt; 30 / 30 100%")])
def test_the_district_that_fewest_were_reached_in_comes_first(lang: Lang, said: str) -> None:
    districts: Mapping[str, tuple[int, int]] = {"310120": (30, 30), "310115": (750, 1000), "310116": (0, 40)}
    html = by_district(ZONES, lang, districts)
    assert seen(html) == said
    assert widths(html) == [("accepted", "0.0"), ("accepted", "75.0"), ("accepted", "100.0")]
