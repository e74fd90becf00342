"""Answering a test message, and the public keys that sign webhooks."""

import json

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel

from warning.errors import Conflict, Invalid, NotFound
from warning.web.auth import Here
from warning.web.bounded import body_of, form_of
from warning.web.pages import page
from warning.web.problem import Problem

router = APIRouter(prefix="/api", tags=["offices"])

_PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


@router.get("/test-ack/{token}", summary="The page with the button for a test message; opening it answers nothing", response_class=HTMLResponse)
async def ask(request: Request, token: str) -> HTMLResponse:
    return page(request, "test_ack.html", "zh", headers=_PRIVATE, done="", problem="", action=f"/api/test-ack/{token}")


@router.post(
    "/test-ack/{token}", summary="A test message has arrived", response_model=None,
    responses={404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}},
    openapi_extra={"requestBody": {"required": False, "content": {kind: {"schema": {
        "type": "object", "properties": {"by": {"type": "string", "maxLength": 100}}}}
        for kind in ("application/x-www-form-urlencoded", "application/json")}}})
async def answer(parts: Here, request: Request, token: str) -> Response:
    """``by`` says who answers; a program may leave it out. A browser gets a page, a program (Accept: application/json) gets JSON."""
    by = await _by(request)
    wants_json = "application/json" in request.headers.get("accept", "")
    try:
        name = await parts.office.answer_test(token, by=by)
    except (NotFound, Conflict) as error:
        if wants_json:
            raise
        return page(request, "test_ack.html", "zh", status=404 if isinstance(error, NotFound) else 409, headers=_PRIVATE, done="",
                    problem=str(error), action="")
    if wants_json:
        return JSONResponse({"name": name, "by": by}, headers=_PRIVATE)
    return page(request, "test_ack.html", "zh", headers=_PRIVATE, done=name, problem="", action="")


async def _by(request: Request) -> str:
    if request.headers.get("content-type", "").startswith("application/json"):
        raw = await body_of(request, most=10_000)
        try:
            content = json.loads(raw or b"{}")
        except (ValueError, RecursionError) as error:
            raise Invalid('by: the body is no JSON; send {"by": "duty officer"}') from error
        by = content.get("by", "") if isinstance(content, dict) else ""
    else:
        by = (await form_of(request, most=10_000)).get("by", "")
    if not isinstance(by, str) or len(by.strip()) > 100 or "\0" in by:
        raise Invalid("by: say in at most 100 characters who answers")
    return by.strip() or "program"


class WebhookKeysOut(BaseModel):
    """Ed25519, 32 bytes each as base64. While a key is being changed there are two, and each request is signed with both."""

    ed25519: list[str]


@router.get("/webhook-keys", summary="The public keys that sign webhooks, where this deployment has any")
async def webhook_keys(parts: Here) -> WebhookKeysOut:
    return WebhookKeysOut(ed25519=list(parts.webhook_keys))
