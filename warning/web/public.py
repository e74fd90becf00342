"""The residents' pages: what is in force, per place, the archive, and the proof of what is published."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import AwareDatetime, BaseModel
from sqlalchemy.exc import OperationalError

from geo.zone import Zone
from warning.errors import NotFound
from warning.store import board
from warning.web import sheets
from warning.web.auth import Here
from warning.web.made import unchanged
from warning.web.parts import Parts
from warning.web.problem import Problem
from warning.web.sheets import Press
from warning.web.snapshot import PublicBoard, Snapshot
from warning.web.words import Lang

router = APIRouter(include_in_schema=False)
proof = APIRouter(tags=["public"])

CACHE = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
"""A cache may serve it for 15 s, and for a day when the engine is down: the page says when it was made."""
ARCHIVE_PAGE = 50

Content = Callable[[Press, Snapshot], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A page made once and served to everybody until it changes; packed as well, for phones on bad networks."""

    etag: str
    html: bytes
    packed: bytes


class Published(BaseModel):
    identifier: str
    version: int


@router.get("/")
@router.get("/en")
async def city(parts: Here, request: Request) -> Response:
    return await _served(parts, request, sheets.city)


@router.get("/place/{code}")
@router.get("/en/place/{code}")
async def place(parts: Here, request: Request, code: str) -> Response:
    zone = _zone(parts, code)
    return await _served(parts, request, lambda press, snapshot: sheets.place(press, snapshot, zone))


@router.get("/alert/{identifier}")
@router.get("/en/alert/{identifier}")
async def one(parts: Here, request: Request, identifier: str) -> Response:
    alert = await board.alert(parts.database, identifier)
    if alert.status != parts.settings.status:
        raise NotFound(f"no alert {identifier} on this page")
    press = _press(parts, request)
    etag = f"{identifier}.{alert.newest}.{alert.state(press.now)}.{press.lang}.{press.now:%Y%m%d%H%M}"
    return _answer(request, _held(sheets.one(press, alert), etag))


@router.get("/archive")
@router.get("/en/archive")
async def archive(
    parts: Here, request: Request, before: Annotated[AwareDatetime | None, Query()] = None, beyond: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    press = _press(parts, request)
    found = await board.alerts(
        parts.database, now=press.now, active=False, status=parts.settings.status, limit=ARCHIVE_PAGE + 1, before=before, beyond=beyond)
    last = found[ARCHIVE_PAGE - 1] if len(found) > ARCHIVE_PAGE else None
    older = "" if last is None else urlencode({"before": last.sent.isoformat(), "beyond": last.identifier})
    html = sheets.archive(press, found[:ARCHIVE_PAGE], older=older)
    newest = found[0].identifier if found else "none"
    return _answer(request, _held(html, f"archive.{newest}.{press.lang}.{press.now:%Y%m%d%H%M}"))


@router.get("/page.js")
async def script() -> Response:
    """The few lines that the pages may do without."""
    return Response(script_text(), media_type="text/javascript; charset=utf-8", headers={"Cache-Control": "public, max-age=3600"})


@proof.get("/public/versions/{identifier}", summary="Which version of an alert the public page shows",
           responses={404: {"model": Problem, "description": "the page does not show it (yet, or any more)"}}, response_model=Published)
async def version(request: Request, identifier: str) -> Response:
    """Read anew from what is served, so that a version counts as published only when residents really see it."""
    public: PublicBoard = request.app.state.public
    snapshot = await public.snapshot(fresh=True)
    shown = snapshot.shows(identifier)
    if shown is None:
        raise NotFound(f"the public page does not show {identifier}")
    return JSONResponse(
        Published(identifier=identifier, version=shown).model_dump(),
        headers={"ETag": f'"{snapshot.version}"', "Cache-Control": "no-store"})


def language_of(request: Request) -> Lang:
    path = request.url.path
    return "en" if path == "/en" or path.startswith("/en/") else "zh"


def script_text() -> str:
    return (files("warning.web") / "templates" / "page.js").read_text(encoding="utf-8")


def _press(parts: Parts, request: Request) -> Press:
    return Press(jinja=request.app.state.jinja, parts=parts, lang=language_of(request), now=parts.clock.now())


async def _served(parts: Parts, request: Request, content: Content) -> Response:
    """From the cache of this process when nothing has changed within the minute; the last one made when the database does not answer: it says its age."""
    public: PublicBoard = request.app.state.public
    cached: dict[str, Held] = request.app.state.rendered
    try:
        snapshot = await public.snapshot()
    except OperationalError:
        if (held := cached.get(request.url.path)) is None:
            raise
        return _answer(request, held)
    press, path = _press(parts, request), request.url.path
    etag = f"{snapshot.version}.{press.lang}.{press.now:%Y%m%d%H%M}"
    held = cached.get(path)
    if held is None or held.etag != etag:
        held = cached[path] = _held(content(press, snapshot), etag)
    return _answer(request, held)


def _held(html: str, etag: str) -> Held:
    content = html.encode()
    return Held(etag=etag, html=content, packed=gzip.compress(content, 6))


def _answer(request: Request, held: Held) -> Response:
    headers = {"ETag": f'W/"{held.etag}"', "Cache-Control": CACHE, "Content-Language": "en" if language_of(request) == "en" else "zh-CN",
               "Vary": "Accept-Encoding"}
    if unchanged(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return HTMLResponse(held.packed, headers=headers | {"Content-Encoding": "gzip"})
    return HTMLResponse(held.html, headers=headers)


def _zone(parts: Parts, code: str) -> Zone:
    zone = parts.zones.by_code.get(code)
    if zone is None:
        raise NotFound(f"no zone {code}; the city page lists them")
    return zone
