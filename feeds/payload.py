"""Payload: what a feed handed over, before anyone decoded it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


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
