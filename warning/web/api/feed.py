"""The public CAP feed: what is in force, as Atom with the signed documents inside."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from warning.atom import CONTENT_TYPE, feed
from warning.web.auth import Here
from warning.web.snapshot import PublicBoard, parsed
from warning.web.words import CAP_LANGUAGE, Lang, say

router = APIRouter(prefix="/api", tags=["alerts"])


@router.get("/feed.atom", summary="What is in force and lately lifted, as an Atom feed of CAP documents", response_class=Response,
            responses={200: {"content": {CONTENT_TYPE: {}}}, 304: {"description": "nothing has changed"}})
async def atom(parts: Here, request: Request, lang: Annotated[Lang, Query()] = "zh") -> Response:
    public: PublicBoard = request.app.state.public
    snapshot = await public.snapshot()
    etag = f'"{snapshot.version}.{lang}"'
    headers = {"ETag": etag, "Cache-Control": "public, max-age=15"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    base = parts.settings.public_url.rstrip("/")
    alerts = [standing.cap for standing in snapshot.in_force] + [parsed(alert.cap_xml) for alert in snapshot.lifted]
    content = feed(
        alerts, url=f"{base}/api/feed.atom", now=parts.clock.now(), title=say("site", lang), language=CAP_LANGUAGE[lang],
        alert_url=lambda alert: f"{base}/api/alerts/{alert.identifier}.xml")
    return Response(content, media_type=CONTENT_TYPE, headers=headers)
