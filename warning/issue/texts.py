"""Final texts: the library's words at the moment of issue, with the operator's edits kept."""

from collections.abc import Mapping

from geo.zone import ZoneSet
from warning.watch.issuer import Issuer
from warning.watch.ready import Facts, Texts, request
from warning.wording import Texts as Worded
from warning.wording import agree


def final_texts(now: Texts, *, shown: Texts, edits: Mapping[str, Mapping[str, str]]) -> Texts:
    """An edit wins over the library. A field that was sent back as it was shown is no edit: it gets the new sending time.

    ``now`` is worded with the time of issue, ``shown`` with the time at which the form was made.
    """
    return {
        language: {
            name: _one(words, shown[language].get(name, ""), edits.get(language, {}).get(name))
            for name, words in fresh.items()
        }
        for language, fresh in now.items()
    }


def _one(fresh: str, shown: str, edit: str | None) -> str:
    if edit is None or edit == shown:
        return fresh
    for old, new in _replaced(shown, fresh):
        edit = edit.replace(old, new)
    return edit


def _replaced(shown: str, fresh: str) -> list[tuple[str, str]]:
    """The one stretch in which the two wordings differ: the time of sending, which an edit quotes too."""
    start = 0
    while start < min(len(shown), len(fresh)) and shown[start] == fresh[start]:
        start += 1
    end = 0
    while end < min(len(shown), len(fresh)) - start and shown[-1 - end] == fresh[-1 - end]:
        end += 1
    # Widen to a recognisable stretch, so that a lone digit is not replaced all over the text.
    start = max(start - 6, 0)
    old, new = shown[start : len(shown) - end + 3 if end else None], fresh[start : len(fresh) - end + 3 if end else None]
    return [(old, new)] if old != new and len(old) > 3 else []


def disagreements(texts: Texts, facts: Facts, *, issuer: Issuer, zones: ZoneSet) -> list[str]:
    """Where the two languages do not say the same; empty = they agree."""
    zh, en = (Worded(**dict(texts[language])) for language in ("zh-CN", "en-US"))
    return agree(zh, en, request(facts, issuer=issuer, zones=zones))
