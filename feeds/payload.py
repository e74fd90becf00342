"""Payload: what a feed handed over, before anyone decoded it, and what it still owes."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A file as it came. ``run_time`` is None until the name or the content tells it; ``checksum`` is SHA-256 in hex."""

    source: str
    path: Path
    fetched_at: datetime
    checksum: str
    run_time: datetime | None = None


class Source(Protocol):
    """A feed: yields payloads until closed (a replay ends by itself)."""

    def payloads(self) -> AsyncGenerator[Payload]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrears:
    """What was announced to a source and is not here: ``owed`` are tried again, ``lost`` were given up of late; ``why`` the newest could
    not be had."""

    owed: int = 0
    lost: int = 0
    why: str = ""


@runtime_checkable
class Indebted(Protocol):
    """A source that is told of data before it has them."""

    @property
    def arrears(self) -> Arrears: ...
