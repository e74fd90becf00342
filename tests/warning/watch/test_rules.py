"""The shipped rule sets: how many, whose, how sure."""

import re
from collections import Counter
from datetime import date, timedelta

import pytest

from geo.criterion import AllOf, comparisons
from geo.quantity import Quantity
from warning.level import Level
from warning.watch.rule import decidable, with_variant
from warning.watch.rulefile import QUANTITIES, load_rule_sets, quantities

_HAN = re.compile("[\u4e00-\u9fff]")
SETS = load_rule_sets()
NATIONAL, SHANGHAI, TIDE = SETS["national-2007"], SETS["shanghai-2019"], SETS["hydrology-shanghai"]


def test_the_national_set_has_44_signals_of_14_hazards() -> None:
    counts = Counter(rule.hazard.key for rule in NATIONAL.rules)
    assert counts == {
        "typhoon": 4,
        "rainstorm": 4,
        "snowstorm": 4,
        "cold_wave": 4,
        "gale": 4,
        "sandstorm": 3,
        "heat": 3,
        "drought": 2,
        "lightning": 3,
        "hail": 2,
        "frost": 3,
        "fog": 3,
        "haze": 2,
        "road_icing": 3,
    }
    assert sum(counts.values()) == 44


def test_shanghai_has_13_signals_without_drought_and_sandstorm_but_with_low_temperature() -> None:
    keys = {hazard.key for hazard in SHANGHAI.hazards}
    assert len(keys) == 13
    assert keys == {hazard.key for hazard in NATIONAL.hazards} - {"drought", "sandstorm"} | {"low_temperature"}
    assert len(SHANGHAI.rules) == 41
    assert date(2019, 6, 1) == SHANGHAI.valid_from


def test_event_codes_are_those_of_the_national_platform() -> None:
    codes = {hazard.key: hazard.event_code for hazard in (*NATIONAL.hazards, *SHANGHAI.hazards)}
    assert codes == {
        "typhoon": "11B01",
        "rainstorm": "11B03",
        "snowstorm": "11B04",
        "cold_wave": "11B05",
        "gale": "11B06",
        "sandstorm": "11B07",
        "heat": "11B09",
        "drought": "11B22",
        "lightning": "11B14",
        "hail": "11B15",
        "frost": "11B16",
        "fog": "11B17",
        "haze": "11B19",
        "road_icing": "11B21",
        "low_temperature": "11B56",
    }
    assert NATIONAL.hazard("drought").aliases == ("11A52",)


def test_manual_rows_have_a_reason_and_no_criterion() -> None:
    manual = {rule.row for one in SETS.values() for rule in one.rules if rule.criterion is None}
    assert manual == (
        {f"national-2007/{row}" for row in ("drought/orange", "drought/red")}
        | {f"{s}/lightning/{level}" for s in ("national-2007", "shanghai-2019") for level in ("yellow", "orange", "red")}
        | {f"{s}/hail/{level}" for s in ("national-2007", "shanghai-2019") for level in ("orange", "red")}
        | {"shanghai-2019/low_temperature/yellow"}
        | {f"hydrology-shanghai/huangpu_tide/{level}" for level in ("yellow", "orange", "red")}
    )
    assert all(bool(rule.manual) == (rule.criterion is None) for one in SETS.values() for rule in one.rules)


def test_every_k_or_u_row_of_shanghai_is_flagged_and_takes_the_national_number_where_there_is_one() -> None:
    unsure = [rule for rule in SHANGHAI.rules if rule.confidence in ("K", "U")]
    assert unsure
    assert all(rule.unconfirmed for rule in unsure)
    own = {rule.row for rule in unsure if rule.inherited != "national-2007"}
    assert own == {"shanghai-2019/low_temperature/yellow"}, "the national order has no such signal"
    for rule in unsure:
        if rule.inherited:
            parent = NATIONAL.rule(rule.hazard.key, rule.level)
            assert (rule.criterion, rule.manual, rule.lead) == (parent.criterion, parent.manual, parent.lead)


def test_rows_to_be_confirmed_by_the_user_show_it() -> None:
    flagged = {f"{rule.hazard.key}/{rule.level.key}" for rule in SHANGHAI.rules if rule.unconfirmed}
    assert {"snowstorm/red", "gale/red", "heat/yellow", "cold_wave/yellow", "low_temperature/orange"} <= flagged
    assert "rainstorm/red" not in flagged
    assert "heat/orange" not in flagged


def test_every_row_names_a_source_in_both_languages_and_a_confidence() -> None:
    for one in SETS.values():
        for rule in (*one.rules, *one.variants):
            assert _HAN.search(rule.source.zh), rule.row
            assert not _HAN.search(rule.source.en), rule.row
            assert rule.confidence in ("A", "B", "B-", "C", "K", "U")
            assert rule.lead > timedelta(0)


def test_row_ids_are_stable_and_unique() -> None:
    rows = [rule.row for one in SETS.values() for rule in (*one.rules, *one.variants)]
    assert len(set(rows)) == len(rows)
    assert SHANGHAI.rule("rainstorm", Level.RED).row == "shanghai-2019/rainstorm/red"


def test_every_hazard_knows_its_neighbours_by_cause() -> None:
    groups = {hazard.key: hazard.cause.group for hazard in NATIONAL.hazards if hazard.cause}
    assert groups == {"typhoon": "wind", "gale": "wind", "sandstorm": "visibility", "fog": "visibility", "haze": "visibility"}


def test_a_signed_criterion_asks_for_humidity_in_the_same_cells() -> None:
    rule = SHANGHAI.rule("fog", Level.YELLOW)
    assert isinstance(rule.signed, AllOf)
    assert str(rule.signed) == "(visibility [m] < 500 and relative_humidity [%] >= 80)"
    assert SHANGHAI.rule("typhoon", Level.RED).signed is None
    assert SHANGHAI.rule("rainstorm", Level.RED).signed is None


def test_the_pm25_variant_is_off_until_it_is_chosen() -> None:
    chosen = with_variant(NATIONAL, "pm25")
    assert "pm25" not in str(NATIONAL.rule("haze", Level.YELLOW).criterion)
    assert "pm25" in str(chosen.rule("haze", Level.YELLOW).criterion)
    assert chosen.rule("haze", Level.ORANGE) == NATIONAL.rule("haze", Level.ORANGE)
    assert len(chosen.rules) == 44
    with pytest.raises(KeyError, match="no variant 'pm10' in national-2007; it has pm25"):
        with_variant(NATIONAL, "pm10")


def test_the_tide_is_read_at_one_station_by_a_water_authority() -> None:
    blue = TIDE.rule("huangpu_tide", Level.BLUE)
    assert blue.site == "suzhou-creek-mouth"
    assert str(blue.criterion) == "water_level [m] >= 4.55"
    assert decidable(TIDE.rules) == (blue,)


def test_the_quantities_a_set_needs_are_known_by_name_and_unit() -> None:
    needed = quantities(SHANGHAI)
    assert Quantity(name="rain", units="mm", window=timedelta(hours=6)) in needed
    assert Quantity(name="relative_humidity", units="%") in needed, "the sign of fog and haze"
    assert not any(quantity.name == "pm25" for quantity in needed)
    for one in SETS.values():
        for rule in (*one.rules, *one.variants):
            if rule.criterion is not None:
                for leaf in comparisons(rule.criterion):
                    assert QUANTITIES[leaf.quantity.name][0] == leaf.quantity.units


def test_a_missing_row_names_the_set_and_the_colour() -> None:
    with pytest.raises(KeyError, match="no blue heat in shanghai-2019"):
        SHANGHAI.rule("heat", Level.BLUE)
    with pytest.raises(KeyError, match="no hazard 'ozone' in shanghai-2019"):
        SHANGHAI.hazard("ozone")


def test_rows_of_one_hazard_come_strongest_first() -> None:
    assert [rule.level for rule in SHANGHAI.of("rainstorm")] == [Level.RED, Level.ORANGE, Level.YELLOW, Level.BLUE]
