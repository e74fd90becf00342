"""The product page's addresses: open to everybody for what the public face shows, made once for each version."""

import asyncio
from collections import OrderedDict
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from warning.errors import NotFound
from warning.store import board
from warning.store.board import AlertView
from warning.web.auth import Here
from warning.web.made import unchanged
from warning.web.parts import Parts
from warning.web.problem import Problem
from warning.web.product.facts import facts
from warning.web.product.layout import Size, layout
from warning.web.product.pdf import pdf
from warning.web.product.raster import raster

Kind = Literal["png", "pdf"]
_TYPES: dict[Kind, str] = {"png": "image/png", "pdf": "application/pdf"}
_CACHE = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
_KEPT = 48
"""Pages kept in memory, some 200 kB each."""

_answers: dict[int | str, dict[str, object]] = {404: {"model": Problem, "description": "no such alert on the public page"}}
router = APIRouter(tags=["public"], responses=_answers)
Sizes = Annotated[Size, Query(description="portrait 1080 × 1920, landscape 1920 × 1080, a4 1240 × 1754 (150 dpi)")]


class Products:
    """Opened with the application. An issued alert never changes, only what became of it; so its version and state name a page."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._made: OrderedDict[str, bytes] = OrderedDict()
        self._lock = asyncio.Lock()

    async def page(self, alert: AlertView, kind: Kind, size: Size) -> tuple[str, bytes]:
        """(version, the file); drawn in a thread, one at a time, for everybody who asks meanwhile."""
        state = alert.state(self._parts.clock.now())
        version = f"{alert.identifier}.{state}.{size}.{kind}"
        async with self._lock:
            held = self._made.pop(version, None)
            if held is None:
                held = await asyncio.to_thread(self._draw, alert, state, kind, size)
            self._made[version] = held
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
        return version, held

    def _draw(self, alert: AlertView, state: str, kind: Kind, size: Size) -> bytes:
        said = facts(
            alert, zones=self._parts.zones, rule_sets=self._parts.rule_sets, state=state,
            url=f"{self._parts.settings.public_url.rstrip('/')}/alert/{alert.identifier}")
        sheet = layout(said, size)
        return raster(sheet) if kind == "png" else pdf(sheet, title=said.title[0])


@router.get("/alerts/{identifier}/product.png", summary="The warning as a picture for media and display screens", response_class=Response)
async def picture(parts: Here, request: Request, identifier: str, size: Sizes = "portrait") -> Response:
    return await _served(parts, request, identifier, "png", size)


@router.get("/alerts/{identifier}/product.pdf", summary="The warning as a page to print", response_class=Response)
async def document(parts: Here, request: Request, identifier: str, size: Sizes = "a4") -> Response:
    return await _served(parts, request, identifier, "pdf", size)


async def _served(parts: Parts, request: Request, identifier: str, kind: Kind, size: Size) -> Response:
    alert = await board.alert(parts.database, identifier)
    if alert.status != parts.settings.status:
        raise NotFound(f"no alert {identifier} on the public page")
    products: Products = request.app.state.products
    version, content = await products.page(alert, kind, size)
    headers = {"ETag": f'"{version}"', "Cache-Control": _CACHE, "Content-Disposition": f'inline; filename="{identifier}-{size}.{kind}"'}
    if unchanged(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=_TYPES[kind], headers=headers)
