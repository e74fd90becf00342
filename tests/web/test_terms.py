"""The faces' words: a key in one topic only, and both languages said."""

from collections import Counter

from warning.web.terms import TOPICS


def test_a_key_stands_in_one_topic_and_says_something_in_both_languages() -> None:
    keys = Counter(key for topic in TOPICS for key in topic.WORDS)
    assert [key for key, times in keys.items() if times > 1] == []
    assert [key for topic in TOPICS for key, (zh, en) in topic.WORDS.items() if not zh.strip() or not en.strip()] == []
