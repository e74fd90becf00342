"""Mounts the console on the web server's application."""

from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Query, Request
from fastapi.responses import RedirectResponse, Response
from nicegui import ui

from warning.errors import NotFound
from warning.web.auth import signed_in
from warning.web.console.compose import compose_page
from warning.web.console.desk import DeskPage
from warning.web.console.explain import explain_page
from warning.web.console.packs import packs_page
from warning.web.console.reading import Watch
from warning.web.console.responses import ResponsesPage
from warning.web.console.timeline import timeline_page
from warning.web.console.visit import Visit
from warning.web.parts import Parts
from warning.web.problem import problem
from warning.web.words import Lang

Language = Annotated[Lang, Query()]


def mount(app: FastAPI, parts: Parts) -> None:
    """The pages of the console under /console; each asks who is there before it shows anything."""
    watch = Watch(parts)

    async def visit(request: Request, lang: Lang) -> Visit | Response:
        account = await signed_in(parts, app.state.session, request)
        if account is None:
            return RedirectResponse(f"/login?lang={lang}", status_code=303)
        return Visit(parts=parts, watch=watch, session=app.state.session, request=request, account=account, lang=lang)

    @ui.page("/")
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
        compose_page(who)
        return None

    @ui.page("/packs")
    async def packs(request: Request, lang: Language = "zh") -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        await packs_page(who)
        return None

    @ui.page("/responses")
    async def responses(request: Request, lang: Language = "zh") -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        await ResponsesPage(who).tick()
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

    ui.run_with(
        app, mount_path="/console", title="消息树", language="zh-CN", tailwind=False, show_welcome_message=False,
        reconnect_timeout=10.0)
