"""Retract: the Cancel that takes a mistaken warning back, ready to be signed; it says that it is a correction, and why."""

from collections.abc import Mapping
from typing import Final

from warning.errors import Invalid

_CORRECTION: Final = {"zh-CN": "更正：{reason}", "en-US": " Correction: {reason}"}
_SPOKEN: Final = ("description", "sms")
LONGEST: Final = 200


def corrected(texts: Mapping[str, Mapping[str, str]], reason: str) -> dict[str, dict[str, str]]:
    """The words of the Cancel, in each language with the correction after them. Raises Invalid without a reason."""
    said = reason.strip()
    if not said:
        raise Invalid("reason: say what was wrong; everybody who got the warning reads it")
    if len(said) > LONGEST:
        raise Invalid(f"reason: {len(said)} characters are too many for a short message; {LONGEST} are allowed")
    return {
        language: {
            name: words + _CORRECTION.get(language, " {reason}").format(reason=said) if name in _SPOKEN and words else words
            for name, words in fields.items()
        }
        for language, fields in texts.items()
    }
