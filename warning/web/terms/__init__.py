"""The faces' words in Chinese and English, a file a topic; a key stands in one of them only (tests/house)."""

from warning.web.terms import after, desk, login, office, public, residents

TOPICS = (public, login, desk, after, office, residents)
WORDS: dict[str, tuple[str, str]] = {key: words for topic in TOPICS for key, words in topic.WORDS.items()}
