"""Final texts: the library's words at the moment of issue, with the operator's edits kept."""

import re
from collections.abc import Mapping

from geo.zone import ZoneSet
from warning.watch.issuer import Issuer
from warning.watch.ready import Facts, Texts, request
from warning.wording import Texts as Worded
from warning.wording import agree

_CLOCK = re.compile(r"\d{1,2}时\d{2}分|\d{1,2}:\d{2}")
_TIME = re.compile(r"(?:(?:\d{4}年)?\d{1,2}月)?\d{1,2}日\d{1,2}时\d{2}分|\d{1,2}:\d{2} on \d{1,2} [A-Z][a-z]+(?: \d{4})?")
_UNTIMED = "does not say that it was sent at"


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
    old, new = _sending_times(shown, fresh)
    if not old or not new:
        return edit
    if old in edit:
        return edit.replace(old, new, 1)
    return edit.replace(_CLOCK.findall(old)[-1], _CLOCK.findall(new)[-1], 1)


def _sending_times(shown: str, fresh: str) -> tuple[str, str]:
    """The time of sending as the two wordings write it: the first time that the one has and the other has not."""
    before, after = _TIME.findall(shown), _TIME.findall(fresh)
    old = next((time for time in before if time not in after), "")
    new = next((time for time in after if time not in before), "")
    return old, new


def disagreements(texts: Texts, facts: Facts, *, issuer: Issuer, zones: ZoneSet) -> list[str]:
    """Where the two languages do not say the same; empty = they agree.

    A text by hand need not quote its sending time, which nobody knows before the second signature (each channel writes it
    beside the text); but when one language quotes it, the other does too.
    """
    zh, en = (Worded(**dict(texts[language])) for language in ("zh-CN", "en-US"))
    found = agree(zh, en, request(facts, issuer=issuer, zones=zones))
    untimed = [one for one in found if _UNTIMED in one]
    both = {name for name in ("description", "sms") if sum(f" {name} {_UNTIMED}" in one for one in untimed) == 2}
    return [one for one in found if not any(f" {name} {_UNTIMED}" in one for name in both)]
