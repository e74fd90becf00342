"""Heartbeat: what partners hear every minute whether or not there is news, so that a gap in what they got shows.

A partner keeps the identifiers of the alerts that it takes to be in force, computes ``active_hash`` over them and compares. When
the two differ, or no heartbeat came for three minutes, it has missed something and reads ``/api/alerts?active=true``.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256

EVERY_S = 60.0
LAST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """``last``: the newest identifiers, newest first, whatever became of them; ``active_sha256``: of those in force at ``at``."""

    at: datetime
    every_s: float
    status: str
    last: Sequence[str]
    active: int
    active_sha256: str


def active_hash(identifiers: Iterable[str]) -> str:
    """SHA-256, in hexadecimal, over the identifiers in UTF-8, each followed by a line feed, sorted by their bytes, each once.

    In force is the newest version of an event when it is no Cancel and has not expired. Of nothing it is the hash of nothing.
    In a shell: ``sort -u identifiers.txt | sha256sum`` (with ``LC_ALL=C``).
    """
    lines = sorted({identifier.encode() for identifier in identifiers})
    return sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


def heartbeat(*, active: Sequence[str], last: Sequence[str], status: str, at: datetime, every_s: float = EVERY_S) -> Heartbeat:
    """The heartbeat of this moment."""
    return Heartbeat(at=at, every_s=every_s, status=status, last=tuple(last[:LAST]), active=len(set(active)), active_sha256=active_hash(active))


def document(beat: Heartbeat) -> bytes:
    """As it is sent: JSON, with ``kind`` so that a program tells it from an alert."""
    return json.dumps({"kind": "heartbeat", **asdict(beat), "at": beat.at.isoformat()}).encode()
