"""A rule file with a fault is refused with file, line and key, and the mend."""

from pathlib import Path

import pytest

from warning.errors import RuleError
from warning.level import Level
from warning.watch.rulefile import load_rule_set, load_rule_sets

DATA = Path(__file__).parents[2] / "data" / "config"

FAULTS = {
    "any-of-one": (16, "hazards[0].rows[0].condition.any", "at least 2 items"),
    "continues": (17, "hazards[0].rows[0].continues", "nothing in the condition sums up (rain, snow_water)"),
    "empty": (1, "(the whole file)", "is empty"),
    "event-code": (10, "hazards[0].event_code", "the file has '11B3'"),
    "inherit": (15, "hazards[0].rows[0].inherit", "'nation' is not under inherits"),
    "key-twice": (5, "version", "given twice (first on line 4); keep one"),
    "lead-not-a-number": (15, "hazards[0].rows[0].lead_h", "the file has 'soon'"),
    "level": (14, "hazards[0].rows[0].level", "'blue', 'yellow', 'orange' or 'red'; the file has 'violet'"),
    "manual-and-condition": (14, "hazards[0].rows[0]", "exactly one of condition, manual: true or inherit"),
    "manual-without-reason": (14, "hazards[0].rows[0]", "say why no gridded quantity decides the row"),
    "no-lead": (14, "hazards[0].rows[0]", "lead_h is missing"),
    "no-parent": (6, "inherits[0]", "no rule set 'nation'"),
    "no-window": (16, "hazards[0].rows[0].condition.quantity", "means nothing without window_h"),
    "not-yaml": (16, "(the whole file)", "is not YAML"),
    "operator": (16, "hazards[0].rows[0].condition.op", "the file has '=>'"),
    "quantity": (16, "hazards[0].rows[0].condition.quantity", "no quantity 'rian'; did you mean 'rain'?"),
    "row-twice": (19, "hazards[0].rows[1].level", "red rainstorm stands on line 14 already"),
    "source": (18, "hazards[0].rows[0].source[0]", "did you mean 'book'?"),
    "source-in-one-language": (7, "sources.book", "is in one language; say it in both: {zh: …, en: …}"),
    "source-without-english": (7, "sources.book.en", "this key is missing; add it"),
    "unconfirmed-without-flag": (14, "hazards[0].rows[0]", "add unconfirmed: true"),
    "units": (16, "hazards[0].rows[0].condition.units", "rain is in 'mm', not 'cm'; convert the value"),
    "unknown-key": (16, "hazards[0].rows[0].conditon", "no such key; did you mean 'condition'?"),
    "value-nan": (16, "hazards[0].rows[0].condition.value", "finite number"),
}


def test_the_good_file_beside_the_bad_ones_is_read() -> None:
    rule_set = load_rule_set(DATA / "good-rule.yaml")
    assert str(rule_set.rule("rainstorm", Level.RED).criterion) == "rain/6h [mm] >= 150"


def test_every_bad_file_has_its_line_in_the_table() -> None:
    assert {path.stem.removeprefix("bad-rule-") for path in DATA.glob("bad-rule-*.yaml")} == set(FAULTS)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_fault_is_told_with_file_line_and_key(fault: str) -> None:
    line, key, words = FAULTS[fault]
    path = DATA / f"bad-rule-{fault}.yaml"
    with pytest.raises(RuleError) as refused:
        load_rule_set(path)
    message = str(refused.value)
    assert f"{path}:{line}: {key}: " in message
    assert words in message


def test_two_faults_are_told_at_once(tmp_path: Path) -> None:
    text = (DATA / "good-rule.yaml").read_text(encoding="utf-8")
    path = tmp_path / "two.yaml"
    path.write_text(text.replace("level: red", "level: violet").replace("title:", "titel:"), encoding="utf-8")
    with pytest.raises(RuleError) as refused:
        load_rule_set(path)
    message = str(refused.value)
    assert "two.yaml:2: titel: no such key; did you mean 'title'?" in message
    assert "two.yaml:14: hazards[0].rows[0].level" in message
    assert "title: this key is missing; add it" in message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"none\.yaml:1: .*cannot be read"):
        load_rule_set(tmp_path / "none.yaml")


def test_sets_that_inherit_in_a_circle_are_refused(tmp_path: Path) -> None:
    text = (DATA / "good-rule.yaml").read_text(encoding="utf-8")
    for one, other in (("a", "b"), ("b", "a")):
        written = text.replace("id: city", f"id: {one}").replace("sources:", f"inherits: [{other}]\nsources:")
        (tmp_path / f"{one}.yaml").write_text(written, encoding="utf-8")
    with pytest.raises(RuleError, match="break the circle"):
        load_rule_sets(tmp_path)


def test_one_id_in_two_files_is_refused(tmp_path: Path) -> None:
    text = (DATA / "good-rule.yaml").read_text(encoding="utf-8")
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RuleError, match="'city' is also the id of"):
        load_rule_sets(tmp_path)


def test_a_child_takes_number_and_lead_from_its_parent_and_keeps_its_own_confidence(tmp_path: Path) -> None:
    parent = load_rule_set(DATA / "good-rule.yaml")
    text = (DATA / "good-rule.yaml").read_text(encoding="utf-8").replace("id: city", "id: town")
    text = text.replace("sources:", "inherits: [city]\nsources:").replace("        lead_h: 6\n", "")
    kept = [line for line in text.splitlines() if "condition:" not in line]
    kept[kept.index("        confidence: B")] = "        inherit: city\n        unconfirmed: true\n        confidence: U"
    (tmp_path / "town.yaml").write_text("\n".join(kept), encoding="utf-8")
    rule = load_rule_set(tmp_path / "town.yaml", parents={"city": parent}).rule("rainstorm", Level.RED)
    source = parent.rule("rainstorm", Level.RED)
    assert (rule.criterion, rule.lead) == (source.criterion, source.lead)
    assert (rule.row, rule.inherited, rule.unconfirmed, rule.confidence) == ("town/rainstorm/red", "city", True, "U")


def test_a_row_that_the_parent_does_not_have_cannot_be_inherited(tmp_path: Path) -> None:
    parent = load_rule_set(DATA / "good-rule.yaml")
    text = (DATA / "good-rule.yaml").read_text(encoding="utf-8").replace("id: city", "id: town")
    text = text.replace("sources:", "inherits: [city]\nsources:").replace("        lead_h: 6\n", "").replace("red", "blue")
    kept = ["        inherit: city" if "condition:" in line else line for line in text.splitlines()]
    (tmp_path / "town.yaml").write_text("\n".join(kept), encoding="utf-8")
    with pytest.raises(RuleError, match="no blue rainstorm in city; give the row its own condition or manual: true"):
        load_rule_set(tmp_path / "town.yaml", parents={"city": parent})


def test_a_deployment_may_name_a_quantity_of_its_own(tmp_path: Path) -> None:
    text = (DATA / "good-rule.yaml").read_text(encoding="utf-8")
    text = text.replace("sources:", "quantities: {wave_height: m}\nsources:")
    text = text.replace("quantity: rain, window_h: 6", "quantity: wave_height").replace("units: mm", "units: m")
    (tmp_path / "sea.yaml").write_text(text, encoding="utf-8")
    rule = load_rule_set(tmp_path / "sea.yaml").rule("rainstorm", Level.RED)
    assert str(rule.criterion) == "wave_height [m] >= 150"
