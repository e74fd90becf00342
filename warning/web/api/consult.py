"""Consultation: notes on a proposal, the reviews that the fast lane owes, and who is registered for what."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from warning.issue.consult.desk import LONGEST
from warning.issue.consult.work import Note, Review, Verdict
from warning.web.auth import Caller, Here, Viewer
from warning.web.problem import Problem

_REFUSALS: dict[int | str, dict[str, object]] = {
    403: {"model": Problem, "description": "this account may not, and why"},
    404: {"model": Problem, "description": "no such proposal, or nothing to review"},
    409: {"model": Problem, "description": "somebody has reviewed it already"},
}
router = APIRouter(tags=["consultation"], responses=_REFUSALS)


class NoteOut(BaseModel):
    id: int
    who: str
    text: str
    at: datetime


class NoteIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=LONGEST)


class ReviewOut(BaseModel):
    """Owed since ``issued_at``, until ``due_at``; by anybody who may approve it and is not ``issued_by``."""

    identifier: str
    hazard: str
    zones: tuple[str, ...]
    status: str
    issued_by: str
    issued_at: datetime
    due_at: datetime
    overdue: bool


class ReviewIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    verdict: Literal["confirmed", "contested"]
    remark: str = Field(default="", max_length=500, description="needed when contested")


class Entry(BaseModel):
    """One entry of a register; an empty list stands for all."""

    hazards: tuple[str, ...]
    levels: tuple[str, ...]
    zones: tuple[str, ...]


class AuthorityOut(BaseModel):
    """``registered`` empty: everything in its zones. ``own_templates``: the languages that it words by itself."""

    code: str
    name_zh: str
    name_en: str
    zones: tuple[str, ...]
    registered: tuple[Entry, ...]
    own_templates: tuple[str, ...]


@router.get("/api/proposals/{proposal_id}/notes", summary="What was said of it, oldest first")
async def notes(parts: Here, _: Viewer, proposal_id: UUID) -> list[NoteOut]:
    await parts.consulted.about(proposal_id)
    return [_note(one) for one in (await parts.consulted.notes([proposal_id])).get(proposal_id, ())]


@router.post("/api/proposals/{proposal_id}/notes", status_code=201, summary="Say something of it; a note is never changed or taken back")
async def say(parts: Here, account: Caller, proposal_id: UUID, note: NoteIn) -> NoteOut:
    return _note(await parts.consult.say(proposal_id, text=note.text, account=account))


@router.get("/api/reviews", summary="What went out with one signature and has not been reviewed, the most overdue first")
async def owed(parts: Here, _: Viewer) -> list[ReviewOut]:
    return [_review(one, parts.clock.now()) for one in await parts.consulted.owed()]


@router.post("/api/reviews/{identifier}", summary="Review it: another person than the one who issued it")
async def review(parts: Here, account: Caller, identifier: str, said: ReviewIn) -> ReviewIn:
    await parts.consult.review(identifier, verdict=Verdict(said.verdict), remark=said.remark, account=account)
    return said


@router.get("/api/authorities", summary="Who is registered to issue which hazard, in which colour, where")
async def authorities(parts: Here, _: Viewer) -> list[AuthorityOut]:
    return [
        AuthorityOut(
            code=one.code, name_zh=one.name_zh, name_en=one.name_en, zones=one.zones, own_templates=tuple(one.wordings),
            registered=tuple(Entry(hazards=e.hazards, levels=tuple(level.key for level in e.levels), zones=e.zones) for e in one.registered))
        for one in parts.issuers.values()]


def _note(one: Note) -> NoteOut:
    return NoteOut(id=one.id, who=one.who, text=one.text, at=one.at)


def _review(one: Review, now: datetime) -> ReviewOut:
    return ReviewOut(
        identifier=one.identifier, hazard=one.hazard, zones=one.zones, status=one.status, issued_by=one.issued_by,
        issued_at=one.issued_at, due_at=one.due_at, overdue=one.overdue(now))
