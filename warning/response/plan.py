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
from warning.roster.area import AreaLevel, encloses, level_of
from warning.roster.post import Kind, Post

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
class Holders:
    """Posts of the roster that hold a duty: of these kinds, at this level of the administration."""

    kinds: tuple[Kind, ...]
    at: AreaLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What one post does from ``level`` upwards. ``scope``: once for the whole warned area, or once in each warned zone.

    ``held_by`` None: nobody is written to, the duty stands on the page for whoever takes it.
    """

    key: str
    level: ResponseLevel
    post: Phrase
    scope: Scope
    words: Phrase
    checks: tuple[Phrase, ...]
    acknowledge_within: timedelta
    done_within: timedelta
    held_by: Holders | None = None


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
    """A duty in one place: ``zone`` is "" for the whole area. ``posts`` of the roster hold it; empty with ``duty.held_by``: none is on the list."""

    duty: Duty
    zone: str
    posts: tuple[Post, ...] = ()


def tasks(plan: ResponsePlan, level: ResponseLevel, zones: Sequence[str], posts: Sequence[Post] = (), *, hazard: str = "") -> list[Task]:
    """Everything to do at ``level`` in ``zones``: what a lower level asks is asked at a higher one too.

    A duty of posts below a zone (each street's, of a warned district) is one duty for each place that has such a post.
    """
    found: list[Task] = []
    for duty in plan.duties:
        if duty.level > level:
            continue
        for zone in (zones if duty.scope == "zone" else ("",)):
            holding = _holding(duty, [zone] if zone else zones, posts, hazard)
            below = sorted({post.zone for post in holding if zone and encloses(zone, post.zone) and level_of(post.zone) is not level_of(zone)})
            found += [Task(duty=duty, zone=place, posts=tuple(post for post in holding if not below or post.zone == place)) for place in below or [zone]]
    return found


def _holding(duty: Duty, zones: Sequence[str], posts: Sequence[Post], hazard: str) -> list[Post]:
    """Inside a warned zone, or around it."""
    if duty.held_by is None:
        return []
    return [post for post in posts if post.kind in duty.held_by.kinds and level_of(post.zone) is duty.held_by.at
            and (not post.hazards or hazard in post.hazards) and any(encloses(zone, post.zone) or encloses(post.zone, zone) for zone in zones)]
