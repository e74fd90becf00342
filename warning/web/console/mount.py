"""Mounts the console on the web server's application."""

import asyncio
from copy import copy
from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Query, Request
from fastapi.responses import RedirectResponse, Response
from nicegui import app as console
from nicegui import ui

from warning.errors import NotAllowed, NotFound
from warning.exchange.desk import require_insider
from warning.web.auth import signed_in
from warning.web.console import icons
from warning.web.console.arrivals import ArrivalsPage
from warning.web.console.calls import CallsPage
from warning.web.console.compose import Compose
from warning.web.console.desk import DeskPage
from warning.web.console.explain import explain_page
from warning.web.console.packed import Packed
from warning.web.console.packs import packs_page
from warning.web.console.reading import Watch
from warning.web.console.responses import ResponsesPage
from warning.web.console.roster import roster_page
from warning.web.console.routes import routes_page
from warning.web.console.timeline import timeline_page
from warning.web.console.visit import Visit
from warning.web.console.wall import Theme, Wall
from warning.web.fieldboard import FieldBoard
from warning.web.lost import for_a_person, lost
from warning.web.parts import Parts
from warning.web.problem import problem
from warning.web.words import Lang

PATIENCE_S = 15.0
"""So long the main page may take on a machine that is busy; NiceGUI's own three seconds would answer 500 there."""
_FOR_EVER = "private, max-age=31536000, immutable"
LEAVE_S = 5.0
"""So long a page may stay open after its session was ended."""
Language = Annotated[Lang, Query()]


def mount(app: FastAPI, parts: Parts) -> None:
    """The pages of the console under /console; each asks who is there before it shows anything."""
    fields: FieldBoard = app.state.fields
    watch = app.state.watch = Watch(parts, fields)

    async def visit(request: Request, lang: Lang) -> Visit | Response:
        account = await signed_in(parts, app.state.session, request)
        if account is None:
            return RedirectResponse(f"/login?lang={lang}", status_code=303)
        who = Visit(parts=parts, watch=watch, session=app.state.session, request=request, account=account, lang=lang)
        if lang == "en":  # NiceGUI holds one language a page: what it says itself, and what a screen reader is told, follow the reader's
            ui.context.client.page = copy(ui.context.client.page)
            ui.context.client.page.language = "en-US"
        looking: list[ui.timer] = []

        def look() -> None:
            # Not before the browser is there: a timer waits for it, and NiceGUI then sends the page as far as it has come, whose scripts and styles never run.
            if not looking:
                looking.append(ui.timer(LEAVE_S, who.leave))

        ui.context.client.on_connect(look)
        return who

    @ui.page("/", response_timeout=PATIENCE_S)
    async def desk(request: Request, lang: Language = "zh", proposal: UUID | None = None) -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        reading = await watch.opening()
        if proposal is not None and all(one.id != proposal for one in reading.proposals):
            reading = await watch.reading(fresh=True)  # it may be a second old: who has just made it is shown it
        DeskPage(who, reading, proposal)
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

    @ui.page("/arrivals")
    async def arrivals(request: Request, lang: Language = "zh", arrival: UUID | None = None) -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        try:
            require_insider(who.account)
        except NotAllowed as error:
            return lost(app, request, 403, str(error), lang=lang)
        await ArrivalsPage(who, arrival).tick()
        return None

    @ui.page("/calls")
    async def calls(request: Request, lang: Language = "zh", alert: str = "") -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        try:
            await CallsPage(who, alert).tick()
        except NotAllowed as error:
            return lost(app, request, 403, str(error), lang=lang)
        return None

    @ui.page("/roster")
    async def roster(request: Request, lang: Language = "zh") -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        try:
            await roster_page(who)
        except NotAllowed as error:
            return lost(app, request, 403, str(error), lang=lang)
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
        Wall(who, await watch.opening(), theme)
        return None

    @ui.page("/explain/{proposal}")
    async def explain(request: Request, proposal: UUID, lang: Language = "zh") -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        try:
            await explain_page(who, proposal)
        except NotFound as error:
            return lost(app, request, 404, str(error), lang=lang)
        return None

    @ui.page("/alert/{identifier}")
    async def timeline(request: Request, identifier: str, lang: Language = "zh") -> Response | None:
        who = await visit(request, lang)
        if isinstance(who, Response):
            return who
        try:
            await timeline_page(who, identifier)
        except NotFound as error:
            return lost(app, request, 404, str(error), lang=lang)
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

    @console.get("/ground/{version}/{lang}/{number}.json", include_in_schema=False)
    async def ground(request: Request, version: str, lang: Lang, number: int) -> Response:
        """The borders: the same for everybody and for ever under this name."""
        if await signed_in(parts, app.state.session, request) is None:
            return problem(401, "the map needs a session", "sign in at /login")
        if version != watch.ground.version or not 0 <= number < len(watch.ground.sheets):
            return problem(404, "no such sheet of the map", "the borders have changed: load the page anew")
        return _kept(await asyncio.to_thread(watch.ground.sheet, number, lang))

    @console.get("/paper/{name}.json", include_in_schema=False)
    async def paper(request: Request, name: str) -> Response:
        """Colours, and cells over threshold: made once, and fetched by every console that was told its name."""
        if await signed_in(parts, app.state.session, request) is None:
            return problem(401, "the map needs a session", "sign in at /login")
        found = watch.papers.get(name)
        return problem(404, "that is not shown any more", "newer data have come: the page asks for them by itself") if found is None else _kept(found)

    @console.get("/tiles/{version}/{z}/{x}/{y}", include_in_schema=False)
    async def tile(request: Request, version: str, z: int, x: int, y: int) -> Response:
        """A picture of the file that the settings name."""
        if await signed_in(parts, app.state.session, request) is None:
            return problem(401, "the map needs a session", "sign in at /login")
        try:
            found = await asyncio.to_thread(watch.tiles.tile, version, z, x, y)
        except NotFound as error:
            return problem(404, str(error), "the file of map: tiles: ends here")
        return Response(found, media_type=watch.tiles.media_type, headers={"Cache-Control": _FOR_EVER})

    async def nowhere(request: Request, _: Exception) -> Response:
        return lost(app, request, 404, "") if for_a_person(request) else problem(404, "the console has no such address", "go to /console/")

    console.add_exception_handler(404, nowhere)
    console.colors(primary="#0b4fa8")  # white on it reads 8 to 1; NiceGUI's own blue gives 3 to 1
    if icons.SCRIPT not in console.config.vue_config_script:
        console.config.vue_config_script += icons.SCRIPT
    ui.run_with(
        app, mount_path="/console", title="消息树", language="zh-CN", tailwind=False, show_welcome_message=False,
        reconnect_timeout=10.0, binding_refresh_interval=None)
    console.add_middleware(Packed)


def _kept(packed: bytes) -> Response:
    """Gzipped JSON whose address changes with its content. Every browser takes gzip."""
    return Response(packed, media_type="application/json", headers={"Content-Encoding": "gzip", "Cache-Control": _FOR_EVER})
