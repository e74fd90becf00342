"""Calls: who has answered, who not, how long; the operator's entry; the board to take away."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from warning.answer.call import Attempt, Call
from warning.web.auth import Caller, Here, Viewer
from warning.web.calls import as_csv, of_area, took_s
from warning.web.callsheet import as_pdf
from warning.web.problem import Problem

_REFUSALS: dict[int | str, dict[str, object]] = {
    401: {"model": Problem, "description": "no token, or one that is not known"},
    403: {"model": Problem, "description": "this account may not, or has no area"},
}
router = APIRouter(prefix="/api/calls", tags=["answers"], responses=_REFUSALS)

Identifier = Annotated[str | None, Query(description="of one alert; empty = of all")]
Open = Annotated[bool, Query(alias="open", description="only what nobody has answered")]
Language = Annotated[Literal["zh", "en"], Query()]


class AttemptOut(BaseModel):
    """One way to one person: planned, called, no_way or stopped; ``delivery`` is the state of its message, ``why`` the reason for which it failed."""

    name: str
    above: bool
    channel: str
    due_at: datetime
    state: str
    called_at: datetime | None
    tried_at: datetime | None
    delivery: str
    twice: bool
    why: str


class CallOut(BaseModel):
    """A post that must answer; ``next`` is what happens when nobody does."""

    id: UUID
    identifier: str
    level: str
    post: str
    zone: str
    state: str
    opened_at: datetime
    deadline: datetime
    first_tried_at: datetime | None
    answered_at: datetime | None
    answered_by: str
    answered_how: str
    escalated_to: str
    took_s: float
    next: AttemptOut | None
    attempts: list[AttemptOut]


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    by: Annotated[str, Field(min_length=1, max_length=100, description="who has answered, by telephone or in person")]
    note: Annotated[str, Field(max_length=500)] = ""


class EntryOut(BaseModel):
    identifier: str
    posts: list[str]
    late: bool


@router.get("", summary="Who has answered, who not, how long")
async def calls(parts: Here, account: Viewer, identifier: Identifier = None, open_only: Open = False) -> list[CallOut]:
    now = parts.clock.now()
    return [_call(call, now) for call in of_area(await parts.answer.board(identifier, open_only=open_only), account)]


@router.get("/export.csv", summary="The board as CSV", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
async def export_csv(parts: Here, account: Viewer, identifier: Identifier = None, lang: Language = "zh") -> Response:
    found = of_area(await parts.answer.board(identifier), account)
    return _file(as_csv(found, lang, parts.clock.now()), "text/csv; charset=utf-8", "calls.csv")


@router.get("/export.pdf", summary="The board as PDF", response_class=Response, responses={200: {"content": {"application/pdf": {}}}})
async def export_pdf(parts: Here, account: Viewer, identifier: Identifier = None, lang: Language = "zh") -> Response:
    found = of_area(await parts.answer.board(identifier), account)
    return _file(as_pdf(found, lang, parts.clock.now(), drill=parts.settings.status != "Actual"), "application/pdf", "calls.pdf")


@router.post("/{call_id}/answer", summary="An operator writes down that somebody has answered",
             responses={404: {"model": Problem}, 409: {"model": Problem, "description": "it is answered or over"}})
async def enter(parts: Here, account: Caller, call_id: UUID, body: Entry) -> EntryOut:
    """Who wrote it is in the audit; everything for that post stops."""
    proof = await parts.answer.enter(call_id, by=body.by, note=body.note, account=account)
    return EntryOut(identifier=proof.identifier, posts=list(proof.posts), late=proof.late)


def _file(content: bytes, kind: str, name: str) -> Response:
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"})


def _call(call: Call, now: datetime) -> CallOut:
    return CallOut(
        id=call.id, identifier=call.identifier, level=call.level.key, post=call.post, zone=call.zone, state=call.state, opened_at=call.opened_at,
        deadline=call.deadline, first_tried_at=call.first_tried_at, answered_at=call.answered_at, answered_by=call.answered_by,
        answered_how=call.answered_how, escalated_to=call.escalated_to, took_s=round(took_s(call, now), 1),
        next=None if call.next is None else _attempt(call.next), attempts=[_attempt(one) for one in call.attempts])


def _attempt(one: Attempt) -> AttemptOut:
    return AttemptOut(name=one.name, above=one.above, channel=one.channel, due_at=one.due_at, state=one.state, called_at=one.called_at,
                      tried_at=one.tried_at, delivery=one.delivery, twice=one.twice, why=one.why)
