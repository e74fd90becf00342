"""What a desk refuses, for an office's people: in Chinese by pattern, in English as it was said."""

import re

from warning.web.terms.office import REFUSED_ZH
from warning.web.words import Lang, explained


def told(message: str, lang: Lang) -> str:
    if lang == "zh":
        for pattern, words in REFUSED_ZH:
            found = re.fullmatch(pattern, message, re.DOTALL)
            if found:
                return found.expand(words)
    return explained(message, lang)
