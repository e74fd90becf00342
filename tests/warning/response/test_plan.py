"""Response plans: which level a warning opens and who then has what to do; a wrong file is refused by line."""

from datetime import timedelta
from pathlib import Path

import pytest

from warning.configfolder import shipped_config
from warning.errors import ConfigError
from warning.level import Level
from warning.response.plan import ResponseLevel, tasks
from warning.response.planfile import load_plans

HAZARDS = ("rainstorm", "typhoon", "snowstorm", "road_icing", "cold_wave")
FILE = """
plans:
  - key: flood
    name: {zh: 防汛, en: Flood}
    hazards: [rainstorm]
    levels: {blue: IV, orange: II}
    source: by hand
    duties:
      - {key: room, level: IV, scope: area, post: {zh: 值班室, en: duty room}, zh: 到岗, en: be there, acknowledge_min: 5, done_min: 30}
      - {key: pumps, level: II, post: {zh: 排水, en: drainage}, zh: 泵车, en: pumps, checks: [{zh: 水位, en: level}], acknowledge_min: 10, done_min: 60}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "response.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_colour_opens_the_level_that_the_plan_ties_to_it_and_no_other(tmp_path: Path) -> None:
    (plan,) = load_plans(written(tmp_path, FILE), hazards=HAZARDS)
    assert plan.opens("rainstorm", Level.BLUE) is ResponseLevel.IV
    assert plan.opens("rainstorm", Level.ORANGE) is ResponseLevel.II
    assert plan.opens("rainstorm", Level.YELLOW) is None
    assert plan.opens("typhoon", Level.ORANGE) is None


def test_a_higher_level_asks_what_the_lower_ones_ask_once_an_area_or_once_a_zone(tmp_path: Path) -> None:
    (plan,) = load_plans(written(tmp_path, FILE), hazards=HAZARDS)
    assert [(task.duty.key, task.zone) for task in tasks(plan, ResponseLevel.III, ["310115", "310120"])] == [("room", "")]
    assert [(task.duty.key, task.zone) for task in tasks(plan, ResponseLevel.I, ["310115", "310120"])] == [
        ("room", ""), ("pumps", "310115"), ("pumps", "310120")]
    assert plan.duties[1].acknowledge_within == timedelta(minutes=10)


def test_level_one_is_the_highest() -> None:
    assert max(ResponseLevel) is ResponseLevel.I
    assert [level.zh for level in ResponseLevel] == ["Ⅳ级", "Ⅲ级", "Ⅱ级", "Ⅰ级"]


def test_the_shipped_plans_are_read_and_say_that_they_are_examples() -> None:
    plans = load_plans(shipped_config() / "response.yaml", hazards=HAZARDS)
    assert [plan.key for plan in plans] == ["flood-control", "cold-and-ice"]
    assert all(plan.unconfirmed for plan in plans)
    assert [plans[0].opens("rainstorm", level) for level in Level] == list(ResponseLevel)


@pytest.mark.parametrize(("was", "becomes", "fault"), [
    ("levels: {blue: IV, orange: II}", "levels: {blue: II, orange: IV}", r"response.yaml:6: plans\[0\].levels: a stronger colour opens a weaker response"),
    ("hazards: [rainstorm]", "hazards: [rainstrom]", r"response.yaml:5: plans\[0\].hazards: no rule set has rainstrom"),
    ("key: pumps", "key: room", r"response.yaml:10: plans\[0\].duties\[1\].key: 'room' stands in this plan already"),
    ("acknowledge_min: 5", "acknowledge_min: 0", r"response.yaml:9: plans\[0\].duties\[0\].acknowledge_min"),
    ("scope: area", "scpoe: area", r"response.yaml:9: plans\[0\].duties\[0\].scpoe: no such key; did you mean 'scope'"),
])
def test_a_wrong_file_is_refused_with_line_and_key(tmp_path: Path, was: str, becomes: str, fault: str) -> None:
    assert was in FILE
    with pytest.raises(ConfigError, match=fault):
        load_plans(written(tmp_path, FILE.replace(was, becomes)), hazards=HAZARDS)


def test_two_plans_of_one_key_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"plans\[1\].key: 'flood' is another plan's"):
        load_plans(written(tmp_path, FILE + FILE.removeprefix("\nplans:\n")), hazards=HAZARDS)
