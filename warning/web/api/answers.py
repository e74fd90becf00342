"""Acknowledgements: a page that says what is answered, with a button, because a link scanner that opens the address must not answer for a person."""

import json
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from warning.answer.call import Acknowledged
from warning.errors import Conflict, Invalid, NotFound
from warning.store import board
from warning.web.auth import Here
from warning.web.bounded import body_of, form_of
from warning.web.pages import page
from warning.web.parts import Parts
from warning.web.problem import Problem
from warning.web.words import Lang, explained

router = APIRouter(prefix="/api/ack", tags=["answers"])

_PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
Language = Annotated[Lang, Query()]
_MOST = 10_000
"""Bytes of an answer."""


@router.get("/{token}", summary="The page with the button; opening it acknowledges nothing", response_class=HTMLResponse,
            responses={404: {"description": "no such link", "content": {"text/html": {}}}})
async def ask(parts: Here, request: Request, token: str, lang: Language = "zh") -> HTMLResponse:
    return await _page(parts, request, token, lang)


@router.post(
    "/{token}", summary="Acknowledge", response_model=None,
    responses={404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}},
    openapi_extra={"requestBody": {"required": True, "content": {kind: {"schema": {
        "type": "object", "required": ["by"], "properties": {"by": {"type": "string", "maxLength": 100}}}}
        for kind in ("application/x-www-form-urlencoded", "application/json")}}})
async def acknowledge(parts: Here, request: Request, token: str, lang: Language = "zh") -> Response:
    """``by`` says who answers. A browser gets a page, a program (Accept: application/json) gets JSON."""
    wants_json = "application/json" in request.headers.get("accept", "")
    try:
        proof = await parts.answer.acknowledge(token, by=await _by(request))
    except (NotFound, Conflict, Invalid) as error:
        if wants_json or request.headers.get("content-type", "").startswith("application/json"):
            raise
        status = 404 if isinstance(error, NotFound) else 409 if isinstance(error, Conflict) else 422
        return await _page(parts, request, token, lang, status=status, problem=explained(str(error), lang))
    if wants_json:
        return JSONResponse(
            {"identifier": proof.identifier, "post": proof.post, "at": proof.at.isoformat(), "late": proof.late, "posts": list(proof.posts)}, headers=_PRIVATE)
    return await _page(parts, request, token, lang, proof=proof)


async def _page(
    parts: Parts, request: Request, token: str, lang: Lang, *, status: int = 200, problem: str = "", proof: Acknowledged | None = None
) -> HTMLResponse:
    """What the link is about; the form while it can still be answered. A word that is none is told before anybody types."""
    try:
        about = await parts.answer.asked(token)
        alert = await board.alert(parts.database, about.identifier)
    except NotFound as error:
        about, alert, status, problem = None, None, 404, explained(str(error), lang)
    here = f"/api/ack/{token}"
    return page(
        request, "ack.html", lang, status=status, headers=_PRIVATE, done=proof is not None, proof=proof, problem=problem, here=here,
        action=f"{here}?lang={lang}" if about is not None and proof is None and status in (200, 422) else "",
        alert=alert, asked=about, state="" if alert is None else alert.state(parts.clock.now()))


async def _by(request: Request) -> str:
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            content = json.loads(await body_of(request, most=_MOST) or b"{}")
        except (ValueError, RecursionError) as error:
            raise Invalid('by: the body is no JSON; send {"by": "duty officer"}') from error
        by = content.get("by") if isinstance(content, dict) else None
    else:
        by = (await form_of(request, most=_MOST)).get("by")
    if not isinstance(by, str) or not 1 <= len(by.strip()) <= 100 or "\x00" in by:
        raise Invalid("by: say in 1 to 100 characters who answers")
    return by.strip()
