"""Every decidable row, national and Shanghai: at, just below and just above its threshold, by hand from the regulation."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from geo.criterion import AnyOf, Comparison, Criterion
from warning.level import Level
from warning.watch.rulefile import load_rule_sets

SETS = load_rule_sets()
NATIONAL, SHANGHAI = "national-2007", "shanghai-2019"

Values = dict[str, float]
Case = tuple[str, str, str, float, list[Values], list[Values]]


def holds(criterion: Criterion, values: Mapping[str, float]) -> bool:
    """The criterion on single numbers: the plainest reading, against which the YAML is checked."""
    if isinstance(criterion, Comparison):
        window = criterion.quantity.window
        value = values[criterion.quantity.name + ("" if window is None else f"/{window // timedelta(hours=1)}")]
        return {
            ">=": value >= criterion.value,
            ">": value > criterion.value,
            "<=": value <= criterion.value,
            "<": value < criterion.value,
        }[criterion.operator]
    parts = [holds(part, values) for part in criterion.parts]
    return any(parts) if isinstance(criterion, AnyOf) else all(parts)


def wind(rule_set: str, hazard: str, level: str, lead: float, mean: int, gust: int) -> Case:
    yes: list[Values] = [
        {"mean_bft": mean, "gust_bft": 0},
        {"mean_bft": 0, "gust_bft": gust},
        {"mean_bft": mean + 1, "gust_bft": gust + 1},
    ]
    return (rule_set, hazard, level, lead, yes, [{"mean_bft": mean - 1, "gust_bft": gust - 1}])


def at_least(rule_set: str, hazard: str, level: str, lead: float, name: str, value: float, step: float) -> Case:
    return (rule_set, hazard, level, lead, [{name: value}, {name: value + step}], [{name: value - step}])


def at_most(rule_set: str, hazard: str, level: str, lead: float, name: str, value: float, step: float) -> Case:
    return (rule_set, hazard, level, lead, [{name: value}, {name: value - step}], [{name: value + step}])


def below(rule_set: str, hazard: str, level: str, lead: float, name: str, value: float, step: float) -> Case:
    return (rule_set, hazard, level, lead, [{name: value - step}], [{name: value}, {name: value + step}])


def rain(level: str, one_hour: float, six_hours: float) -> Case:
    yes: list[Values] = [
        {"rain/1": one_hour, "rain/6": 0},
        {"rain/1": 0, "rain/6": six_hours},
        {"rain/1": one_hour + 0.1, "rain/6": six_hours + 0.1},
    ]
    return (SHANGHAI, "rainstorm", level, 6, yes, [{"rain/1": one_hour - 0.1, "rain/6": six_hours - 0.1}])


def cold(rule_set: str, level: str, lead: float, drop: float, window: int, tmin: float, mean: int) -> Case:
    at = {f"temperature_drop/{window}": drop, "tmin": tmin, "mean_bft": float(mean)}
    over = {f"temperature_drop/{window}": drop + 0.1, "tmin": tmin - 0.1, "mean_bft": mean + 1.0}
    short = [
        {**over, f"temperature_drop/{window}": drop - 0.1},
        {**over, "tmin": tmin + 0.1},
        {**over, "mean_bft": mean - 1.0},
    ]
    return (rule_set, "cold_wave", level, lead, [at, over], short)


def icing(rule_set: str, level: str, lead: float) -> Case:
    yes: list[Values] = [{"road_temperature": -0.1, "rain/1": 0.1}, {"road_temperature": -5, "rain/1": 3}]
    no: list[Values] = [{"road_temperature": 0, "rain/1": 0.1}, {"road_temperature": -0.1, "rain/1": 0.0}]
    return (rule_set, "road_icing", level, lead, yes, no)


TABLE: list[Case] = [
    wind(NATIONAL, "typhoon", "blue", 24, 6, 8),
    wind(NATIONAL, "typhoon", "yellow", 24, 8, 10),
    wind(NATIONAL, "typhoon", "orange", 12, 10, 12),
    wind(NATIONAL, "typhoon", "red", 6, 12, 14),
    at_least(NATIONAL, "rainstorm", "blue", 12, "rain/12", 50, 0.1),
    at_least(NATIONAL, "rainstorm", "yellow", 6, "rain/6", 50, 0.1),
    at_least(NATIONAL, "rainstorm", "orange", 3, "rain/3", 50, 0.1),
    at_least(NATIONAL, "rainstorm", "red", 3, "rain/3", 100, 0.1),
    at_least(NATIONAL, "snowstorm", "blue", 12, "snow_water/12", 4, 0.1),
    at_least(NATIONAL, "snowstorm", "yellow", 12, "snow_water/12", 6, 0.1),
    at_least(NATIONAL, "snowstorm", "orange", 6, "snow_water/6", 10, 0.1),
    at_least(NATIONAL, "snowstorm", "red", 6, "snow_water/6", 15, 0.1),
    cold(NATIONAL, "blue", 48, 8, 48, 4, 5),
    cold(NATIONAL, "yellow", 24, 10, 24, 4, 6),
    cold(NATIONAL, "orange", 24, 12, 24, 0, 6),
    cold(NATIONAL, "red", 24, 16, 24, 0, 6),
    wind(NATIONAL, "gale", "blue", 24, 6, 7),
    wind(NATIONAL, "gale", "yellow", 12, 8, 9),
    wind(NATIONAL, "gale", "orange", 6, 10, 11),
    wind(NATIONAL, "gale", "red", 6, 12, 13),
    below(NATIONAL, "sandstorm", "yellow", 12, "visibility", 1000, 1),
    below(NATIONAL, "sandstorm", "orange", 6, "visibility", 500, 1),
    below(NATIONAL, "sandstorm", "red", 6, "visibility", 50, 1),
    at_least(NATIONAL, "heat", "yellow", 72, "tmax", 35, 0.1),
    at_least(NATIONAL, "heat", "orange", 24, "tmax", 37, 0.1),
    at_least(NATIONAL, "heat", "red", 24, "tmax", 40, 0.1),
    at_most(NATIONAL, "frost", "blue", 48, "ground_tmin", 0, 0.1),
    at_most(NATIONAL, "frost", "yellow", 24, "ground_tmin", -3, 0.1),
    at_most(NATIONAL, "frost", "orange", 24, "ground_tmin", -5, 0.1),
    below(NATIONAL, "fog", "yellow", 12, "visibility", 500, 1),
    below(NATIONAL, "fog", "orange", 6, "visibility", 200, 1),
    below(NATIONAL, "fog", "red", 2, "visibility", 50, 1),
    below(NATIONAL, "haze", "yellow", 12, "visibility", 3000, 1),
    below(NATIONAL, "haze", "orange", 6, "visibility", 2000, 1),
    icing(NATIONAL, "yellow", 12),
    icing(NATIONAL, "orange", 6),
    icing(NATIONAL, "red", 2),
    wind(SHANGHAI, "typhoon", "blue", 24, 6, 8),
    wind(SHANGHAI, "typhoon", "yellow", 24, 8, 10),
    wind(SHANGHAI, "typhoon", "orange", 12, 10, 12),
    wind(SHANGHAI, "typhoon", "red", 6, 12, 14),
    rain("blue", 35, 50),
    rain("yellow", 50, 80),
    rain("orange", 80, 100),
    rain("red", 100, 150),
    at_least(SHANGHAI, "snowstorm", "blue", 12, "snow_water/12", 2, 0.1),
    at_least(SHANGHAI, "snowstorm", "yellow", 12, "snow_water/12", 4, 0.1),
    at_least(SHANGHAI, "snowstorm", "orange", 6, "snow_water/6", 6, 0.1),
    at_least(SHANGHAI, "snowstorm", "red", 6, "snow_water/6", 15, 0.1),
    (
        SHANGHAI,
        "cold_wave",
        "blue",
        48,
        [{"temperature_drop/48": 8, "tmin": 4}, {"temperature_drop/48": 8.1, "tmin": 3.9}],
        [{"temperature_drop/48": 7.9, "tmin": 4}, {"temperature_drop/48": 8, "tmin": 4.1}],
    ),
    cold(SHANGHAI, "yellow", 24, 10, 24, 4, 6),
    cold(SHANGHAI, "orange", 24, 12, 24, 0, 6),
    cold(SHANGHAI, "red", 24, 16, 24, 0, 6),
    wind(SHANGHAI, "gale", "blue", 24, 6, 8),
    wind(SHANGHAI, "gale", "yellow", 12, 8, 10),
    wind(SHANGHAI, "gale", "orange", 6, 10, 12),
    wind(SHANGHAI, "gale", "red", 6, 12, 13),
    at_most(SHANGHAI, "low_temperature", "orange", 24, "tmin", -6, 0.1),
    at_most(SHANGHAI, "frost", "blue", 48, "ground_tmin", 0, 0.1),
    at_most(SHANGHAI, "frost", "yellow", 24, "ground_tmin", -3, 0.1),
    at_most(SHANGHAI, "frost", "orange", 24, "ground_tmin", -5, 0.1),
    at_least(SHANGHAI, "heat", "yellow", 24, "tmax", 35, 0.1),
    at_least(SHANGHAI, "heat", "orange", 24, "tmax", 37, 0.1),
    at_least(SHANGHAI, "heat", "red", 24, "tmax", 40, 0.1),
    below(SHANGHAI, "fog", "yellow", 12, "visibility", 500, 1),
    below(SHANGHAI, "fog", "orange", 6, "visibility", 200, 1),
    below(SHANGHAI, "fog", "red", 2, "visibility", 50, 1),
    below(SHANGHAI, "haze", "yellow", 12, "visibility", 3000, 1),
    below(SHANGHAI, "haze", "orange", 6, "visibility", 2000, 1),
    icing(SHANGHAI, "yellow", 12),
    icing(SHANGHAI, "orange", 6),
    icing(SHANGHAI, "red", 2),
    at_least("hydrology-shanghai", "huangpu_tide", "blue", 24, "water_level", 4.55, 0.01),
]


@pytest.mark.parametrize("case", TABLE, ids=lambda case: "/".join(case[:3]))
def test_a_row_says_yes_at_its_threshold_and_no_just_short_of_it(case: Case) -> None:
    rule_set, hazard, level, lead, yes, no = case
    rule = SETS[rule_set].rule(hazard, Level.of(level))
    assert rule.criterion is not None
    assert [holds(rule.criterion, values) for values in yes] == [True] * len(yes)
    assert [holds(rule.criterion, values) for values in no] == [False] * len(no)
    assert rule.lead == timedelta(hours=lead)


def test_the_table_leaves_out_no_decidable_row() -> None:
    rows = {rule.row for one in SETS.values() for rule in one.rules if rule.criterion is not None}
    assert {"/".join(case[:3]) for case in TABLE} == rows
    assert len(TABLE) == len(rows)


def test_national_heat_yellow_alone_asks_for_three_days() -> None:
    days = {
        rule.row: rule.criterion.days
        for one in SETS.values()
        for rule in one.rules
        if isinstance(rule.criterion, Comparison) and rule.criterion.days > 1
    }
    assert days == {"national-2007/heat/yellow": 3}
