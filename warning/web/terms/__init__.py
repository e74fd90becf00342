"""The faces' words in Chinese and English, a file a topic; a key stands in one of them only (tests/web/test_terms)."""

from warning.web.terms import (
    after,
    arrivals,
    calls,
    decide,
    desk,
    login,
    lost,
    names,
    office,
    public,
    residents,
    responses,
    routes,
)

TOPICS = (
    after,
    arrivals,
    calls,
    decide,
    desk,
    login,
    lost,
    names,
    office,
    public,
    residents,
    responses,
    routes,
)
WORDS: dict[str, tuple[str, str]] = {key: words for topic in TOPICS for key, words in topic.WORDS.items()}
