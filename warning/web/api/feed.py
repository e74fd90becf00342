"""The public CAP feed: what is in force, as Atom with the signed documents inside."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from warning.atom import CONTENT_TYPE, feed
from warning.signature import pem
from warning.web.auth import Here
from warning.web.made import Made
from warning.web.snapshot import PublicBoard, parsed
from warning.web.words import CAP_LANGUAGE, Lang, say

router = APIRouter(prefix="/api", tags=["alerts"])


@router.get("/feed.atom", summary="What is in force and lately lifted, as an Atom feed of CAP documents", response_class=Response,
            responses={200: {"content": {CONTENT_TYPE: {}}}, 304: {"description": "nothing has changed"}})
async def atom(parts: Here, request: Request, lang: Annotated[Lang, Query()] = "zh") -> Response:
    public: PublicBoard = request.app.state.public
    made: Made = request.app.state.made
    snapshot = await public.snapshot()
    now, base = parts.clock.now(), parts.settings.public_url.rstrip("/")
    views = [standing.alert for standing in snapshot.in_force] + list(snapshot.lifted)
    if parts.settings.signing is not None and parts.settings.signing.required:
        views = [view for view in views if not view.signing_fault]

    def written() -> bytes:
        return feed(
            [parsed(view.cap_xml) for view in views], url=f"{base}/api/feed.atom{'?lang=en' if lang == 'en' else ''}", now=now, title=say("site", lang),
            language=CAP_LANGUAGE[lang], alert_url=lambda alert: f"{base}/api/alerts/{alert.identifier}.xml",
            documents={view.identifier: view.signed_xml.encode() for view in views if view.signed_xml})

    return await made.answer(request, f"atom.{lang}", f"{snapshot.version}.{lang}", CONTENT_TYPE, written)


@router.get("/certificates.pem", summary="The certificates with which documents are signed, the next one included", response_class=Response,
            responses={200: {"content": {"application/x-pem-file": {}}}})
async def certificates(parts: Here) -> Response:
    """A partner that fetches this once a day trusts a new key before it is used, so that keys change without a gap."""
    return Response("".join(pem(key.certificate) for key in parts.signing_keys), media_type="application/x-pem-file",
                    headers={"Cache-Control": "public, max-age=3600"})
