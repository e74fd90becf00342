"""Browser: one in which an account has signed in before is known again, so that whoever tries its name from elsewhere does not stand in its way.

Device cookies, as OWASP describes them: the word opens nothing. It only says under which count a wrong try falls, so a stolen one is worth as many
guesses as a stranger has, and no more.
"""

import hmac
import re
from collections.abc import Sequence
from uuid import UUID, uuid4

from warning.linkword import word_of


def new_word(name: str, *, secret: str) -> str:
    """For a browser in which ``name`` has just proved who they are."""
    return word_of(secret, purpose=_purpose(name), about=uuid4())


def known(word: str, name: str, *, secrets: Sequence[str]) -> UUID | None:
    """Which browser this is, when one of our ``secrets`` made its word for this very name; else None."""
    if not re.fullmatch("[0-9a-f]{64}", word):
        return None
    about = UUID(word[:32])
    made = [word_of(secret, purpose=_purpose(name), about=about) for secret in secrets]
    return about if any(hmac.compare_digest(word, one) for one in made) else None


def _purpose(name: str) -> str:
    return f"browser of {name}"
