"""Proposals: read, submit, give back, approve, dismiss, or compose one by hand."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from warning.errors import Invalid
from warning.issue.drawn import WIDEST_KM
from warning.issue.hand import HandMade
from warning.level import Level
from warning.store import board
from warning.web.api.shapes import ProposalOut, proposal_out
from warning.web.auth import Caller, Here, Viewer
from warning.web.problem import Problem

_REFUSALS: dict[int | str, dict[str, object]] = {
    401: {"model": Problem, "description": "no token, or one that is not known"},
    403: {"model": Problem, "description": "this account may not; every reason against it is named"},
    404: {"model": Problem, "description": "no such proposal"},
    409: {"model": Problem, "description": "it has moved on: reload it"},
    422: {"model": Problem, "description": "a field is not valid"},
}
router = APIRouter(prefix="/api/proposals", tags=["proposals"], responses=_REFUSALS)


class Words(BaseModel):
    """The texts in one language."""

    model_config = ConfigDict(extra="forbid")

    headline: str = Field(min_length=1, max_length=300)
    description: str = Field(min_length=1, max_length=4000)
    instruction: str = Field(default="", max_length=4000)
    sms: str | None = Field(default=None, min_length=1, max_length=1000, description="the short form; empty = as the template has it")


class Circle(BaseModel):
    """Centre in degrees WGS 84, radius in kilometres."""

    model_config = ConfigDict(extra="forbid")

    lat: float = Field(ge=-80, le=80)
    lon: float = Field(ge=-180, le=180)
    km: float = Field(gt=0, le=WIDEST_KM)


class Changes(BaseModel):
    """What the forecaster changes of the data's own proposal; what is absent stays as proposed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [
        {"zones": ["310115"], "expires": "2024-09-20T06:00:00Z"}]})

    hazard: str | None = Field(default=None, description="the cause, when the proposal says that it is to be decided")
    level: Literal["blue", "yellow", "orange", "red"] | None = None
    zones: list[str] | None = Field(default=None, min_length=1)
    polygon: dict[str, object] | None = Field(default=None, description="GeoJSON Polygon or MultiPolygon, WGS 84")
    circle: Circle | None = Field(default=None, description="instead of a polygon")
    expires: AwareDatetime | None = None
    texts: dict[Literal["zh-CN", "en-US"], Words] | None = None
    note: str | None = Field(default=None, max_length=500, description="why; needed where the level falls over another, or ends above the lowest")
    override: str | None = Field(default=None, min_length=1, max_length=500, description="why two languages that do not say the same may go out all the same")


class Submit(BaseModel):
    """``revision`` as read; ``changes`` may be empty."""

    model_config = ConfigDict(extra="forbid")

    revision: int = Field(ge=1)
    changes: Changes = Changes()


class Approve(BaseModel):
    """``revision`` as read: what was changed after that cannot be approved unseen. ``status``: what you take it for; another is refused."""

    model_config = ConfigDict(extra="forbid")

    revision: int = Field(ge=1)
    status: Literal["Actual", "Exercise", "Test"] | None = None


class Express(Submit):
    """As a submission; ``status``: what you take it for."""

    status: Literal["Actual", "Exercise", "Test"] | None = None


class Because(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=500)


class ByHand(BaseModel):
    """A warning that a person composes, without a grid: any issuer, any event code."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{
        "issuer": "310000", "hazard": "lightning", "event_code": "11B14", "level": "yellow", "zones": ["310115"],
        "onset": "2024-09-20T02:00:00Z", "expires": "2024-09-20T08:00:00Z"}]})

    issuer: str
    hazard: str
    event_code: str = Field(pattern=r"^\d{2}[A-Z]\d{2}$", examples=["11B03"])
    level: Literal["blue", "yellow", "orange", "red"]
    zones: list[str] = Field(default=[])
    polygon: dict[str, object] | None = None
    circle: Circle | None = None
    onset: AwareDatetime
    expires: AwareDatetime
    texts: dict[Literal["zh-CN", "en-US"], Words] = Field(default={}, description="empty = from the template library")
    action: Literal["new", "update", "cancel"] = "new"
    replaces: str | None = Field(default=None, description="the alert to update or cancel")
    status: Literal["Actual", "Exercise", "Test"] | None = Field(
        default=None, description="empty = as this deployment issues; a deployment that warns for real may issue a single Exercise or Test, never the other way round")
    note: str = Field(default="", max_length=500, description="why; needed where a level falls over another, or ends above the lowest")


class Done(BaseModel):
    id: UUID
    status: str


class Issued(BaseModel):
    """The identifier of the alert that two people have signed."""

    identifier: str
    cap_url: str


@router.get("", summary="What waits for a decision, most urgent first")
async def waiting(
    parts: Here, _: Viewer, live: Annotated[bool, Query(description="false = also those that are settled")] = True
) -> list[ProposalOut]:
    return [proposal_out(parts, found) for found in await board.proposals(parts.database, live=live)]


@router.get("/{proposal_id}", summary="One proposal with its evidence")
async def one(parts: Here, _: Viewer, proposal_id: UUID) -> ProposalOut:
    return proposal_out(parts, await board.proposal(parts.database, proposal_id))


@router.post("", status_code=201, summary="Compose a warning by hand")
async def compose(parts: Here, account: Caller, hand: ByHand) -> Done:
    if hand.expires <= hand.onset:
        raise Invalid("expires: must be after onset")
    if hand.action != "new" and hand.replaces is None:
        raise Invalid(f"replaces: an {hand.action} names the alert it replaces")
    made = HandMade(
        issuer=hand.issuer, hazard=hand.hazard, event_code=hand.event_code, level=Level.of(hand.level),
        zones=tuple(hand.zones), onset=hand.onset, expires=hand.expires, action=hand.action, polygon=hand.polygon,
        circle=None if hand.circle is None else hand.circle.model_dump(),
        texts={language: words.model_dump(exclude_none=True) for language, words in hand.texts.items()}, replaces=hand.replaces, status=hand.status,
        note=hand.note)
    return Done(id=await parts.issue.compose(made, account=account), status="open")


@router.post("/{proposal_id}/submit", summary="First signature: a forecaster submits")
async def submit(parts: Here, account: Caller, proposal_id: UUID, body: Submit) -> Done:
    await parts.issue.submit(proposal_id, account=account, revision=body.revision, changes=plain_changes(body.changes))
    return Done(id=proposal_id, status="submitted")


@router.post("/{proposal_id}/approve", summary="Second signature: another person approves, and it goes out")
async def approve(parts: Here, account: Caller, proposal_id: UUID, body: Approve) -> Issued:
    identifier = await parts.issue.approve(proposal_id, account=account, revision=body.revision, status=body.status)
    return Issued(identifier=identifier, cap_url=f"/api/alerts/{identifier}.xml")


@router.post("/{proposal_id}/express", summary="The fast lane: one signature, where a rule of the settings lets it; reviewed afterwards")
async def express(parts: Here, account: Caller, proposal_id: UUID, body: Express) -> Issued:
    identifier = await parts.issue.express(
        proposal_id, account=account, revision=body.revision, changes=plain_changes(body.changes), status=body.status)
    return Issued(identifier=identifier, cap_url=f"/api/alerts/{identifier}.xml")


@router.post("/{proposal_id}/return", summary="The approver gives it back with a reason")
async def give_back(parts: Here, account: Caller, proposal_id: UUID, body: Because) -> Done:
    await parts.issue.give_back(proposal_id, account=account, reason=body.reason)
    return Done(id=proposal_id, status="open")


@router.post("/{proposal_id}/dismiss", summary="A forecaster decides not to warn, with a reason")
async def dismiss(parts: Here, account: Caller, proposal_id: UUID, body: Because) -> Done:
    await parts.issue.dismiss(proposal_id, account=account, reason=body.reason)
    return Done(id=proposal_id, status="dismissed")


def plain_changes(changes: Changes) -> dict[str, object]:
    """Only what was really set, times as ISO text: the form in which the ledger keeps it."""
    found = changes.model_dump(exclude_none=True)
    if isinstance(found.get("expires"), datetime):
        found["expires"] = found["expires"].isoformat()
    return found
