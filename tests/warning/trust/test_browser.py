"""A browser in which somebody has signed in is known again for that name alone."""

import pytest

from warning.trust.browser import known, new_word

WORD = new_word("fu", secret="s" * 32)


def test_a_browser_is_known_for_its_own_name_also_while_the_secret_is_changed() -> None:
    mine = known(WORD, "fu", secrets=["s" * 32])
    assert mine is not None
    assert known(WORD, "fu", secrets=["t" * 32, "s" * 32]) == mine
    assert known(new_word("fu", secret="s" * 32), "fu", secrets=["s" * 32]) != mine


@pytest.mark.parametrize(("word", "name", "secret"), [
    (WORD, "lin", "s" * 32), (WORD, "fu", "t" * 32), (WORD[:-1] + ("0" if WORD[-1] != "0" else "1"), "fu", "s" * 32), (WORD[:32] + "0" * 32, "fu", "s" * 32),
    ("A" + WORD[1:], "fu", "s" * 32), (WORD + "\n", "fu", "s" * 32), ("", "fu", "s" * 32), ("x" * 64, "fu", "s" * 32)])
def test_what_was_made_for_another_name_or_by_nobody_is_known_for_nothing(word: str, name: str, secret: str) -> None:
    assert known(word, name, secrets=[secret]) is None
