"""Passwords: Argon2id as RFC 9106 recommends it for limited memory, and what is too weak to be taken."""

from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

LEAST_CHARS = 12
MOST_CHARS = 200

_HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4, type=Type.ID)
_COMMON = frozenset({"password", "passw0rd", "admin", "welcome", "qwerty", "letmein", "123456", "12345678", "1234567890", "xiaoxishu", "shanghai"})


def hashed(password: str) -> str:
    """The string that is kept: parameters, salt and hash together. Takes some 50 ms on purpose; run it in a thread."""
    return _HASHER.hash(password)


@cache
def nobody() -> str:
    """Verified when there is no account, so that the time of an answer does not tell which names exist."""
    return hashed("an account that does not exist costs the same time")


def verified(kept: str, password: str) -> bool:
    """Whether ``password`` is the one that ``kept`` was made of."""
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def outdated(kept: str) -> bool:
    """Made with weaker parameters than today's: hash the password again at the next log-in."""
    return _HASHER.check_needs_rehash(kept)


def weakness(password: str, *, name: str) -> str:
    """Why a new password is not taken, empty when it is: long, not the account's name, not one that everybody tries (NIST SP 800-63B §5.1.1)."""
    if len(password) < LEAST_CHARS:
        return f"password: at least {LEAST_CHARS} characters; several words are easy to remember and hard to guess"
    if len(password) > MOST_CHARS:
        return f"password: at most {MOST_CHARS} characters"
    low = password.lower()
    if name and name.lower() in low:
        return "password: does not hold the account's name"
    stem = low.strip("0123456789!@#$%^&*._- ")
    if stem in _COMMON or not stem or len(set(low)) < 5:
        return "password: everybody tries this one first; choose several words"
    return ""
