"""What was published when Pulasan came, and our proposals beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from warning.errors import ConfigError
from warning.level import Level
from warning.watch.marked import check, read_marked, shipped

BEIJING: Final = timezone(timedelta(hours=8))
#: A proposal this much earlier or later than a published signal is another one.
NEAR: Final = timedelta(hours=6)

Action = Literal["issue", "lift"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A signal as the press reported it. ``about`` marks a time that was not reported for this signal itself."""

    issuer: str
    hazard: str
    level: Level
    at: datetime
    action: Action
    about: bool
    confidence: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """``signals`` in order of time."""

    event_zh: str
    event_en: str
    signals: tuple[Published, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """What the engine proposed: the issuer's code ("310115"), the hazard's key ("rainstorm"), the level, aware UTC."""

    issuer: str
    hazard: str
    level: Level
    at: datetime


class Verdict(StrEnum):
    """``UNPUBLISHED``: proposed, and nothing published is known: false, or not reported. ``NEVER_PROPOSED``: the other way."""

    MATCHED = "matched"
    UNPUBLISHED = "unpublished"
    NEVER_PROPOSED = "never proposed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One proposal, one published signal, or both side by side."""

    issuer: str
    hazard: str
    level: Level
    proposed_at: datetime | None
    published_at: datetime | None
    about: bool
    verdict: Verdict

    @property
    def lead(self) -> timedelta | None:
        """How much earlier the proposal came (negative: later). Illustrative: the fields and forecasts are synthetic."""
        if self.proposed_at is None or self.published_at is None:
            return None
        return self.published_at - self.proposed_at

    @property
    def at(self) -> datetime:
        """The earlier of the two times."""
        return min(each for each in (self.proposed_at, self.published_at) if each is not None)


class _SignalIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    at: AwareDatetime
    issuer: Annotated[str, Field(pattern=r"^\d{6}(-\d+)?$")]
    hazard: Annotated[str, Field(min_length=1)]
    level: Literal["blue", "yellow", "orange", "red"]
    action: Action
    about: bool = False
    confidence: Literal["A", "B", "C", "U"]
    source: str


class _EventIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    zh: str
    en: str


class _HistoryIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    event: _EventIn
    sources: dict[str, str]
    signals: list[_SignalIn]


def load_history(source: Path | Traversable | None = None) -> History:
    """The history of ``source``, of the shipped ``config/demo/pulasan-history.yaml`` when None.

    Raises ConfigError with file, line and key.
    """
    marked = read_marked(source if source is not None else shipped() / "demo" / "pulasan-history.yaml", refusal=ConfigError)
    document = check(marked, _HistoryIn, refusal=ConfigError)
    signals = []
    for index, entry in enumerate(document.signals):
        if entry.source not in document.sources:
            raise ConfigError(f"{marked.where(('signals', index, 'source'))}: no source {entry.source!r}; known: {', '.join(document.sources)}")
        signals.append(Published(
            issuer=entry.issuer, hazard=entry.hazard, level=Level.of(entry.level), at=entry.at.astimezone(UTC), action=entry.action,
            about=entry.about, confidence=entry.confidence, source=document.sources[entry.source],
        ))  # fmt: skip
    signals.sort(key=lambda signal: signal.at)
    return History(event_zh=document.event.zh, event_en=document.event.en, signals=tuple(signals))


def compare(proposals: Sequence[Proposed], history: History) -> tuple[Row, ...]:
    """Every proposal and every published issue in order of time, side by side where issuer, hazard and level agree.

    A pair lies within ``NEAR``; of several proposals for one signal the nearest in time is taken (the earlier of two as
    near), which never flatters the lead. Lifted signals are not compared.
    """
    left = sorted(proposals, key=lambda proposal: proposal.at)
    rows = []
    for signal in (each for each in history.signals if each.action == "issue"):
        alike = [each for each in left
                 if (each.issuer, each.hazard, each.level) == (signal.issuer, signal.hazard, signal.level)
                 and abs(signal.at - each.at) <= NEAR]  # fmt: skip
        best = min(alike, key=lambda each: abs(signal.at - each.at), default=None)
        if best is not None:
            left.remove(best)
        rows.append(Row(
            issuer=signal.issuer, hazard=signal.hazard, level=signal.level, proposed_at=best.at if best else None,
            published_at=signal.at, about=signal.about, verdict=Verdict.MATCHED if best else Verdict.NEVER_PROPOSED,
        ))  # fmt: skip
    for each in left:
        rows.append(Row(issuer=each.issuer, hazard=each.hazard, level=each.level, proposed_at=each.at, published_at=None,
                        about=False, verdict=Verdict.UNPUBLISHED))  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (row.at, row.issuer, row.hazard, row.level)))


def render(rows: Sequence[Row]) -> str:
    """A text table in Beijing time; the lead is in minutes and called illustrative."""
    head = ("issuer", "hazard", "level", "proposed", "published", "lead min (illustrative)", "verdict")
    lines = [head, *(_line(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    table = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([*table, "Times: Beijing. Rain and wind are synthetic, so no lead here says what the engine would have gained in 2024."])


def _line(row: Row) -> tuple[str, ...]:
    lead = "-" if row.lead is None else f"{'about ' if row.about else ''}{round(row.lead / timedelta(minutes=1)):+d}"
    published = f"{'about ' if row.about else ''}{_local(row.published_at)}"
    return row.issuer, row.hazard, row.level.key, _local(row.proposed_at), published, lead, row.verdict.value


def _local(at: datetime | None) -> str:
    return "-" if at is None else f"{at.astimezone(BEIJING):%m-%d %H:%M}"
