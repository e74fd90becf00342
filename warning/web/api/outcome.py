"""An alert on its way: progress by channel and district, what failed with its next step, and the retraction in one step."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from warning.dispatch.delivery import State
from warning.stage import PROMISE_S
from warning.store import board, progress
from warning.web.auth import Caller, Here, Viewer
from warning.web.problem import Problem
from warning.web.retract import retract
from warning.web.words import next_step

_MISSING: dict[int | str, dict[str, object]] = {404: {"model": Problem, "description": "no such alert"}}
router = APIRouter(prefix="/api/alerts", tags=["alerts"], responses=_MISSING)

_OWED = (State.QUEUED, State.CLAIMED, State.UNKNOWN)
_REACHED = (State.ACCEPTED, State.DELIVERED)


class LineOut(BaseModel):
    """One channel in one district ("" for offices and broadcasts). ``twice`` may have gone out twice; ``fell_back`` came from another channel."""

    channel: str
    district: str
    counts: dict[str, int]
    reached: int
    owed: int
    twice: int
    fell_back: int


class ProgressOut(BaseModel):
    """Read from counters kept by batch: cheap while millions are under way. ``done`` = nothing is owed any more."""

    identifier: str
    elapsed_s: float
    promise_s: float
    done: bool
    reached: int
    owed: int
    lines: list[LineOut]


class DeadLetterOut(BaseModel):
    """What failed on one channel for one reason; ``deliveries`` and ``crowds`` are what POST /api/deliveries/retry asks for."""

    channel: str
    reason: str
    count: int
    next_step: str
    deliveries: list[int]
    crowds: list[int]


class Retract(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=200, description="what was wrong; everybody who got the warning reads it")]


class RetractOut(BaseModel):
    """The proposal that a second person signs: POST /api/proposals/{proposal}/approve with this revision."""

    proposal: UUID
    revision: int
    retracts: str
    next_step: str


@router.get("/{identifier}/progress", summary="How far it is, by channel and district")
async def progressed(parts: Here, _: Viewer, identifier: str) -> ProgressOut:
    alert = await board.alert(parts.database, identifier)
    race = await board.race(parts.database, alert)
    lines = [
        LineOut(channel=one.channel, district=one.district, counts=one.counts, reached=_sum(one.counts, _REACHED),
                owed=_sum(one.counts, _OWED), twice=one.twice, fell_back=one.fell_back)
        for one in await progress.steps(parts.database, identifier)
    ]
    return ProgressOut(
        identifier=identifier, elapsed_s=round(race.elapsed_s, 3), promise_s=PROMISE_S, done=race.done,
        reached=sum(line.reached for line in lines), owed=sum(line.owed for line in lines), lines=lines)


@router.get("/{identifier}/dead-letters", summary="What failed, with the next step")
async def dead_letters(parts: Here, _: Viewer, identifier: str) -> list[DeadLetterOut]:
    await board.alert(parts.database, identifier)
    return [
        DeadLetterOut(channel=one.channel, reason=one.reason, count=one.count, next_step=next_step(one.reason, "en"),
                      deliveries=list(one.deliveries), crowds=list(one.crowds))
        for one in await progress.dead_letters(parts.database, identifier)
    ]


@router.post("/{identifier}/retract", status_code=201, summary="Take a mistaken warning back: one step each for two people")
async def retracted(parts: Here, account: Caller, identifier: str, body: Retract) -> RetractOut:
    made = await retract(parts, identifier, reason=body.reason, account=account)
    return RetractOut(
        proposal=made.proposal, revision=made.revision, retracts=made.retracts,
        next_step=f"a second person signs: POST /api/proposals/{made.proposal}/approve with revision {made.revision}")


def _sum(counts: dict[str, int], states: tuple[State, ...]) -> int:
    return sum(counts.get(state.value, 0) for state in states)
