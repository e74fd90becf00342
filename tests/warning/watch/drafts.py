"""Drafts, cycles and what stands in force, as the tests of proposals say them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from warning.level import Level
from warning.watch.draft import Draft
from warning.watch.evidence import Evidence
from warning.watch.hazard import Cause, Hazard
from warning.watch.memory import Memory, Policy
from warning.watch.proposal import (
    InForce,
    Proposal,
)
from warning.watch.propose import propose

START = datetime(2024, 9, 19, 18, 0, tzinfo=UTC)
STEP = timedelta(minutes=10)
POLICY = Policy()
RAIN = Hazard(key="rainstorm", event_code="11B03", zh="暴雨", en="rainstorm")
TYPHOON = Hazard(key="typhoon", event_code="11B01", zh="台风", en="typhoon", cause=Cause(group="wind", zh="…", en="…"))
GALE = Hazard(key="gale", event_code="11B06", zh="大风", en="gale", cause=Cause(group="wind", zh="…", en="…"))
BLUE, YELLOW, ORANGE, RED = Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED
ALL = (RED, ORANGE, YELLOW, BLUE)


def read(hazard: Hazard, zone: str) -> Evidence:
    return Evidence(
        zone=zone,
        hazard=hazard.key,
        peak=116.2,
        units="mm",
        test="rain/1h [mm] >= 100",
        share=0.2,
        known_share=1.0,
        cells=(3, 4),
        peak_time=START,
        onset=START + timedelta(hours=1),
        end=START + timedelta(hours=2),
        row=f"shanghai-2019/{hazard.key}/red",
        rule_set="shanghai-2019",
        version="2019.1",
        observed=False,
    )


def says(
    level: Level | None,
    zone: str = "310120",
    *,
    unknown: bool = False,
    hazard: Hazard = RAIN,
    issuer: str = "310120",
    manual: tuple[Level, ...] = (),
) -> Draft:
    return Draft(
        issuer=issuer,
        hazard=hazard,
        zone=zone,
        level=level,
        unknown=unknown,
        evidence=read(hazard, zone) if level or not unknown else None,
        levels=ALL,
        manual_levels=manual,
    )


def out(
    level: Level,
    *zones: str,
    event: str = "e1",
    hazard: str = "rainstorm",
    issuer: str = "310120",
    hours: float = 20,
    by_hand: bool = False,
) -> InForce:
    return InForce(
        event_id=event,
        issuer=issuer,
        hazard=hazard,
        level=level,
        zones=zones or ("310120",),
        expires=START + timedelta(hours=hours),
        identifier=f"31012041600000_{event}",
        version=1,
        by_hand=by_hand,
    )


def cycles(
    series: Sequence[Sequence[Draft]], in_force: Sequence[InForce] = (), policy: Policy = POLICY
) -> list[list[Proposal]]:
    """The proposals of one cycle after another while nobody acts on them."""
    memory, answers = Memory(), []
    for index, drafts in enumerate(series):
        found, memory = propose(drafts, in_force, memory, policy, now=START + index * STEP)
        answers.append(found)
    return answers


def acts(found: Sequence[Proposal]) -> list[tuple[str, str, str | None]]:
    return [(p.action.value, p.reason.value, p.level.key if p.level else None) for p in found]


# --- up


def area(levels: Mapping[str, Level | None]) -> list[Draft]:
    return [says(level, zone, issuer="310000") for zone, level in levels.items()]
