"""Owed: announced data that could not be had; tried again, host by host and over restarts, until they are had or too old."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from feeds.backoff import Backoff
from feeds.errors import FeedError
from feeds.payload import Arrears
from feeds.wis2_message import Announcement, parse

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """``message``: the notification as it came, ``since``: when its data could not be had first, ``tries``: how often since the start."""

    announced: Announcement
    message: bytes
    since: datetime
    tries: int
    why: str


class Owed:
    """``folder`` holds a file a debt. At most ``most``, the oldest go first; each is tried for ``keep``, then lost, and told as lost for as
    long again. A host that fails rests, ``first`` seconds and twice as long each time up to ``longest``; the others do not wait for it.

    ``at`` is the event loop's time in seconds, which no setting of a clock moves.
    """

    def __init__(self, *, folder: Path, keep: timedelta, most: int, first: float, longest: float) -> None:
        self._folder, self._keep, self._most = folder, keep, most
        self._first, self._longest = first, longest
        self._debts: dict[tuple[str, str, str, str], Debt] = {}
        self._rests: dict[str, tuple[Backoff, float]] = {}
        self._dropped = 0

    def recall(self) -> None:
        """What was owed when the process ended; a file that tells nothing goes."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                told = json.loads(path.read_text(encoding="utf-8"))
                debt = Debt(announced=parse(told["message"].encode()), message=told["message"].encode(), since=datetime.fromisoformat(told["since"]),
                            tries=0, why=str(told["why"]))  # fmt: skip
            except (OSError, ValueError, KeyError, TypeError, AttributeError, FeedError) as fault:
                log.warning("a note of announced data cannot be read", file=path.name, why=str(fault))
                path.unlink(missing_ok=True)
                continue
            self._debts.setdefault(_key(debt.announced), debt)

    def has(self, announced: Announcement) -> bool:
        """Whether just this, by this link and with this checksum, is waiting already."""
        return _key(announced) in self._debts

    def add(self, announced: Announcement, message: bytes, why: str, *, now: datetime, at: float) -> None:
        """It failed, for the first time or again."""
        key, host = _key(announced), _host(announced)
        known = self._debts.get(key)
        debt = Debt(announced=announced, message=message, since=known.since if known else now, tries=known.tries + 1 if known else 1, why=why)
        self._debts[key] = debt
        if known is None:
            self._note(debt)
        backoff = self._rests.get(host, (Backoff(first=self._first, longest=self._longest), at))[0]
        backoff.failed()
        self._rests[host] = backoff, at + backoff.wait
        while len(self._debts) > self._most:
            oldest = min(self._debts.values(), key=lambda one: one.since)
            self._dropped += 1
            log.error("announced data are given up: more are owed than are kept", data_id=oldest.announced.data_id, kept=self._most, why=oldest.why)
            self._forget(oldest)

    def settle(self, announced: Announcement) -> None:
        """Nothing is owed of these data any more by whatever link, nor of an older version of them."""
        for debt in list(self._debts.values()):
            if debt.announced.data_id == announced.data_id and debt.announced.pubtime[:19] <= announced.pubtime[:19]:
                self._forget(debt)

    def answered(self, announced: Announcement) -> None:
        """The host of a link gave what was asked for: it does not rest."""
        self._rests.pop(_host(announced), None)

    def drop(self, announced: Announcement) -> None:
        """This link is not to be followed at all."""
        debt = self._debts.get(_key(announced))
        if debt is not None:
            self._forget(debt)

    def next(self, *, now: datetime, at: float) -> Debt | None:
        """The one to try: of a host that does not rest, the least tried, then the oldest."""
        self._age(now)
        due = [debt for debt in self._open(now) if self._due(debt, at) <= at]
        return min(due, key=lambda debt: (debt.tries, debt.since), default=None)

    def wait(self, *, now: datetime, at: float) -> float | None:
        """Seconds until one is to be tried; None when none is owed."""
        return min((max(self._due(debt, at) - at, 0.0) for debt in self._open(now)), default=None)

    def arrears(self, *, now: datetime) -> Arrears:
        """How many are tried again, how many lost, and why the newest."""
        newest = max(self._debts.values(), key=lambda debt: debt.since, default=None)
        tried = len(self._open(now))
        return Arrears(owed=tried, lost=len(self._debts) - tried + self._dropped, why="" if newest is None else newest.why)

    def _open(self, now: datetime) -> list[Debt]:
        return [debt for debt in self._debts.values() if now - debt.since <= self._keep]

    def _due(self, debt: Debt, at: float) -> float:
        return self._rests[_host(debt.announced)][1] if _host(debt.announced) in self._rests else at

    def _age(self, now: datetime) -> None:
        for debt in [debt for debt in self._debts.values() if now - debt.since > 2 * self._keep]:
            self._forget(debt)

    def _note(self, debt: Debt) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(debt)
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"since": debt.since.isoformat(), "why": debt.why, "message": debt.message.decode()}), encoding="utf-8")
        part.replace(path)

    def _forget(self, debt: Debt) -> None:
        del self._debts[_key(debt.announced)]
        self._path(debt).unlink(missing_ok=True)
        if not any(_host(other.announced) == _host(debt.announced) for other in self._debts.values()):
            self.answered(debt.announced)  # of strangers' hosts no more is remembered than is owed

    def _path(self, debt: Debt) -> Path:
        return self._folder / f"{hashlib.sha256('|'.join(_key(debt.announced)).encode()).hexdigest()[:32]}.json"


def by_link(debt: Debt) -> Announcement:
    """The announcement without what came along: that was spoilt, or it would not be owed."""
    return replace(debt.announced, content=None)


def _key(announced: Announcement) -> tuple[str, str, str, str]:
    return announced.data_id, announced.pubtime, announced.href, announced.digest


def _host(announced: Announcement) -> str:
    return urlsplit(announced.href).netloc
