"""Work: what the trust desk reads from its ledger and writes to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from warning.account import Account, Act

AdminAct = Literal["add", "withdraw"]

FREE_TRIES = 5
"""Wrong log-ins in a row that cost nothing but the time of the check; a misread code is human."""
LONGEST_LOCK_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """How one account proves itself. ``password`` and ``factor`` empty = not set; ``factor`` is sealed."""

    account: Account
    password: str = ""
    factor: str = ""
    factor_confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session as its owner sees it; ``client`` is the browser's own word."""

    id: UUID
    opened_at: datetime
    seen_at: datetime
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key for a program, with fewer rights than its account; the key itself is shown once."""

    id: UUID
    name: str
    scopes: tuple[Act, ...]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminRequest:
    """An admin act that waits for a second admin."""

    id: UUID
    act: AdminAct
    name: str
    detail: Mapping[str, object]
    asked_by: str
    asked_at: datetime


def locked_s(failures: int) -> float:
    """How long a name or a client is refused after so many wrong log-ins in a row: 0 up to five, then 2, 4, 8 … 900 seconds."""
    return 0.0 if failures < FREE_TRIES else min(2.0 ** (failures - FREE_TRIES + 1), LONGEST_LOCK_S)
