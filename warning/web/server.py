"""The web server: API, residents' pages and console on one FastAPI application."""

import logging
from collections import defaultdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.routing import BaseRoute

from warning.web import console, login, oidc, phone, plugin, public, register
from warning.web.api import (
    admin,
    alerts,
    answers,
    areas,
    attempts,
    calls,
    consult,
    duties,
    events,
    explain,
    feed,
    feeds,
    fields,
    geo,
    intake,
    look,
    offices,
    ogc,
    operations,
    outcome,
    packs,
    places,
    proposals,
    reach,
    registrations,
    responses,
    roster,
    routes,
    subscriptions,
    trials,
)
from warning.web.auth import Session
from warning.web.events import EventBoard
from warning.web.fieldboard import FieldBoard
from warning.web.geojson import Outlines
from warning.web.headers import HidePlaces, SecurityHeaders
from warning.web.limit import RateLimit
from warning.web.made import Made
from warning.web.office.acts import router as office_acts
from warning.web.office.pages import router as office_pages
from warning.web.openread import OpenRead
from warning.web.pages import environment, page
from warning.web.parts import Parts
from warning.web.problem import install
from warning.web.product.page import Products
from warning.web.product.page import router as product
from warning.web.snapshot import PublicBoard

_ABOUT = """Gridded data in, signed and targeted warnings out, with receipts.

Reading alerts, zones, rules and the feed needs no token. Everything else needs `Authorization: Bearer <token>`.
Errors are `application/problem+json` with `title`, `detail` and `next_step`."""


def create(parts: Parts, *, with_console: bool = True) -> FastAPI:
    """The application for one process. NiceGUI keeps one application per process, so ``with_console`` may be used once."""
    app = FastAPI(
        title="xiaoxishu 消息树", version=_version(), description=_ABOUT, docs_url=None, redoc_url=None, routes=_addresses(),
        openapi_tags=[{"name": name, "description": text} for name, text in _TAGS.items()])
    app.state.parts = parts
    app.state.public = PublicBoard(parts)
    app.state.products = Products(parts)
    app.state.events = EventBoard(parts, app.state.public)
    app.state.jinja = environment()
    app.state.rendered = {}
    app.state.outlines = {}
    app.state.made = Made()
    app.state.grounds = Outlines(parts.zones)
    app.state.fields = FieldBoard(parts)
    app.state.secret = parts.secret
    app.state.session = Session(secure=parts.settings.public_url.startswith("https:"))
    install(app)
    limits = parts.settings.limits
    app.add_middleware(RateLimit, per_s=limits.per_s, burst=limits.burst, costly_per_min=limits.costly_per_min, codes_per_h=limits.codes_per_h,
                       intake_per_min=limits.intake_per_min)
    app.add_middleware(SecurityHeaders, tiles=parts.settings.map.origin)
    app.add_middleware(OpenRead)
    logging.getLogger("uvicorn.access").addFilter(HidePlaces())
    app.add_api_route("/docs", _docs, include_in_schema=False)
    if with_console:
        console.mount(app, parts)
    return app


@cache
def _addresses() -> list[BaseRoute]:
    """Every address of ours, whose application is the request's own. Once in a process: what each takes and gives is worked out when the first
    caller comes, a third of a second, and would be again for every application."""
    table = FastAPI(openapi_url=None)
    # What everybody asks stands first: a request is tried against one address after another.
    for router in (
        places.hot, public.router, plugin.router, phone.texts, phone.router, register.router,
        places.router, geo.router, events.router, ogc.router,
        alerts.router, feed.router, proposals.router, look.router, consult.router, outcome.router, reach.router, explain.router,
        packs.router,
        subscriptions.router, registrations.router, areas.router, offices.router, attempts.router, trials.router,
        responses.router,
        answers.router, duties.router, calls.router, roster.router, operations.router, routes.router, feeds.router, fields.router, admin.router, intake.router, login.router, oidc.router,
        office_pages, office_acts, public.proof, product,
    ):
        table.include_router(router)
    return table.router.routes


_TAGS = {
    "alerts": "what was issued, as JSON, CAP 1.2 and Atom; how fast it went out",
    "proposals": "two people's signatures: one submits, another approves",
    "consultation": "notes on proposals, reviews after the fast lane, who is registered for what",
    "reach": "who is reached by when: before the signature and after it",
    "subscriptions": "offices by polygon or zone, residents by place",
    "offices": "an office's own: place, contacts, pauses, preview, tests, every attempt and its answer",
    "places": "am I warned here? which zones and rules there are",
    "answers": "a human has received it, or who is called next",
    "roster": "who must be called: posts, people, gaps, scores",
    "ogc": "OGC API – Features and EDR over active and past warnings",
    "packs": "sector rules bound to sites, their signatures, and the risk notices to owners",
    "responses": "what a warning has set in motion, and where people can go",
    "operations": "health, metrics, retry, routes",
    "exchange": "what other authorities send us",
    "trust": "accounts by two admins, keys for programs",
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


def _version() -> str:
    try:
        return version("xiaoxishu")
    except PackageNotFoundError:
        return "0"
