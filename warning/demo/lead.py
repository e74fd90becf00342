"""Lead: what moving the rain on gains on the drill's event: when each district's level is first read with and without it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from feeds.format import read
from geo.field import GridField
from geo.zone import Zone
from warning.demo.history import BEIJING
from warning.level import Level
from warning.watch.draft import draft
from warning.watch.issuer import Issuer
from warning.watch.measured import Measuring
from warning.watch.rule import RuleSet
from warning.watch.window import Window

_HAZARD = "rainstorm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """When one issuer's level of rainstorm was first read from analyses alone, and with rain moved on; None: never."""

    issuer: str
    level: Level
    measured_at: datetime | None
    moved_on_at: datetime | None

    @property
    def lead(self) -> timedelta | None:
        """How much earlier it was read with the rain moved on; None when it was read in one of them only."""
        if self.measured_at is None or self.moved_on_at is None:
            return None
        return self.measured_at - self.moved_on_at


def gains(files: Sequence[Path], *, zones: Sequence[Zone], issuers: Sequence[Issuer], rule_set: RuleSet) -> list[Gain]:
    """Both readings of the analyses (lead 0) of ``files``, cycle by cycle; what the files forecast is left out."""
    measured: dict[tuple[str, Level], datetime] = {}
    moved_on: dict[tuple[str, Level], datetime] = {}
    window = Window()
    for file in files:
        window = window.with_run(_analyses(file))
        now = window.newest
        if now is None:
            continue
        for found, at_hand in ((measured, window), (moved_on, window.with_extrapolation(now))):
            answers = Measuring(at_hand, zones, now=now).measured(rule_set).answers
            for issuer in issuers:
                for one in draft(issuer, rule_set, answers, now=now):
                    for level in Level if one.hazard.key == _HAZARD and one.level is not None else ():
                        if one.level is not None and level <= one.level:
                            found.setdefault((issuer.code, level), now)
    keys = sorted(measured.keys() | moved_on.keys())
    return [Gain(issuer=code, level=level, measured_at=measured.get((code, level)), moved_on_at=moved_on.get((code, level)))
            for code, level in keys]


def render(found: Sequence[Gain]) -> str:
    """A text table in Beijing time, also of what was moved on and not measured until the end, and of what was missed."""
    head = ("issuer", "level", "measured", "moved on", "lead min (illustrative)", "verdict")
    lines = [head, *(_line(gain) for gain in found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def _analyses(file: Path) -> Iterable[GridField]:
    return [
        field for field in read(file, source="drill")
        if isinstance(field, GridField) and field.variable == "rain" and field.lead == timedelta(0)
    ]


def _line(gain: Gain) -> tuple[str, ...]:
    lead = "-" if gain.lead is None else f"{round(gain.lead / timedelta(minutes=1)):+d}"
    verdict = "not measured by the end" if gain.measured_at is None else "missed" if gain.moved_on_at is None else "earlier" if gain.lead else "same"
    return gain.issuer, gain.level.key, _local(gain.measured_at), _local(gain.moved_on_at), lead, verdict


def _local(at: datetime | None) -> str:
    return "-" if at is None else f"{at.astimezone(BEIJING):%m-%d %H:%M}"
