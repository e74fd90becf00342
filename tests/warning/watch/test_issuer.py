"""Issuers and event codes."""

from pathlib import Path

import pytest

from warning.errors import ConfigError, NotFound
from warning.level import Level
from warning.watch.eventcode import event_code, hazard_of, load_event_codes
from warning.watch.issuer import chosen, load_issuers
from warning.watch.rulefile import load_rule_sets

SETS = load_rule_sets()
ISSUERS = {issuer.code: issuer for issuer in load_issuers(rule_sets=SETS)}
CODES = load_event_codes()

GOOD = """issuers:
  - code: "310000"
    zh: 市
    en: City
    area_code: "310000"
    organisation: "416"
    zones: ["310000"]
    parts: ["310101", "310104"]
    rule_set: shanghai-2019
    area: {min_share: 0.15, min_districts: 2}
"""


def test_the_city_its_16_districts_and_the_water_authority_may_warn() -> None:
    assert len(ISSUERS) == 18
    assert ISSUERS["310000"].name_zh == "上海中心气象台"
    assert ISSUERS["310000-332"].rule_set == "hydrology-shanghai"
    districts = [code for code in ISSUERS if code.startswith("3101")]
    assert len(districts) == 16
    assert ISSUERS["310000"].parts == tuple(districts)


def test_sender_codes_follow_the_rule_of_14_digits() -> None:
    assert ISSUERS["310000"].sender == "31000041600000"
    assert ISSUERS["310115"].sender == "31011541600000"
    assert ISSUERS["310000-332"].sender == "31000033200000"
    assert all(len(issuer.sender) == 14 for issuer in ISSUERS.values())


def test_an_issuer_may_choose_a_variant_of_its_rules_also_of_rows_that_these_inherit(tmp_path: Path) -> None:
    file = tmp_path / "issuers.yaml"
    file.write_text(GOOD + "    variant: pm25\n", encoding="utf-8")
    [city] = load_issuers(file, rule_sets=SETS)
    sets = chosen(SETS, [city])
    assert set(sets) - set(SETS) == {"shanghai-2019~pm25"} == {city.rule_set}
    own = sets[city.rule_set]
    haze = own.rule("haze", Level.YELLOW)
    assert (haze.row, haze.inherited, haze.unconfirmed) == ("shanghai-2019/haze/yellow~pm25", "national-2007", True)
    assert "pm25" in str(haze.criterion)
    assert [rule for rule in own.rules if rule.hazard.key != "haze"] == [rule for rule in SETS["shanghai-2019"].rules if rule.hazard.key != "haze"]
    file.write_text(GOOD + "    variant: pm10\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"issuers\[0\].variant: shanghai-2019 has no variant 'pm10'; known: pm25"):
        load_issuers(file, rule_sets=SETS)


def test_a_district_warns_its_towns_but_not_its_neighbour() -> None:
    pudong = ISSUERS["310115"]
    assert pudong.may_warn("310115")
    assert pudong.may_warn("310115103")
    assert pudong.may_warn("310115103000")
    assert not pudong.may_warn("310116")
    assert not pudong.may_warn("310000")


def test_the_city_warns_everything_in_it_but_no_other_province() -> None:
    city = ISSUERS["310000"]
    assert city.may_warn("310000")
    assert city.may_warn("310151")
    assert city.may_warn("310115103")
    assert not city.may_warn("320500")


def test_default_shares_are_the_documented_ones() -> None:
    assert ISSUERS["310000"].area.min_share == 0.15
    assert ISSUERS["310120"].area.min_share == 0.05
    assert ISSUERS["310000"].area.min_districts is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("rule_set: shanghai-2019", "rule_set: shanghai", "issuers.yaml:9: issuers[0].rule_set: no rule set 'shanghai'"),
        ("min_share: 0.15", "min_share: 15", "issuers.yaml:10: issuers[0].area.min_share"),
        ('"416"', "416", "issuers.yaml:6: issuers[0].organisation"),
        ("min_districts: 2", "min_districts: 3", "issuers.yaml:2: issuers[0]: min_districts 3 of 2 parts"),
        ("zones:", "zone:", "issuers.yaml:7: issuers[0].zone: no such key; did you mean 'zones'?"),
    ],
)
def test_a_wrong_issuer_is_refused_by_line_and_key(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "issuers.yaml"
    path.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_issuers(path, rule_sets=SETS)
    assert told in str(refused.value)


def test_an_issuer_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "issuers.yaml"
    path.write_text(GOOD + GOOD.removeprefix("issuers:\n"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"issuers\.yaml:11: issuers\[1\]\.code: '310000' is given twice"):
        load_issuers(path, rule_sets=SETS)


def test_the_57_weather_codes_and_those_of_other_emergencies_are_there() -> None:
    codes = [entry.code for entry in CODES]
    assert [code for code in codes if code.startswith("11B")] == [f"11B{number:02d}" for number in range(1, 58)]
    assert {"11A01", "11D00", "11E02", "11E06"} <= set(codes)
    assert event_code(CODES, "11B20").zh == "雷雨大风"
    assert event_code(CODES, "11B25").category == "Fire"
    assert event_code(CODES, "11A52").zh == "干旱"
    with pytest.raises(NotFound, match="add it to event-codes.yaml"):
        event_code(CODES, "12A99")


def test_the_codes_agree_with_the_rules() -> None:
    for rule_set in (SETS["national-2007"], SETS["shanghai-2019"]):
        for hazard in rule_set.hazards:
            assert event_code(CODES, hazard.event_code).zh == hazard.zh


def test_a_code_meets_the_hazard_of_the_rules_where_there_is_one() -> None:
    assert hazard_of("11B03", SETS["shanghai-2019"], CODES).key == "rainstorm"
    assert hazard_of("11A52", SETS["national-2007"], CODES).key == "drought"
    fire = hazard_of("11B25", SETS["shanghai-2019"], CODES)
    assert (fire.key, fire.zh) == ("11B25", "森林火险")


def test_a_code_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "codes.yaml"
    entry = '  - {code: "11B03", zh: 暴雨, en: rain, category: Met, confidence: B}\n'
    path.write_text("codes:\n" + entry * 2, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"codes\.yaml:3: codes\[1\]\.code: 11B03 stands on line 2 already"):
        load_event_codes(path)
