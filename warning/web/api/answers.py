"""Acknowledgements: a page with a button, because a link scanner that opens the address must not answer for a person."""

import json

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from warning.errors import Conflict, Invalid, NotFound
from warning.web.auth import Here
from warning.web.pages import page
from warning.web.problem import Problem

router = APIRouter(prefix="/api/ack", tags=["answers"])

_PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


@router.get("/{token}", summary="The page with the button; opening it acknowledges nothing", response_class=HTMLResponse,
            responses={404: {"description": "no such link", "content": {"text/html": {}}}})
async def ask(parts: Here, request: Request, token: str) -> HTMLResponse:
    try:
        asked = await parts.answer.asked(token)
    except NotFound as error:
        return page(request, "ack.html", "zh", status=404, headers=_PRIVATE, done=False, problem=str(error), action="")
    return page(request, "ack.html", "zh", headers=_PRIVATE, done=False, problem="", action=f"/api/ack/{token}", asked=asked)


@router.post(
    "/{token}", summary="Acknowledge", response_model=None,
    responses={404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}},
    openapi_extra={"requestBody": {"required": True, "content": {kind: {"schema": {
        "type": "object", "required": ["by"], "properties": {"by": {"type": "string", "maxLength": 100}}}}
        for kind in ("application/x-www-form-urlencoded", "application/json")}}})
async def acknowledge(parts: Here, request: Request, token: str) -> Response:
    """``by`` says who answers. A browser gets a page, a program (Accept: application/json) gets JSON."""
    by = await _by(request)
    wants_json = "application/json" in request.headers.get("accept", "")
    try:
        proof = await parts.answer.acknowledge(token, by=by)
    except (NotFound, Conflict) as error:
        if wants_json:
            raise
        status = 404 if isinstance(error, NotFound) else 409
        return page(request, "ack.html", "zh", status=status, headers=_PRIVATE, done=False, problem=str(error), action="")
    if wants_json:
        return JSONResponse(
            {"identifier": proof.identifier, "post": proof.post, "at": proof.at.isoformat(), "late": proof.late, "posts": list(proof.posts)}, headers=_PRIVATE)
    return page(request, "ack.html", "zh", headers=_PRIVATE, done=True, problem="", action="", proof=proof)


async def _by(request: Request) -> str:
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            content = json.loads(await request.body())
        except ValueError as error:
            raise Invalid('by: the body is no JSON; send {"by": "duty officer"}') from error
        by = content.get("by") if isinstance(content, dict) else None
    else:
        async with request.form() as form:
            by = form.get("by")
    if not isinstance(by, str) or not 1 <= len(by.strip()) <= 100:
        raise Invalid("by: say in 1 to 100 characters who answers")
    return by.strip()
