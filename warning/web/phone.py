"""Phone: the app without an app store: its page, manifest, icons, service worker, and the text that a push only names."""

import json
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel

from warning.errors import NotFound
from warning.store import board
from warning.web.auth import Here
from warning.web.icon import icon
from warning.web.overview import words
from warning.web.pages import page
from warning.web.public import language_of
from warning.web.registerform import Find, choices
from warning.web.snapshot import parsed
from warning.web.words import Lang, say

router = APIRouter(include_in_schema=False)
texts = APIRouter(prefix="/api", tags=["alerts"])

ICONS = (96, 192, 512)
_HOUR = {"Cache-Control": "public, max-age=3600"}
_ASK_ANEW = {"Cache-Control": "no-cache"}


class TextOut(BaseModel):
    """What a phone shows of a warning, in one language. ``state`` and ``newest`` are of this moment."""

    identifier: str
    event: str
    version: int
    newest: str
    state: str
    level: int
    title: str
    body: str
    instruction: str
    expires: str
    url: str


@texts.get("/alerts/{identifier}/text", summary="The words of a warning in one language, for a phone that got its id", response_model=TextOut)
async def text(parts: Here, identifier: str, lang: Annotated[Lang, Query()] = "zh") -> JSONResponse:
    alert = await board.alert(parts.database, identifier)
    if alert.status != parts.settings.status:
        raise NotFound(f"no alert {identifier} on this page")
    info = words(parsed(alert.cap_xml), lang)
    found = TextOut(
        identifier=identifier, event=str(alert.event_id), version=alert.version, newest=alert.newest, state=alert.state(parts.clock.now()),
        level=int(alert.level), title=info.headline, body=info.description, instruction=info.instruction, expires=alert.expires.isoformat(),
        url=f"{'/en' if lang == 'en' else ''}/alert/{identifier}")
    # A million phones ask within a minute: a cache in between may answer all but the first.
    return JSONResponse(found.model_dump(), headers={"Cache-Control": "public, max-age=15"})


@router.get("/app")
@router.get("/en/app")
async def app(parts: Here, request: Request, find: Find = "") -> HTMLResponse:
    lang = language_of(request)
    return page(request, "app.html", lang, headers=_ASK_ANEW, path="/app", offered=choices(parts, lang, find=find), find=find, push=bool(parts.push_keys))


@router.get("/offline")
@router.get("/en/offline")
async def offline(request: Request) -> HTMLResponse:
    """Kept by the service worker: what is not known is never said to be calm."""
    return page(request, "offline.html", language_of(request), headers=_HOUR, path="/offline")


@router.get("/app.webmanifest")
@router.get("/en/app.webmanifest")
async def manifest(parts: Here, request: Request) -> Response:
    lang = language_of(request)
    start = "/en/app" if lang == "en" else "/app"
    drill = f"{say('drill', lang)} " if parts.settings.status != "Actual" else ""
    document = {
        "id": "/app", "name": drill + say("app_name", lang), "short_name": drill + say("site", lang), "start_url": start, "scope": "/",
        "display": "standalone", "lang": "en" if lang == "en" else "zh-CN", "background_color": "#ffffff", "theme_color": "#0b2f5c",
        "icons": [{"src": f"/icons/{side}.png", "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
                  for side in ICONS[1:] for purpose in ("any", "maskable")]}
    return Response(json.dumps(document, ensure_ascii=False), media_type="application/manifest+json", headers=_HOUR)


@router.get("/icons/{side}.png")
async def picture(side: int) -> Response:
    if side not in ICONS:
        raise NotFound(f"no icon of {side}; there is {', '.join(map(str, ICONS))}")
    return Response(icon(side), media_type="image/png", headers={"Cache-Control": "public, max-age=86400"})


@router.get("/sw.js")
async def worker() -> Response:
    """The browser asks for it anew at every start of the app, so that a mended one is taken up."""
    return _script("sw.js")


@router.get("/app.js")
async def script() -> Response:
    return _script("app.js")


def _script(name: str) -> Response:
    content = (files("warning.web") / "templates" / name).read_text(encoding="utf-8")
    return Response(content, media_type="text/javascript; charset=utf-8", headers=_ASK_ANEW)
