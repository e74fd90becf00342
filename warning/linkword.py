"""Linkword: the word of a link that acts without an account: unguessable, and derived from the deployment's secret, so that a retry carries the same."""

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar
from uuid import UUID

from warning.errors import NotFound

Found = TypeVar("Found")


def word_of(secret: str, *, purpose: str, about: UUID) -> str:
    """64 hex digits: what it is about, and a code that only the secret makes. A word of one ``purpose`` is none of another."""
    mac = hmac.new(secret.encode(), f"{purpose} {about}".encode(), hashlib.sha256).hexdigest()
    return f"{about.hex}{mac[:32]}"


def twins_of(word: str, secrets: Sequence[str], *, purpose: str) -> list[str]:
    """The word itself and, when one of our secrets made it, what the others would have made of the same."""
    if not re.fullmatch("[0-9a-f]{64}", word):
        return [word]
    made = [word_of(secret, purpose=purpose, about=UUID(word[:32])) for secret in secrets]
    return [word, *(one for one in made if one != word)] if any(hmac.compare_digest(word, one) for one in made) else [word]


async def by_word(word: str, secrets: Sequence[str], *, purpose: str, find: Callable[[str], Awaitable[Found]]) -> Found:
    """What ``find`` knows by the word; what was kept under one secret may be sent under the next: the words of one thing stand for each other.

    Raises the NotFound of the word itself where no twin is known either.
    """
    first, *twins = twins_of(word, secrets, purpose=purpose)
    try:
        return await find(first)
    except NotFound:
        for twin in twins:
            with suppress(NotFound):
                return await find(twin)
        raise
