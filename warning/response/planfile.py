"""Response plans from ``response.yaml``; a fault is refused with file, line and key."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from warning.errors import ConfigError
from warning.level import Level
from warning.response.plan import Duty, Holders, Phrase, ResponseLevel, ResponsePlan, Scope
from warning.roster.area import AreaLevel
from warning.roster.post import Kind
from warning.watch.marked import check, read_marked

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Word = Annotated[str, Field(min_length=1)]
Minutes = Annotated[int, Field(gt=0, le=7 * 24 * 60)]
Roman = Literal["IV", "III", "II", "I"]
Colour = Literal["blue", "yellow", "orange", "red"]


class _Door(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Both(_Door):
    zh: Word
    en: Word

    def phrase(self) -> Phrase:
        return Phrase(zh=self.zh, en=self.en)


class _HoldersIn(_Door):
    kinds: Annotated[list[Literal["responsible", "liaison", "information_officer", "key_unit", "subscriber"]], Field(min_length=1)]
    at: Literal["city", "district", "town", "village"]

    def holders(self) -> Holders:
        return Holders(kinds=tuple(map(Kind, self.kinds)), at=AreaLevel(self.at))


class _DutyIn(_Door):
    key: Key
    level: Roman
    post: _Both
    scope: Scope = "zone"
    zh: Word
    en: Word
    checks: list[_Both] = []
    acknowledge_min: Minutes
    done_min: Minutes
    held_by: _HoldersIn | None = None


class _PlanIn(_Door):
    key: Key
    name: _Both
    hazards: Annotated[list[Key], Field(min_length=1)]
    levels: Annotated[dict[Colour, Roman], Field(min_length=1)]
    duties: list[_DutyIn]
    source: Word
    unconfirmed: bool = False


class _File(_Door):
    plans: list[_PlanIn]


def load_plans(path: Path, *, hazards: Iterable[str]) -> tuple[ResponsePlan, ...]:
    """The plans of a file. Raises ConfigError with file, line and key: an unknown hazard, a key used twice, a level that falls as the colour rises."""
    marked = read_marked(path, refusal=ConfigError)
    read = check(marked, _File, refusal=ConfigError)
    known = set(hazards)
    plans: dict[str, ResponsePlan] = {}
    for number, one in enumerate(read.plans):
        here = ("plans", number)
        if one.key in plans:
            raise ConfigError(f"{marked.where((*here, 'key'))}: {one.key!r} is another plan's; give each its own")
        strange = sorted(set(one.hazards) - known)
        if strange:
            raise ConfigError(f"{marked.where((*here, 'hazards'))}: no rule set has {', '.join(strange)}; known: {', '.join(sorted(known))}")
        keys = [duty.key for duty in one.duties]
        for at, key in enumerate(keys):
            if key in keys[:at]:
                raise ConfigError(f"{marked.where((*here, 'duties', at, 'key'))}: {key!r} stands in this plan already; give each its own")
        levels = {level: ResponseLevel[one.levels[level.key]] for level in Level if level.key in one.levels}
        if list(levels.values()) != sorted(levels.values()):
            raise ConfigError(f"{marked.where((*here, 'levels'))}: a stronger colour opens a weaker response; order them")
        plans[one.key] = ResponsePlan(
            key=one.key, name=one.name.phrase(), hazards=tuple(one.hazards), levels=levels, duties=tuple(map(_duty, one.duties)),
            source=one.source, unconfirmed=one.unconfirmed)
    return tuple(plans.values())


def _duty(given: _DutyIn) -> Duty:
    return Duty(
        key=given.key, level=ResponseLevel[given.level], post=given.post.phrase(), scope=given.scope, words=Phrase(zh=given.zh, en=given.en),
        checks=tuple(one.phrase() for one in given.checks), acknowledge_within=timedelta(minutes=given.acknowledge_min),
        done_within=timedelta(minutes=given.done_min), held_by=None if given.held_by is None else given.held_by.holders())
