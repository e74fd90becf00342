"""Proposal: what the watch desk puts before a forecaster, with its reason and its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, TypeAdapter, ValidationError

from warning.errors import Invalid
from warning.level import Level
from warning.watch.evidence import Evidence
from warning.watch.hazard import Hazard
from warning.watch.issuer import Issuer

# In JSON a level is its word.
LevelJson = Annotated[
    Level, PlainSerializer(lambda level: level.key), BeforeValidator(lambda w: Level.of(w) if isinstance(w, str) else w)
]


class Action(Enum):
    """What is asked for."""

    NEW = "new"
    UPDATE = "update"
    CANCEL = "cancel"
    NOTHING = "nothing"


class Reason(Enum):
    """Why it is asked for, or why nothing is."""

    FIRST = "first"
    PEAK_ROSE = "peak_rose"
    LEVEL_FELL = "level_fell"
    AREA_GREW = "area_grew"
    AREA_SHRANK = "area_shrank"
    EXTENDED_IN_TIME = "extended_in_time"
    NO_LONGER_EXCEEDED = "no_longer_exceeded"
    MERGED = "merged"
    UNKNOWN_DATA = "unknown_data"
    WAITING_PERSISTENCE = "waiting_persistence"
    HELD_BY_HAND = "held_by_hand"
    NO_CHANGE = "no_change"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One of several hazards that the same data may mean, with the level it would have."""

    hazard: str
    event_code: str
    zh: str
    en: str
    level: LevelJson


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A warning that is out. ``by_hand``: a person judged beyond the data, so data neither lower nor lift it."""

    event_id: str
    issuer: str
    hazard: str
    level: LevelJson
    zones: tuple[str, ...]
    expires: datetime
    identifier: str
    version: int
    by_hand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """``zones`` are all the zones the warning has when the proposal is followed (for a cancel: those it had).

    ``level`` is None only for NOTHING, when no level was reached; ``previous_level`` is that in force. ``hazard`` is the
    group and ``event_code`` empty while the cause is to be decided (``cause_to_decide`` lists the candidates).
    """

    issuer: str
    hazard: str
    event_code: str
    hazard_zh: str
    hazard_en: str
    level: LevelJson | None
    previous_level: LevelJson | None
    action: Action
    reason: Reason
    zones: tuple[str, ...]
    event_id: str | None
    onset: datetime | None
    expires: datetime | None
    evidence: tuple[Evidence, ...]
    cause_to_decide: tuple[Candidate, ...]
    created_at: datetime
    note: str = ""


_ADAPTER: TypeAdapter[Proposal] = TypeAdapter(Proposal)


def to_json(proposal: Proposal) -> dict[str, object]:
    """Plain JSON values; times are ISO 8601 in UTC, levels and enums their words."""
    document: dict[str, object] = _ADAPTER.dump_python(proposal, mode="json")
    return document


def proposal_from_json(document: Mapping[str, object]) -> Proposal:
    """The inverse; raises Invalid with the key that is wrong."""
    try:
        return _ADAPTER.validate_python(document)
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(f"no proposal: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def same_request(one: Proposal, other: Proposal) -> bool:
    """Whether both ask for the same act, whatever the evidence of the cycle: the older one need not be shown twice."""
    return _request(one) == _request(other)


def _request(proposal: Proposal) -> tuple[object, ...]:
    causes = tuple((candidate.hazard, candidate.level) for candidate in proposal.cause_to_decide)
    act = (proposal.action, proposal.level, proposal.reason, frozenset(proposal.zones), proposal.event_id)
    return (proposal.issuer, proposal.hazard, *act, causes)


def decide_cause(proposal: Proposal, hazard: str) -> Proposal:
    """The proposal for the one candidate that a person chose; raises Invalid when it is none of them."""
    for candidate in proposal.cause_to_decide:
        if candidate.hazard == hazard:
            kept = tuple(found for found in proposal.evidence if found.hazard == hazard)
            return replace(
                proposal,
                hazard=hazard,
                event_code=candidate.event_code,
                hazard_zh=candidate.zh,
                hazard_en=candidate.en,
                level=candidate.level,
                zones=tuple(found.zone for found in kept) or proposal.zones,
                evidence=kept,
                cause_to_decide=(),
            )
    offered = ", ".join(candidate.hazard for candidate in proposal.cause_to_decide) or "none, its cause is known"
    raise Invalid(f"cause: {hazard!r} is no candidate; choose from: {offered}")


def by_hand(
    issuer: Issuer,
    hazard: Hazard,
    level: Level,
    zones: Sequence[str],
    *,
    expires: datetime,
    now: datetime,
    onset: datetime | None = None,
    note: str = "",
    in_force: InForce | None = None,
) -> Proposal:
    """A proposal that a person composes, of any emergency and without a grid: fire, water, geology, a manual row.

    ``hazard`` as ``eventcode.hazard_of`` finds it: the rule set's when it has one, else the bare event code.
    ``in_force`` is the warning it replaces. Raises Invalid: a zone of somebody else, no zone, an end in the past.
    """
    if not zones:
        raise Invalid("zones: none given; name at least one zone")
    foreign = [zone for zone in zones if not issuer.may_warn(zone)]
    if foreign:
        raise Invalid(f"zones: {issuer.code} may not warn {', '.join(foreign)}; it has {', '.join(issuer.zones)}")
    if expires <= now or (onset is not None and onset >= expires):
        raise Invalid(f"expires: {expires:%Y-%m-%d %H:%M} is not after now and the onset; give a later time")
    if in_force is not None and (in_force.issuer, in_force.hazard) != (issuer.code, hazard.key):
        raise Invalid(f"event: {in_force.event_id} is {in_force.hazard} of {in_force.issuer}, not {hazard.key} of {issuer.code}")
    return Proposal(
        issuer=issuer.code,
        hazard=hazard.key,
        event_code=hazard.event_code,
        hazard_zh=hazard.zh,
        hazard_en=hazard.en,
        level=level,
        previous_level=None if in_force is None else in_force.level,
        action=Action.NEW if in_force is None else Action.UPDATE,
        reason=Reason.BY_HAND,
        zones=tuple(dict.fromkeys(zones)),
        event_id=None if in_force is None else in_force.event_id,
        onset=onset,
        expires=expires,
        evidence=(),
        cause_to_decide=(),
        created_at=now,
        note=note,
    )
