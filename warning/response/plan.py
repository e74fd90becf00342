"""Plan: which response level a warning opens, and what each post has to do at it.

A warning and a response level are two objects tied by a rule (blue opens IV … red opens I). The warning is the observatory's, the response is
the emergency office's: the one lapses by itself, the other is closed by a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Literal

from warning.level import Level

Scope = Literal["area", "zone"]


class ResponseLevel(IntEnum):
    """IV is the lowest, I the highest (国家突发事件总体应急预案); a larger number here is the stronger one."""

    IV = 1
    III = 2
    II = 3
    I = 4  # noqa: E741  # the level's own name

    @property
    def zh(self) -> str:
        return "ⅣⅢⅡⅠ"[self - 1] + "级"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Words in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What one post does from ``level`` upwards. ``scope``: once for the whole warned area, or once in each warned zone."""

    key: str
    level: ResponseLevel
    post: Phrase
    scope: Scope
    words: Phrase
    checks: tuple[Phrase, ...]
    acknowledge_within: timedelta
    done_within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsePlan:
    """One plan for some hazards; a colour that ``levels`` does not name opens nothing."""

    key: str
    name: Phrase
    hazards: tuple[str, ...]
    levels: Mapping[Level, ResponseLevel]
    duties: tuple[Duty, ...]
    source: str
    unconfirmed: bool

    def opens(self, hazard: str, level: Level) -> ResponseLevel | None:
        """The response level that a warning asks for, None for a hazard or a colour that is none of this plan's."""
        return self.levels.get(level) if hazard in self.hazards else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A duty in one place: ``zone`` is "" for the whole area."""

    duty: Duty
    zone: str


def tasks(plan: ResponsePlan, level: ResponseLevel, zones: Sequence[str]) -> list[Task]:
    """Everything to do at ``level`` in ``zones``: what a lower level asks is asked at a higher one too."""
    found = []
    for duty in plan.duties:
        if duty.level <= level:
            found += [Task(duty=duty, zone=zone) for zone in (zones if duty.scope == "zone" else ("",))]
    return found
