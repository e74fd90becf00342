"""Call plans: the shipped file, which plan wins, and what is refused with line and key."""

from datetime import timedelta
from pathlib import Path

import pytest

from warning.answer.callplan import load_call_plans
from warning.errors import ConfigError
from warning.level import Level


def written(folder: Path, words: str) -> Path:
    path = folder / "callplans.yaml"
    path.write_text(words, encoding="utf-8")
    return path


def test_the_shipped_plans_call_for_orange_in_turn_and_for_red_at_once() -> None:
    plans = load_call_plans()
    orange, red = plans.of("rainstorm", Level.ORANGE), plans.of("gale", Level.RED)
    assert orange is not None
    assert red is not None
    assert (orange.parallel, orange.next_channel, orange.next_person) == (False, timedelta(minutes=2), timedelta(minutes=5))
    assert (red.parallel, red.next_person, red.above) == (True, timedelta(minutes=5), True)
    assert plans.of("rainstorm", Level.YELLOW) is None
    assert plans.ways() == {"webpush", "webhook", "sms", "voice", "email"}


def test_a_plan_that_names_the_hazard_wins_over_the_one_for_every_hazard(tmp_path: Path) -> None:
    plans = load_call_plans(written(tmp_path, """
plans:
  - {level: red, next_person_s: 300}
  - {level: red, hazards: [tornado], parallel: true, next_person_s: 60}
"""), hazards=["tornado", "gale"])
    tornado, gale = plans.of("tornado", Level.RED), plans.of("gale", Level.RED)
    assert tornado is not None
    assert gale is not None
    assert (tornado.next_person, gale.next_person) == (timedelta(minutes=1), timedelta(minutes=5))


@pytest.mark.parametrize(("words", "line", "why"), [
    ("plans:\n  - level: purple\n", 2, "level"),
    ("plans:\n  - level: red\n    chanels: [sms]\n", 3, "did you mean 'channels'"),
    ("plans:\n  - level: red\n  - level: red\n", 3, "every hazard at red has a plan already"),
    ("plans:\n  - level: red\n    hazards: [locusts]\n", 3, "'locusts' is no hazard of the rules; there is gale"),
    ("plans:\n  - level: orange\n    next_channel_s: 600\n    next_person_s: 300\n", 4, "before the second channel"),
    ("plans:\n  - level: orange\n    kinds: [mayor]\n", 3, "kinds"),
    ("plans: []\n", 1, "plans"),
])
def test_a_wrong_plan_is_refused_with_line_and_key(tmp_path: Path, words: str, line: int, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refusal:
        load_call_plans(written(tmp_path, words), hazards=["gale"])
    assert f"callplans.yaml:{line}:" in str(refusal.value)
