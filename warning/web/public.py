"""The residents' pages: what is in force, per place, the archive, and the proof of what is published."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import AwareDatetime, BaseModel

from geo.zone import Zone
from warning.errors import NotFound
from warning.store import board
from warning.web.auth import Here
from warning.web.overview import cards, small_map, strongest, words
from warning.web.pages import render
from warning.web.parts import Parts
from warning.web.problem import Problem
from warning.web.related import ancestors
from warning.web.snapshot import PublicBoard, Snapshot, parsed
from warning.web.words import Lang

router = APIRouter(include_in_schema=False)
proof = APIRouter(tags=["public"])

CACHE = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
"""A cache may serve it for 15 s, and for a day when the engine is down: the page says when it was made."""
ARCHIVE_PAGE = 50

Content = Callable[[Snapshot, Lang, datetime], Awaitable[str]]


class Published(BaseModel):
    identifier: str
    version: int


@router.get("/")
@router.get("/en")
async def city(parts: Here, request: Request) -> Response:
    async def content(snapshot: Snapshot, lang: Lang, now: datetime) -> str:
        districts = parts.zones.at("district")
        levels = strongest(snapshot, districts, {zone.code: ancestors(parts.zones, zone.code) for zone in districts})
        return render(
            request.app.state.jinja, parts, "city.html", lang, now, cards=cards(snapshot.in_force, lang), lifted=snapshot.lifted,
            districts=districts, levels=levels, drawn=small_map(parts.zones, levels), path="/", schematic=parts.zones.schematic)

    return await _served(parts, request, content)


@router.get("/place/{code}")
@router.get("/en/place/{code}")
async def place(parts: Here, request: Request, code: str) -> Response:
    zone = _zone(parts, code)

    async def content(snapshot: Snapshot, lang: Lang, now: datetime) -> str:
        standings = snapshot.concerning(code, ancestors(parts.zones, code))
        return render(
            request.app.state.jinja, parts, "place.html", lang, now, place=zone, cards=cards(standings, lang),
            texts={s.alert.identifier: words(s.cap, lang) for s in standings}, inside=parts.zones.inside(code)[:200],
            path=f"/place/{code}")

    return await _served(parts, request, content)


@router.get("/alert/{identifier}")
@router.get("/en/alert/{identifier}")
async def one(parts: Here, request: Request, identifier: str) -> Response:
    alert = await board.alert(parts.database, identifier)
    if alert.status != parts.settings.status:
        raise NotFound(f"no alert {identifier} on this page")
    lang = language_of(request)
    now = parts.clock.now()
    html = render(
        request.app.state.jinja, parts, "alert.html", lang, now, alert=alert, info=words(parsed(alert.cap_xml), lang), state=alert.state(now),
        issuer=parts.issuers.get(alert.issuer), path=f"/alert/{identifier}")
    return _answer(request, html, f"{identifier}.{alert.newest}.{alert.state(now)}.{lang}.{now:%Y%m%d%H%M}")


@router.get("/archive")
@router.get("/en/archive")
async def archive(parts: Here, request: Request, before: Annotated[AwareDatetime | None, Query()] = None) -> Response:
    now = parts.clock.now()
    lang = language_of(request)
    found = await board.alerts(
        parts.database, now=now, active=False, status=parts.settings.status, limit=ARCHIVE_PAGE + 1, before=before)
    older = found[ARCHIVE_PAGE - 1].sent if len(found) > ARCHIVE_PAGE else None
    html = render(
        request.app.state.jinja, parts, "archive.html", lang, now, older=older, path="/archive",
        rows=[(alert, alert.state(now)) for alert in found[:ARCHIVE_PAGE]])
    newest = found[0].identifier if found else "none"
    return _answer(request, html, f"archive.{newest}.{before or ''}.{lang}.{now:%Y%m%d%H%M}")


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


async def _served(parts: Parts, request: Request, content: Content) -> Response:
    """From the cache of this process when nothing has changed within the minute."""
    public: PublicBoard = request.app.state.public
    cached: dict[str, tuple[str, str]] = request.app.state.rendered
    snapshot = await public.snapshot()
    lang, now, path = language_of(request), parts.clock.now(), request.url.path
    etag = f"{snapshot.version}.{lang}.{now:%Y%m%d%H%M}"
    held = cached.get(path)
    if held is None or held[0] != etag:
        held = cached[path] = (etag, await content(snapshot, lang, now))
    return _answer(request, held[1], etag)


def _answer(request: Request, html: str, etag: str) -> Response:
    headers = {"ETag": f'"{etag}"', "Cache-Control": CACHE, "Content-Language": "en" if language_of(request) == "en" else "zh-CN"}
    if f'"{etag}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return HTMLResponse(html, headers=headers)


def _zone(parts: Parts, code: str) -> Zone:
    for zone in parts.zones:
        if zone.code == code:
            return zone
    raise NotFound(f"no zone {code}; the city page lists them")
