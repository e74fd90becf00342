"""An office's ground from a file, and the CAP documents that concern it, to be pulled."""

import asyncio
import hashlib
from typing import Annotated, Literal

import shapely
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from warning.account import Act, require
from warning.atom import CONTENT_TYPE, feed
from warning.dispatch.audience import Interest, in_area, offices, reach
from warning.errors import Invalid
from warning.office.areafile import MAX_BYTES, read_area
from warning.store.board import AlertView
from warning.web.api.offices import Number
from warning.web.auth import Caller, Here
from warning.web.bounded import body_of
from warning.web.made import unchanged
from warning.web.parts import Parts
from warning.web.problem import Problem
from warning.web.snapshot import PublicBoard, parsed
from warning.web.words import CAP_LANGUAGE, Lang, say

router = APIRouter(prefix="/api/subscriptions", tags=["offices"], responses={
    403: {"model": Problem, "description": "this account may not subscribe"},
    422: {"model": Problem, "description": "the file cannot be used; the detail names the mend"}})


class AreaOut(BaseModel):
    """``polygon`` fits into a subscription as it is; ``notes`` say what was mended or left out: look at them before you save."""

    polygon: dict[str, object]
    notes: list[str]
    corners: int
    square_km: float


@router.post("/area", summary="The polygon in a file: GeoJSON, a zipped Shapefile, KML or KMZ; nothing is stored", openapi_extra={
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}})
async def area(parts: Here, account: Caller, request: Request, crs: Annotated[
    Literal["wgs84", "gcj02"], Query(description="gcj02 = drawn on a Chinese web map; its shift is taken out")] = "wgs84") -> AreaOut:
    """The file is the body as it is, at most 4 MB. What it is, its bytes say. A polygon that crosses itself is mended and told."""
    require(account, Act.SUBSCRIBE)
    content = await body_of(request, most=MAX_BYTES)
    if content is None:
        raise Invalid(f"file: is larger than {MAX_BYTES // 1024 // 1024} MB: simplify the borders, or leave out other layers")
    found = await asyncio.to_thread(read_area, content, zones=parts.zones, crs=crs)
    return AreaOut(polygon=dict(found.polygon), notes=list(found.notes), corners=found.corners, square_km=round(found.square_km, 2))


@router.get("/{subscription_id}/feed.atom", summary="CAP to be pulled: what concerns this subscription, in force and lately lifted",
            response_class=Response, responses={200: {"content": {CONTENT_TYPE: {}}}, 304: {"description": "nothing has changed"},
                                                404: {"model": Problem, "description": "no such subscription of yours"}})
async def pull(parts: Here, account: Caller, request: Request, subscription_id: Number, lang: Annotated[Lang, Query()] = "zh") -> Response:
    """With the office's own key. Ask with If-None-Match: 304 says that nothing has changed for this place. A pause changes nothing here."""
    interest = await parts.office.following(subscription_id, account=account)
    public: PublicBoard = request.app.state.public
    snapshot = await public.snapshot()
    views = [standing.alert for standing in snapshot.in_force] + list(snapshot.lifted)
    if parts.settings.signing is not None and parts.settings.signing.required:
        views = [view for view in views if not view.signing_fault]
    views = await _concerning(parts, interest, views)
    etag = f'W/"{hashlib.sha256(" ".join(view.identifier for view in views).encode()).hexdigest()[:16]}.{lang}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if unchanged(request, etag):
        return Response(status_code=304, headers=headers)
    base = parts.settings.public_url.rstrip("/")
    content = feed(
        [parsed(view.cap_xml) for view in views], now=parts.clock.now(),
        url=f"{base}/api/subscriptions/{subscription_id}/feed.atom{'?lang=en' if lang == 'en' else ''}", title=say("site", lang), language=CAP_LANGUAGE[lang], alert_url=lambda alert: f"{base}/api/alerts/{alert.identifier}.xml",
        documents={view.identifier: view.signed_xml.encode() for view in views if view.signed_xml})
    return Response(content, media_type=CONTENT_TYPE, headers=headers)


async def _concerning(parts: Parts, interest: Interest, views: list[AlertView]) -> list[AlertView]:
    """By the rules of dispatch. Who would have been told at an event's highest level sees its changes and its end too."""
    asked = offices([interest])
    strongest = await parts.office.strongest([view.event_id for view in views])
    found = []
    for view in views:
        if interest.hazards and view.hazard not in interest.hazards or strongest.get(view.event_id, view.level) < interest.min_level:
            continue
        here = [code for code in view.zones if code in parts.zones.by_code]
        polygon = None if view.polygon is None else shapely.geometry.shape(dict(view.polygon))
        if in_area(asked, reach(here, parts.zones, polygon)):
            found.append(view)
    return found
