"""Changes: what a forecaster may change of a proposal, as it comes from a form or a program; a fault names its field."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from warning.errors import Invalid
from warning.level import Level
from warning.watch.ready import LANGUAGES, Texts

CHANGEABLE = ("hazard", "level", "zones", "polygon", "circle", "expires", "texts", "note", "override")
FIELDS = ("headline", "description", "instruction", "sms", "title")


def known(changes: Mapping[str, object]) -> None:
    """Raises Invalid for a key that cannot be changed."""
    unknown = set(changes) - set(CHANGEABLE)
    if unknown:
        raise Invalid(f"changes: {', '.join(sorted(unknown))} cannot be changed; {', '.join(CHANGEABLE)} can")


def skipped(before: Level, after: Level | None, colours: Sequence[Level]) -> bool:
    """Whether a fall passes over a colour that the hazard has (``after`` None = the end); red to none passes over three.

    From the lowest colour to none is no skip. Hazards without rules have all four colours.
    """
    return any(int(after or 0) < colour < before for colour in colours or tuple(Level))


def listed(value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple) or not value:
        raise Invalid("zones: a list with at least one zone code")
    return value


def texts_of(value: object) -> Mapping[str, Mapping[str, str]]:
    if not isinstance(value, Mapping):
        raise Invalid('texts: {"zh-CN": {"headline": …}, "en-US": {…}}')
    for language, words in value.items():
        if language not in LANGUAGES:
            raise Invalid(f"texts: {language!r} is no language of this deployment; there are {', '.join(LANGUAGES)}")
        if not isinstance(words, Mapping) or not all(name in FIELDS and isinstance(text, str) for name, text in words.items()):
            raise Invalid(f"texts: {language}: has {', '.join(FIELDS)}, each a text")
    return value


def moment_of(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise Invalid(f"expires: {value!r} is no ISO 8601 time, e.g. 2024-09-20T12:00:00+08:00") from error
    if moment.tzinfo is None:
        raise Invalid("expires: say the offset, e.g. +08:00")
    return moment


def edited(edits: Mapping[str, Mapping[str, str]], offered: Texts) -> Mapping[str, Mapping[str, str]]:
    """Only what differs from what was offered: a field sent back as it was shown is no edit."""
    return {
        language: {name: text for name, text in words.items() if text != offered[language].get(name)}
        for language, words in edits.items()
    }
