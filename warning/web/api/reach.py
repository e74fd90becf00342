"""Reach: who would be told by when if it were signed now, and what came of it."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from warning.dispatch.plan import MOMENTS_S, ReachPlan
from warning.store.reach import NOISE_HOURS, Compared, Noise, draft_of
from warning.web.auth import Here, Viewer
from warning.web.problem import Problem

_MISSING: dict[int | str, dict[str, object]] = {404: {"model": Problem, "description": "no such proposal or alert"}}
router = APIRouter(tags=["reach"], responses=_MISSING)


class ProposalReachOut(BaseModel):
    """``plan`` counts from a signature now. ``noise``: what the place has been told in the last ``noise_hours``, by issuer."""

    proposal_id: UUID
    moments_s: tuple[int, ...] = Field(description="seconds after the signature at which every `reached` is counted")
    plan: ReachPlan
    noise_hours: int
    noise: list[Noise]


class AlertReachOut(BaseModel):
    """``planned`` is null when nothing could be planned at the signature."""

    moments_s: tuple[int, ...]
    compared: Compared


@router.get("/api/proposals/{proposal_id}/reach", summary="Who would be reached by when, were it signed now")
async def before(parts: Here, _: Viewer, proposal_id: UUID) -> ProposalReachOut:
    alert, now = await parts.issue.preview(proposal_id), parts.clock.now()
    draft = draft_of(alert)
    return ProposalReachOut(
        proposal_id=proposal_id, moments_s=MOMENTS_S, plan=await parts.reach.plan(draft, now=now), noise_hours=NOISE_HOURS,
        noise=await parts.reach.noise(draft.zones, lane=draft.lane, now=now))


@router.get("/api/alerts/{identifier}/reach", summary="Who was reached by when, beside what was planned at the signature")
async def after(parts: Here, _: Viewer, identifier: str) -> AlertReachOut:
    return AlertReachOut(moments_s=MOMENTS_S, compared=await parts.reach.compared(identifier))
