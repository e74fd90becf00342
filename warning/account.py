"""Account: who acts, in which role, for which hazards and which area."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from warning.errors import NotAllowed


class Act(StrEnum):
    VIEW = "view"
    SUBMIT = "submit"
    APPROVE = "approve"
    SUBSCRIBE = "subscribe"
    OPERATE = "operate"
    RESPOND = "respond"
    ADMINISTER = "administer"


ROLES: dict[str, frozenset[Act]] = {
    "viewer": frozenset({Act.VIEW}),
    "forecaster": frozenset({Act.VIEW, Act.SUBMIT, Act.OPERATE, Act.RESPOND}),
    "approver": frozenset({Act.VIEW, Act.SUBMIT, Act.APPROVE, Act.OPERATE, Act.RESPOND}),
    "office": frozenset({Act.VIEW, Act.SUBSCRIBE, Act.RESPOND}),
    "admin": frozenset({Act.VIEW, Act.SUBSCRIBE, Act.OPERATE, Act.RESPOND, Act.ADMINISTER}),
}
"""The role table. An admin may not sign: keeping the machine and warning the public are two people's work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """``hazards`` empty = every hazard; ``area`` is a zone-code prefix ("" everywhere, "310115" Pudong only).

    ``scopes`` narrows what a key for a program may do; empty = all that the role may.
    """

    name: str
    role: str
    hazards: tuple[str, ...] = ()
    area: str = ""
    scripted: bool = False
    scopes: tuple[Act, ...] = ()


def acts(account: Account) -> frozenset[Act]:
    """What the account may do: its role's acts, and through a key with scopes only those of them that the key names."""
    able = ROLES[account.role]
    return able & frozenset(account.scopes) if account.scopes else able


def covers(account: Account, zones: Sequence[str]) -> bool:
    """310000 stands for all of 31…, 310115000000 for 310115…; a zone belongs to an area when its code starts with that."""
    return not _outside(account, zones)


def stem(code: str) -> str:
    """The digits of a zone code that say where: without the zeros that stand for "all of it"."""
    while len(code) > 6 and code.endswith("000"):
        code = code[:-3]
    while len(code) in (4, 6) and code.endswith("00"):
        code = code[:-2]
    return code


def _outside(account: Account, zones: Sequence[str]) -> list[str]:
    own = stem(account.area)
    return [zone for zone in zones if not zone.startswith(own)]


def require(account: Account, act: Act, *, hazard: str | None = None, zones: Sequence[str] = ()) -> None:
    """Raise NotAllowed with the reason, or return."""
    if act not in ROLES[account.role]:
        able = ", ".join(role for role, acts in ROLES.items() if act in acts)
        raise NotAllowed(f"a {account.role} may not {act}; it needs one of: {able}")
    if act not in acts(account):
        raise NotAllowed(f"this key of {account.name} may {', '.join(account.scopes)}, not {act}; make one with that scope")
    if hazard is not None and account.hazards and hazard not in account.hazards:
        raise NotAllowed(f"{account.name} may act on {', '.join(account.hazards)}, not on {hazard}")
    outside = _outside(account, zones)
    if outside:
        raise NotAllowed(f"{account.name} may act inside {account.area}, not for {', '.join(outside)}")


def new_token() -> str:
    """A fresh bearer token; only its hash is stored."""
    return "xxs_" + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """SHA-256 is enough for 256 random bits (passwords, which are weaker, are Argon2id: trust/password)."""
    return hashlib.sha256(token.encode()).hexdigest()
