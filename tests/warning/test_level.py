"""The four colours."""

import pytest

from warning.level import Level


def test_the_strongest_wins() -> None:
    assert max([Level.YELLOW, Level.RED, Level.BLUE, Level.ORANGE]) is Level.RED
    assert Level.BLUE < Level.YELLOW < Level.ORANGE < Level.RED


@pytest.mark.parametrize(("level", "key", "zh", "en", "severity"), [
    (Level.BLUE, "blue", "蓝色", "Blue", "Minor"), (Level.YELLOW, "yellow", "黄色", "Yellow", "Moderate"),
    (Level.ORANGE, "orange", "橙色", "Orange", "Severe"), (Level.RED, "red", "红色", "Red", "Extreme")])
def test_every_level_has_its_words(level: Level, key: str, zh: str, en: str, severity: str) -> None:
    assert (level.key, level.zh, level.en, level.severity) == (key, zh, en, severity)
    assert Level.of(key) is level
    assert Level.of(key.upper()) is level


@pytest.mark.parametrize("word", ["", "purple", "红色", "severity", "4"])
def test_another_word_is_refused_with_the_four_that_exist(word: str) -> None:
    with pytest.raises(ValueError, match="is no level; use blue, yellow, orange or red"):
        Level.of(word)
