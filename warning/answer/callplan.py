"""Call plans: for each hazard and level who is called, by which ways in which order, and when the next one is called."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from warning.errors import ConfigError
from warning.level import Level
from warning.roster.gap import Freshness
from warning.roster.post import Kind
from warning.watch.marked import check, read_marked, shipped

CALLED = (Kind.RESPONSIBLE, Kind.LIAISON, Kind.INFORMATION_OFFICER, Kind.KEY_UNIT, Kind.SUBSCRIBER)
"""Everybody but terminals: a machine shows a warning, it takes no charge of it."""
APP_FIRST = ("webpush", "webhook", "sms", "voice", "email")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlan:
    """``channels`` are kinds, in the order in which they are tried; ``hazards`` empty = every hazard.

    The first try is due at once. ``parallel``: all ways of a person at the same moment. ``above``: when everybody is silent, the level above.
    """

    level: Level
    hazards: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = CALLED
    channels: tuple[str, ...] = APP_FIRST
    next_channel: timedelta = timedelta(seconds=120)
    next_person: timedelta = timedelta(seconds=300)
    parallel: bool = False
    above: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlans:
    plans: tuple[CallPlan, ...]
    freshness: Freshness = field(default_factory=Freshness)

    def of(self, hazard: str, level: Level) -> CallPlan | None:
        """The plan that names the hazard, else the one for every hazard; None = nobody is called at this level."""
        fitting = [plan for plan in self.plans if plan.level is level and (not plan.hazards or hazard in plan.hazards)]
        return max(fitting, key=lambda plan: bool(plan.hazards), default=None)

    def ways(self) -> frozenset[str]:
        """Every kind of channel that some plan tries."""
        return frozenset(kind for plan in self.plans for kind in plan.channels)


class _PlanIn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    level: str = Field(pattern="^(blue|yellow|orange|red)$")
    hazards: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    kinds: tuple[Kind, ...] = Field(default=CALLED, min_length=1)
    channels: tuple[Annotated[str, Field(min_length=1)], ...] = Field(default=APP_FIRST, min_length=1)
    next_channel_s: float = Field(default=120, gt=0, le=3600)
    next_person_s: float = Field(default=300, gt=0, le=7200)
    parallel: bool = False
    above: bool = True


class _FreshnessIn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    proved_within_days: int = Field(default=90, ge=1, le=3660)
    warn_before_days: int = Field(default=14, ge=0, le=365)
    shifts_ahead_h: int = Field(default=24, ge=1, le=24 * 31)


class _PlansIn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    plans: tuple[_PlanIn, ...] = Field(min_length=1)
    freshness: _FreshnessIn = _FreshnessIn()


def load_call_plans(source: Path | Traversable | None = None, *, hazards: Sequence[str] = ()) -> CallPlans:
    """The plans of ``source``, the shipped ones when None; ``hazards`` are the keys that may be named (empty: not checked).

    Raises ConfigError with file, line and key, also for two plans that fit the same hazard and level.
    """
    marked = read_marked(source if source is not None else shipped() / "callplans.yaml", refusal=ConfigError)
    found = check(marked, _PlansIn, refusal=ConfigError)
    taken: dict[tuple[str, str], int] = {}
    for index, plan in enumerate(found.plans):
        if plan.next_person_s < plan.next_channel_s and not plan.parallel:
            raise ConfigError(f"{marked.where(('plans', index, 'next_person_s'))}: the next person would be called before the second channel; make it {plan.next_channel_s:g} or more")
        for hazard in plan.hazards or ("",):
            if hazard and hazards and hazard not in hazards:
                raise ConfigError(f"{marked.where(('plans', index, 'hazards'))}: {hazard!r} is no hazard of the rules; there is {', '.join(sorted(hazards))}")
            if (hazard, plan.level) in taken:
                raise ConfigError(f"{marked.where(('plans', index))}: {hazard or 'every hazard'} at {plan.level} has a plan already (plans[{taken[hazard, plan.level]}]); keep one")
            taken[hazard, plan.level] = index
    fresh = found.freshness
    return CallPlans(
        plans=tuple(CallPlan(
            level=Level.of(plan.level), hazards=plan.hazards, kinds=plan.kinds, channels=plan.channels, parallel=plan.parallel, above=plan.above,
            next_channel=timedelta(seconds=plan.next_channel_s), next_person=timedelta(seconds=plan.next_person_s)) for plan in found.plans),
        freshness=Freshness(proved_within=timedelta(days=fresh.proved_within_days), warn_before=timedelta(days=fresh.warn_before_days),
                            shifts_ahead=timedelta(hours=fresh.shifts_ahead_h)))
