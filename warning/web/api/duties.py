"""A post's duties behind the link of its message: taken, ticked off and done without an account, for that post alone."""

import json
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from warning.errors import Conflict, Invalid, NotFound
from warning.response.errand import Letter
from warning.web.api.responses import DutyOut, duty_out
from warning.web.api.shapes import Names
from warning.web.auth import Here
from warning.web.bounded import body_of, form_of
from warning.web.pages import page
from warning.web.problem import Problem

router = APIRouter(prefix="/api/duty", tags=["responses"])

_PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


class DutyAct(BaseModel):
    """``act``: take (every duty of the post that waits), tick (``check`` of ``duty``, counted from 0), done (``duty``)."""

    model_config = ConfigDict(extra="forbid")

    by: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00]*\S[^\x00]*$", description="who does it")
    act: str = Field(pattern="^(take|tick|done)$")
    duty: int = Field(default=0, ge=0, le=2**62)
    check: int = Field(default=0, ge=0, le=1000)
    remark: str = Field(default="", max_length=500, pattern=r"^[^\x00]*$")


class LetterOut(BaseModel):
    """A post's part in a response; ``over``: a person has closed it."""

    response: UUID
    post: str
    name: Names
    level: str
    status: str
    identifier: str
    over: bool
    shelters: Names
    duties: list[DutyOut]


@router.get("/{token}", summary="A post's duties; opening the page takes nothing", response_class=HTMLResponse,
            responses={404: {"model": Problem, "description": "no such link", "content": {"text/html": {}}}})
async def ask(parts: Here, request: Request, token: str) -> Response:
    try:
        letter = await parts.response.letter(token)
    except NotFound as error:
        if _program(request):
            raise
        return page(request, "duty.html", "zh", status=404, headers=_PRIVATE, letter=None, problem=str(error), action="")
    if _program(request):
        return JSONResponse(_letter(letter, parts.clock.now()).model_dump(mode="json"), headers=_PRIVATE)
    return page(request, "duty.html", "zh", headers=_PRIVATE, letter=letter, problem="", action=f"/api/duty/{token}", by="", now=parts.clock.now())


@router.post(
    "/{token}", summary="Take charge, tick a line, or say that it is done", response_model=None,
    responses={404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}},
    openapi_extra={"requestBody": {"required": True, "content": {kind: {"schema": DutyAct.model_json_schema()}
                                                                for kind in ("application/x-www-form-urlencoded", "application/json")}}})
async def act(parts: Here, request: Request, token: str) -> Response:
    """A browser gets the page again, a program (Accept: application/json) gets JSON."""
    problem, wanted, letter = "", None, None
    try:
        wanted = await _wanted(request)
        match wanted.act:
            case "take":
                letter = await parts.response.take_all(token, by=wanted.by.strip())
            case "tick":
                letter = await parts.response.tick_by_letter(token, wanted.duty, wanted.check, by=wanted.by.strip())
            case _:
                letter = await parts.response.done_by_letter(token, wanted.duty, by=wanted.by.strip(), remark=wanted.remark)
    except (NotFound, Conflict, Invalid) as error:
        if _program(request):
            raise
        problem, status = str(error), 404 if isinstance(error, NotFound) else 409 if isinstance(error, Conflict) else 422
        try:
            letter = await parts.response.letter(token)
        except NotFound:
            return page(request, "duty.html", "zh", status=404, headers=_PRIVATE, letter=None, problem=problem, action="")
    else:
        status = 200
    if _program(request):
        return JSONResponse(_letter(letter, parts.clock.now()).model_dump(mode="json"), headers=_PRIVATE)
    return page(request, "duty.html", "zh", status=status, headers=_PRIVATE, letter=letter, problem=problem, action=f"/api/duty/{token}",
                by="" if wanted is None else wanted.by, now=parts.clock.now())


def _program(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


async def _wanted(request: Request) -> DutyAct:
    raw: object
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            raw = json.loads(await body_of(request, most=10_000) or b"{}")
        except (ValueError, RecursionError) as error:
            raise Invalid('by: the body is no JSON; send {"by": "duty officer", "act": "take"}') from error
    else:
        raw = await form_of(request, most=10_000)
    try:
        return DutyAct.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}") from error


def _letter(letter: Letter, now: datetime) -> LetterOut:
    return LetterOut(
        response=letter.response_id, post=letter.post, name=Names(zh=letter.name[0], en=letter.name[1]), level=letter.level.name, status=letter.status,
        identifier=letter.identifier, over=letter.over, shelters=Names(zh=letter.refuges[0], en=letter.refuges[1]),
        duties=[duty_out(duty, now) for duty in letter.duties])
