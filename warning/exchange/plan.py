"""Plan: what follows from a message for the warnings of ours that it leads to. Plain functions on frozen values.

    message   leads to                 becomes
    --------  -----------------------  ----------------------------------------------------------
    Alert     nothing of ours          new
    Update    a warning in force       update of the one with its event and most of its zones
              another event, or none   new: whoever joins late, or was out of reach, is warned still
              one it names no more     cancel, when all of the Update was understood
    Cancel    a warning in force       cancel, as the warning itself stands: a Cancel need not repeat it
              nothing in force         nothing; it is kept
    (an Update whose every info says AllClear is a Cancel)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from warning.exchange.understand import Part, Understood
from warning.exchange.work import InForce
from warning.level import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One proposal to make. ``replaces`` is the alert of ours that it follows; empty for a new one."""

    action: Literal["new", "update", "cancel"]
    event_code: str
    level: Level
    zones: tuple[str, ...]
    onset: datetime
    expires: datetime
    texts: Mapping[str, Mapping[str, str]]
    replaces: str = ""
    event_id: UUID | None = None

    def proposal(self, claim: UUID) -> UUID:
        """The proposal's id: the same step of the same claim has the same, however often it is tried."""
        return uuid5(claim, f"end {self.event_id}" if self.action == "cancel" else f"{self.event_code} {self.level.key} {','.join(sorted(self.zones))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """New and changed warnings before ended ones: nobody is told an end before the start of what goes on."""

    steps: tuple[Step, ...]
    told: tuple[str, ...] = ()


def warned(meant: Understood, events: Sequence[InForce], *, follows: bool, now: datetime) -> Plan:
    """For an Alert, or an Update (``follows``)."""
    left = [one for one in events if not one.ended]
    steps: list[Step] = []
    told: list[str] = []
    for part in meant.parts:
        fitting = [one for one in left if one.event_code == part.event_code]
        before = max(fitting, key=lambda one: (len(set(one.zones) & set(part.zones)), one.identifier), default=None)
        if before is None:
            steps.append(_step(part, "new"))
            told += [_late(part, events)] if follows else []
        else:
            left.remove(before)
            steps.append(_step(part, "update", before))
    if follows and meant.whole:
        # Whose zones all go over to another warning of that event ends by the signature under that one.
        gone = [one for one in left if not set(one.zones) <= {zone for part in meant.parts if part.event_code == one.event_code for zone in part.zones}]
        steps += [_end(one, {}, now) for one in gone]
        told += [f"{one.identifier} is no part of it any more and is lifted" for one in gone]
    return Plan(steps=tuple(steps), told=tuple(told))


def lifted(events: Sequence[InForce], texts: Mapping[str, Mapping[str, str]], *, now: datetime) -> Plan:
    """For a Cancel: whatever of ours is in force for it."""
    return Plan(steps=tuple(_end(one, texts, now) for one in events if not one.ended))


def _end(event: InForce, texts: Mapping[str, Mapping[str, str]], now: datetime) -> Step:
    return Step(action="cancel", event_code=event.event_code, level=event.level, zones=event.zones, onset=now, expires=event.expires, texts=texts,
                replaces=event.identifier, event_id=event.event_id)


def _late(part: Part, events: Sequence[InForce]) -> str:
    if not events:
        return "what it follows never went out from here: passed on as a new warning"
    if any(one.event_code == part.event_code for one in events):
        return "what it follows has ended here: passed on as a new warning"
    return f"what it follows was of another event: {part.event_code} is passed on as a new warning"


def _step(part: Part, action: Literal["new", "update"], before: InForce | None = None) -> Step:
    return Step(
        action=action, event_code=part.event_code, level=part.level, zones=part.zones, onset=part.onset, expires=part.expires, texts=part.texts,
        replaces="" if before is None else before.identifier, event_id=None if before is None else before.event_id)
