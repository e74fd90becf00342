"""Responses: what a warning has set in motion, the duties of each post, and where people can go."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from warning.response.state import DutyHeld, Response
from warning.web.api.shapes import Names
from warning.web.auth import Caller, Here, Viewer
from warning.web.problem import Problem

_REFUSALS: dict[int | str, dict[str, object]] = {
    401: {"model": Problem, "description": "no token, or one that is not known"},
    403: {"model": Problem, "description": "not this role's act, or another area's"},
    404: {"model": Problem, "description": "no such response or duty"},
    409: {"model": Problem, "description": "it has moved on meanwhile"},
}
router = APIRouter(prefix="/api", tags=["responses"])


class CheckOut(BaseModel):
    text: Names
    ticked_by: str
    ticked_at: datetime | None


class DutyOut(BaseModel):
    """``zone`` is empty for a duty of the whole area; ``late``: past its time."""

    id: int
    key: str
    level: str
    zone: str
    post: Names
    text: Names
    checks: list[CheckOut]
    state: str = Field(description="waiting, acknowledged, done, not_needed")
    late: bool
    acknowledge_by: datetime
    done_by: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str
    done_at: datetime | None
    done_by_whom: str
    remark: str
    held_by: list[str] = Field(description="posts of the roster that hold it and are written to; empty = whoever takes it")


class CountsOut(BaseModel):
    """How far it is: of the duties that are needed; ``late`` ones are counted in their state, too."""

    waiting: int
    acknowledged: int
    done: int
    late: int


class ResponseOut(BaseModel):
    """A response; ``level`` IV to I, I the strongest."""

    id: UUID
    plan: str
    name: Names
    identifier: str = Field(description="of the newest version of the warning that it follows")
    hazard: str
    warning: str
    level: str
    zones: list[str]
    status: str
    state: str = Field(description="open, over (the warning has ended; a person closes the response), closed")
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str
    reason: str
    counts: CountsOut
    duties: list[DutyOut]


class Done(BaseModel):
    model_config = ConfigDict(extra="forbid")

    remark: str = Field(default="", max_length=500, description="needed when a line of the list is not ticked")


class Close(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=500)


class ShelterProperties(BaseModel):
    code: str
    kind: str
    name: Names
    address: str
    places: int = Field(description="0 = not known")
    hazards: list[str] = Field(description="for which it is fit; empty = every hazard")


class PointOut(BaseModel):
    type: str = "Point"
    coordinates: tuple[float, float]


class ShelterOut(BaseModel):
    type: str = "Feature"
    properties: ShelterProperties
    geometry: PointOut


class SheltersOut(BaseModel):
    type: str = "FeatureCollection"
    features: list[ShelterOut]


@router.get("/responses", summary="Responses that are open, the strongest first; an office sees its own zones'", responses=_REFUSALS)
async def responses(parts: Here, account: Viewer, closed: bool = False) -> list[ResponseOut]:
    now = parts.clock.now()
    return [_out(one, now) for one in await parts.response.responses(account, closed=closed)]


@router.get("/responses/{response_id}", summary="One response with its duties", responses=_REFUSALS)
async def response(parts: Here, account: Viewer, response_id: UUID) -> ResponseOut:
    return _out(await parts.response.response(response_id, account=account), parts.clock.now())


@router.post("/responses/{response_id}/duties/{duty_id}/acknowledge", summary="Take charge of a duty", responses=_REFUSALS)
async def acknowledge(parts: Here, account: Caller, response_id: UUID, duty_id: int) -> ResponseOut:
    await parts.response.acknowledge(response_id, duty_id, account=account)
    return await response(parts, account, response_id)


@router.post("/responses/{response_id}/duties/{duty_id}/checks/{check}", summary="Tick a line of a duty's list, counted from 0", responses=_REFUSALS)
async def tick(parts: Here, account: Caller, response_id: UUID, duty_id: int, check: int) -> ResponseOut:
    await parts.response.tick(response_id, duty_id, check, account=account)
    return await response(parts, account, response_id)


@router.post("/responses/{response_id}/duties/{duty_id}/done", summary="A duty is done", responses=_REFUSALS)
async def done(parts: Here, account: Caller, response_id: UUID, duty_id: int, body: Done) -> ResponseOut:
    await parts.response.done(response_id, duty_id, account=account, remark=body.remark)
    return await response(parts, account, response_id)


@router.post("/responses/{response_id}/close", summary="Close a response, with the reason; open duties stay on record", responses=_REFUSALS)
async def close(parts: Here, account: Caller, response_id: UUID, body: Close) -> ResponseOut:
    await parts.response.close(response_id, account=account, reason=body.reason)
    return await response(parts, account, response_id)


@router.get("/shelters.geojson", summary="Shelters and assembly points")
async def shelters(parts: Here) -> SheltersOut:
    return SheltersOut(features=[
        ShelterOut(
            properties=ShelterProperties(code=one.code, kind=one.kind, name=Names(zh=one.name_zh, en=one.name_en), address=one.address,
                                         places=one.places, hazards=list(one.hazards)),
            geometry=PointOut(coordinates=(one.lon, one.lat)))
        for one in parts.shelters.all])


def _out(one: Response, now: datetime) -> ResponseOut:
    return ResponseOut(
        id=one.id, plan=one.plan, name=_names(one.name), identifier=one.identifier, hazard=one.hazard, warning=one.warning.key, level=one.level.name,
        zones=list(one.zones), status=one.status, state=one.state, opened_at=one.opened_at, closed_at=one.closed_at, closed_by=one.closed_who,
        reason=one.reason, counts=CountsOut(
            late=sum(duty.late(now) for duty in one.duties),
            **{state: sum(duty.state == state for duty in one.duties) for state in ("waiting", "acknowledged", "done")}),
        duties=[duty_out(duty, now) for duty in one.duties])


def duty_out(duty: DutyHeld, now: datetime) -> DutyOut:
    return DutyOut(
        id=duty.id, key=duty.key, level=duty.level.name, zone=duty.zone, post=_names(duty.post), text=_names(duty.words),
        checks=[CheckOut(text=_names(text), ticked_by=duty.ticked[number][0] if number in duty.ticked else "",
                         ticked_at=duty.ticked[number][1] if number in duty.ticked else None) for number, text in enumerate(duty.checks)],
        state=duty.state, late=duty.late(now), acknowledge_by=duty.acknowledge_by, done_by=duty.done_by, acknowledged_at=duty.acknowledged_at,
        acknowledged_by=duty.acknowledged_who, done_at=duty.done_at, done_by_whom=duty.done_who, remark=duty.remark,
        held_by=list(duty.held_by))


def _names(words: tuple[str, str]) -> Names:
    return Names(zh=words[0], en=words[1])
