"""The marks of an operator's edits."""

from warning.web.textdiff import marked


def test_a_changed_word_is_marked_as_a_word_and_a_changed_character_as_a_character() -> None:
    assert marked("Red rainstorm warning", "Red gale warning") == "Red <del>rainstorm</del><ins>gale</ins> warning"
    assert marked("请勿外出", "请立即转移") == "请<del>勿外出</del><ins>立即转移</ins>"


def test_what_is_untouched_has_no_mark_and_nothing_is_taken_for_html() -> None:
    assert marked("a < b", "a < b") == "a &lt; b"
    assert marked("", "<b>") == "<ins>&lt;b&gt;</ins>"
