"""Mounts the console on the web server's application."""

from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Query, Request
from fastapi.responses import RedirectResponse, Response
from nicegui import app as console
from nicegui import ui

from warning.errors import NotAllowed, NotFound
from warning.web.auth import signed_in
from warning.web.console.calls import CallsPage
from warning.web.console.compose import Compose
from warning.web.console.desk import DeskPage
from warning.web.console.explain import explain_page
from warning.web.console.packs import packs_page
from warning.web.console.reading import Watch
from warning.web.console.responses import ResponsesPage
from warning.web.console.roster import roster_page
from warning.web.console.routes import routes_page
from warning.web.console.timeline import timeline_page
from warning.web.console.visit import Visit
from warning.web.console.wall import Theme, Wall
from warning.web.fieldboard import FieldBoard
from warning.web.parts import Parts
from warning.web.problem import problem
from warning.web.words import Lang

PATIENCE_S = 15.0
"""So long the main page may take on a machine that is busy; NiceGUI's own three seconds would answer 500 there."""
Language = Annotated[Lang, Query()]


def mount(app: FastAPI, parts: Parts) -> None:
    """The pages of the console under /console; each asks who is there before it shows anything."""
    fields: FieldBoard = app.state.fields
    watch = Watch(parts, fields)

    async def visit(request: Request, lang: Lang) -> Visit | Response:
        account = await signed_in(parts, app.state.session, request)
        if account is None:
            return RedirectResponse(f"/login?lang={lang}", status_code=303)
        return Visit(parts=parts, watch=watch, session=app.state.session, request=request, account=account, lang=lang)

    @ui.page("/", response_timeout=PATIENCE_S)
    async def desk(request: Request, lang: Language = "zh", proposal: UUID | None = None) -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        DeskPage(who, await watch.reading(), proposal)
        return None

    @ui.page("/compose")
    async def compose(request: Request, lang: Language = "zh") -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        Compose(who)
        return None

    @ui.page("/packs")
    async def packs(request: Request, lang: Language = "zh") -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        await packs_page(who)
        return None

    @ui.page("/calls")
    async def calls(request: Request, lang: Language = "zh", alert: str = "") -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        try:
            await CallsPage(who, alert).tick()
        except NotAllowed as error:
            return problem(403, str(error), "ask an admin for an area")
        return None

    @ui.page("/roster")
    async def roster(request: Request, lang: Language = "zh") -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        try:
            await roster_page(who)
        except NotAllowed as error:
            return problem(403, str(error), "ask an admin for an area")
        return None

    @ui.page("/responses")
    async def responses(request: Request, lang: Language = "zh") -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        await ResponsesPage(who).tick()
        return None

    @ui.page("/routes")
    async def routes(request: Request, lang: Language = "zh") -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        await routes_page(who)
        return None

    @ui.page("/wall")
    async def wall(request: Request, lang: Language = "zh", theme: Theme | None = None) -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        Wall(who, await watch.reading(), theme)
        return None

    @ui.page("/explain/{proposal}")
    async def explain(request: Request, proposal: UUID, lang: Language = "zh") -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        try:
            await explain_page(who, proposal)
        except NotFound as error:
            return problem(404, str(error), "go back to /console/ and choose a proposal")
        return None

    @ui.page("/alert/{identifier}")
    async def timeline(request: Request, identifier: str, lang: Language = "zh") -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        try:
            await timeline_page(who, identifier)
        except NotFound as error:
            return problem(404, str(error), "go back to /console/ and choose an alert that is in force")
        return None

    @console.get("/field/{key}.png", include_in_schema=False)
    async def field(request: Request, key: str) -> Response:
        """A moment of the map's field for whoever is signed in: the page's images carry its cookie, and only read."""
        if await signed_in(parts, app.state.session, request) is None:
            return problem(401, "this picture needs a session", "sign in at /login")
        try:
            return Response((await fields.picture(key)).png, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})
        except NotFound as error:
            return problem(404, str(error), "newer data have come: the page takes the next picture by itself")

    ui.run_with(
        app, mount_path="/console", title="消息树", language="zh-CN", tailwind=False, show_welcome_message=False,
        reconnect_timeout=10.0)
