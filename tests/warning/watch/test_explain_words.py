"""A row's test, and why a level is what it is, in a reader's words, in both languages."""

from datetime import UTC, datetime

import pytest

from warning.level import Level
from warning.watch.basis import Basis, LeafMargin, Step
from warning.watch.explain import explained, words_of

NOON = datetime(2024, 9, 19, 12, tzinfo=UTC)


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


def fog(level: Level, threshold: float, decisive: float | None, *, met: bool | None = False, beyond: float | None = None, cells: int = 0,
        unconfirmed: bool = False) -> Step:  # fmt: skip
    """A colour of fog, where four tenths of the zone must be below the threshold."""
    leaf = LeafMargin(test=f"visibility [m] < {threshold:g}", quantity="visibility [m]", operator="<", threshold=threshold, units="m", peak=100.0,
                      decisive=decisive, hangs=True, beyond=beyond)
    return Step(row=f"fog-{level.key}", level=level, lead_h=12, condition="", met=met, share=0.5 if met else 0.1, known_share=0.6, need=0.4, cells=cells,
                spare_cells=2 if met else -3, leaves=(leaf,), source_en="the order of 2019", source_zh="2019 年规定", confidence="B", unconfirmed=unconfirmed, inherited="", note="")  # fmt: skip


def why(*steps: Step, row: str = "fog-yellow", gauges_over: int = 0, lows: tuple[int, ...] = (0, 2, 3), known: tuple[int, ...] = (3, 2, 1)) -> list[tuple[str, str]]:
    told = Basis(zone="z", row=row, start=NOON, end=NOON, steps=steps, lines=(), patch=None, lows=lows, known=known, cycles_up=2, cycles_down=6,
                 gauges_over=gauges_over)
    return [(one.kind, one.en) for one in explained(told, zone_zh="浦东", zone_en="Pudong")]


def test_of_fog_less_is_worse_and_each_number_that_would_change_the_answer_is_told() -> None:
    yellow = fog(Level.YELLOW, 500, 300.0, met=True, beyond=200.0, cells=5, unconfirmed=True)
    orange = fog(Level.ORANGE, 200, 260.0, beyond=-60.0, cells=1)
    assert why(yellow, orange, gauges_over=2) == [
        ("reached", "Gauges: 2 stations are over the threshold of fog-yellow by themselves."),
        ("reached", "visibility: 40.0 % of Pudong has 300 m; yellow asks for < 500, 200 m to spare. Above 500 m no level would be reached."),
        ("area", "Area: 5 cells are over the yellow threshold, 50.0 %; 40.0 % is asked for. 2 cells fewer would still do."),
        ("short", "Orange is 60 m of visibility away: 40.0 % of Pudong has 260, < 200 is asked for."),
        ("area", "Orange: 1 cells are over its threshold already, 10.0 % where 40.0 % is asked for; 3 more cells would do."),
        ("waits", "Rise: 2 of 2 cycles in a row reached yellow."),
        ("falls", "Fall: it takes 6 cycles with sufficient data below yellow in a row; so far 1."),
        ("source", "Rule fog-yellow (confidence B): the order of 2019. The number is not confirmed by the authority yet."),
    ]


def test_just_at_the_threshold_is_reached_with_nothing_to_spare_and_the_level_below_is_what_would_be_left() -> None:
    said = why(fog(Level.YELLOW, 500, 200.0, met=True, beyond=300.0, cells=9), fog(Level.ORANGE, 200, 200.0, met=True, beyond=0.0, cells=5), row="fog-orange")
    assert said[0] == ("reached", "visibility: 40.0 % of Pudong has 200 m; orange asks for < 200, 0 m to spare. Above 200 m it would be yellow.")
    assert [kind for kind, _ in said] == ["reached", "area", "waits", "falls", "source"]  # nothing of yellow, which is below it
    assert said[2][1] == "Rise: 1 of 2 cycles in a row reached orange."


def test_what_too_little_is_known_of_cannot_be_ruled_out() -> None:
    assert why(fog(Level.RED, 50, None, met=None), row="") == [
        ("unknown", "Red: only 60.0 % of the area is known for all of the 12 h that the rule looks ahead, so it cannot be ruled out.")]
