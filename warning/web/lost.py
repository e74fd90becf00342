"""Lost: a refusal as a page, for a person who opened an address in a browser; programs get problem+json."""

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from warning.web.pages import render
from warning.web.parts import Parts
from warning.web.terms import WORDS
from warning.web.words import Lang, explained

_FOR_PROGRAMS = ("/api/", "/ogc", "/openapi")
_FACES = {"console": "/console/", "office": "/office"}


def for_a_person(request: Request) -> bool:
    """A browser that opens a page says that it wants HTML; the answer link of a call is a page among the programs' addresses."""
    path = request.url.path
    return "text/html" in request.headers.get("accept", "") and (not path.startswith(_FOR_PROGRAMS) or path.startswith("/api/ack/"))


def language(request: Request) -> Lang:
    """By the address (``/en…``, ``?lang=en``), else by the browser's first wish, else Chinese."""
    path, asked = request.url.path, request.query_params.get("lang")
    if asked in ("zh", "en"):
        return "en" if asked == "en" else "zh"
    return "en" if path == "/en" or path.startswith("/en/") else "zh"


def lost(app: FastAPI, request: Request, status: int, detail: str, *, lang: Lang | None = None) -> HTMLResponse:
    """What happened and where to go on, in the reader's language; what has no Chinese is left to the log."""
    parts: Parts = app.state.parts
    said = language(request) if lang is None else lang
    known = status if f"lost_{status}" in WORDS else 500 if status >= 500 else 404
    face = next((one for one in _FACES if request.url.path.startswith(f"/{one}")), "public")
    words = explained(detail, said)
    html = render(
        app.state.jinja, parts, "problem.html", said, parts.clock.now(), status=known, face=face, here=request.url.path,
        back=("/en" if said == "en" else "/") if face == "public" else f"{_FACES[face]}?lang={said}",
        detail="" if words == detail and said == "zh" or words.startswith("系统原文") else words)
    return HTMLResponse(html, status_code=status, headers={"Cache-Control": "no-store"})
