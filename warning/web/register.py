"""Register: text messages and mails without an app and without JavaScript: a form, a code, and the places of the proven address."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from warning.dispatch.registration import Asked
from warning.dispatch.saying import PlaceHeld
from warning.errors import Invalid, NotFound
from warning.web.auth import Here
from warning.web.pages import page
from warning.web.parts import Parts
from warning.web.public import language_of
from warning.web.registerform import Find, choices, kept, wished
from warning.web.words import say

router = APIRouter(include_in_schema=False)


@router.get("/register")
@router.get("/en/register")
async def form(parts: Here, request: Request, find: Find = "") -> HTMLResponse:
    return _page(parts, request, filled={"find": find})


@router.post("/register")
@router.post("/en/register")
async def ask(parts: Here, request: Request) -> HTMLResponse:
    """A code is on its way, and the page that asks for it is the same for every address."""
    given = await request.form()
    try:
        made = await parts.registration.ask(wished(parts, given, language_of(request)))
    except Invalid as error:
        return _page(parts, request, status=422, failed=_said(error, request), filled=kept(given))
    return _page(parts, request, request_id=str(made.request) if isinstance(made, Asked) else "")


@router.post("/register/confirm")
@router.post("/en/register/confirm")
async def confirm(parts: Here, request: Request) -> HTMLResponse:
    given = kept(await request.form())
    try:
        proven = await parts.registration.confirm(UUID(given.get("request", "")), code=given.get("code", ""))
    except (Invalid, ValueError):
        return _page(parts, request, status=422, failed=say("register_wrong", language_of(request)), request_id=given.get("request", ""))
    return _page(parts, request, word=proven.word, held=proven.places)


@router.post("/register/end")
@router.post("/en/register/end")
async def end(parts: Here, request: Request) -> HTMLResponse:
    given = kept(await request.form())
    try:
        left = await parts.registration.end(given.get("pass", ""), int(given.get("place", "0") or 0))
    except (NotFound, ValueError):
        return _page(parts, request, status=422, failed=say("register_over", language_of(request)))
    return _page(parts, request, word=given["pass"], held=left)


def _page(
    parts: Parts, request: Request, *, status: int = 200, failed: str = "", filled: Mapping[str, str] | None = None, request_id: str = "",
    word: str = "", held: Sequence[PlaceHeld] = (),
) -> HTMLResponse:
    lang, filled = language_of(request), filled or {}
    find = filled.get("find", "")
    offered = choices(parts, lang, find=find, chosen=filled.get("place", ""))
    return page(request, "register.html", lang, status=status, path="/register", offered=offered, find=find, failed=failed,
                filled=filled, request_id=request_id, word=word, held=held)


def _said(error: Invalid, request: Request) -> str:
    """What is wrong in the page's language: the field decides."""
    field = str(error).partition(":")[0]
    lang = language_of(request)
    return say(f"register_{field}", lang) if field in ("address", "place", "quiet") else str(error)
