"""The web server: API, residents' pages and console on one FastAPI application."""

import logging
import secrets
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

from fastapi import FastAPI, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from warning.account import token_hash
from warning.settings import Settings
from warning.store import board
from warning.web import console, public
from warning.web.api import alerts, answers, feed, operations, places, proposals, subscriptions
from warning.web.auth import Here, Session
from warning.web.headers import HidePlaces, SecurityHeaders
from warning.web.pages import environment, page
from warning.web.parts import Parts
from warning.web.problem import install
from warning.web.snapshot import PublicBoard
from warning.web.words import Lang

_ABOUT = """Gridded data in, signed and targeted warnings out, with receipts.

Reading alerts, zones, rules and the feed needs no token. Everything else needs `Authorization: Bearer <token>`.
Errors are `application/problem+json` with `title`, `detail` and `next_step`."""


def create(parts: Parts, *, with_console: bool = True) -> FastAPI:
    """The application for one process. NiceGUI keeps one application per process, so ``with_console`` may be used once."""
    app = FastAPI(
        title="xiaoxishu 消息树", version=_version(), description=_ABOUT, docs_url=None, redoc_url=None,
        openapi_tags=[{"name": name, "description": text} for name, text in _TAGS.items()])
    app.state.parts = parts
    app.state.public = PublicBoard(parts)
    app.state.jinja = environment()
    app.state.rendered = {}
    app.state.outlines = {}
    app.state.session = Session(secret=_secret(parts.settings), secure=parts.settings.public_url.startswith("https:"))
    install(app)
    app.add_middleware(SecurityHeaders)
    logging.getLogger("uvicorn.access").addFilter(HidePlaces())
    for router in (alerts.router, feed.router, proposals.router, subscriptions.router, places.router, answers.router,
                   operations.router, public.proof, public.router):
        app.include_router(router)
    app.add_api_route("/docs", _docs, include_in_schema=False)
    app.add_api_route("/login", _login_page, include_in_schema=False)
    app.add_api_route("/login", _login, methods=["POST"], include_in_schema=False, response_model=None)
    app.add_api_route("/logout", _logout, methods=["POST"], include_in_schema=False)
    if with_console:
        console.mount(app, parts)
    return app


_TAGS = {
    "alerts": "what was issued, as JSON, CAP 1.2 and Atom; how fast it went out",
    "proposals": "two people's signatures: one submits, another approves",
    "subscriptions": "offices by polygon or zone, residents by place",
    "places": "am I warned here? which zones and rules there are",
    "answers": "a human has received it",
    "operations": "health, metrics, retry",
    "public": "what residents really see",
}


async def _docs(request: Request) -> HTMLResponse:
    """The list of addresses, without the scripts that FastAPI's own page loads from the internet."""
    app: FastAPI = request.app
    groups: defaultdict[str, list[dict[str, str | bool]]] = defaultdict(list)
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append({
                "method": method.upper(), "path": path, "summary": operation.get("summary", ""), "key": "security" in operation,
                "parameters": ", ".join(parameter["name"] for parameter in operation.get("parameters", ()))})
    return page(request, "docs.html", "en", groups=dict(groups), title=app.title, version=app.version)


async def _login_page(request: Request, lang: Annotated[Lang, Query()] = "zh") -> HTMLResponse:
    return page(request, "login.html", lang, failed=False)


async def _login(
    request: Request, parts: Here, token: Annotated[str, Form(max_length=200)], lang: Annotated[Lang, Query()] = "zh"
) -> Response:
    if await board.account_of_token(parts.database, token_hash(token.strip())) is None:
        return page(request, "login.html", lang, status=401, failed=True)
    answer = RedirectResponse(f"/console/?lang={lang}", status_code=303)
    session: Session = request.app.state.session
    session.open(answer, token.strip())
    return answer


async def _logout(request: Request) -> RedirectResponse:
    answer = RedirectResponse("/login", status_code=303)
    session: Session = request.app.state.session
    session.close(answer)
    return answer


def _secret(settings: Settings) -> str:
    """What signs sessions: the deployment's secret; without one, sessions end with the process."""
    kept = settings.data / "secret"
    if settings.secret.get_secret_value():
        return settings.secret.get_secret_value()
    return kept.read_text(encoding="ascii") if kept.exists() else secrets.token_urlsafe(32)


def _version() -> str:
    try:
        return version("xiaoxishu")
    except PackageNotFoundError:
        return "0"
