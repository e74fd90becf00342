"""A row's test in a reader's words, in both languages."""

import pytest

from warning.watch.explain import words_of


@pytest.mark.parametrize(("text", "zh", "en"), [
    ("rain/6h [mm] >= 50", "6 小时雨量 ≥ 50 毫米", "rain in 6 h ≥ 50 mm"),
    ("visibility [m] < 200", "能见度 < 200 米", "visibility < 200 m"),
    ("tmin [degC] <= -6", "日最低气温 ≤ -6 ℃", "daily minimum ≤ -6 °C"),
    ("tmax [degC] >= 35 on 3 days", "日最高气温 ≥ 35 ℃（连续 3 天）", "daily maximum ≥ 35 °C on 3 days"),
    ("probability(rain/24h [mm] >= 50) [1] >= 0.4", "概率 ≥ 40.0 %：24 小时雨量 ≥ 50 毫米", "probability ≥ 40.0 %: rain in 24 h ≥ 50 mm"),
    ("probability(rain/6h [mm] >= 50 and gust_bft [bft] >= 8) [1] >= 0.6", "概率 ≥ 60.0 %：6 小时雨量 ≥ 50 毫米 且 阵风 ≥ 8 级",
     "probability ≥ 60.0 %: rain in 6 h ≥ 50 mm and gusts ≥ 8 Bft"),
])  # fmt: skip
def test_a_test_is_said_in_both_languages(text: str, zh: str, en: str) -> None:
    assert words_of(text) == (zh, en)
