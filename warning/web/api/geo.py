"""What is in force as GeoJSON, for maps and programs that read nothing else."""

from fastapi import APIRouter, Request, Response

from warning.web.auth import Here
from warning.web.geojson import MEDIA_TYPE, collection
from warning.web.made import Made
from warning.web.snapshot import PublicBoard

router = APIRouter(prefix="/api", tags=["alerts"])


@router.get("/alerts.geojson", summary="What is in force, as GeoJSON", response_class=Response,
            responses={200: {"content": {MEDIA_TYPE: {}}}, 304: {"description": "nothing has changed"}})
async def geojson(parts: Here, request: Request) -> Response:
    """Past warnings are at /ogc/collections/warnings/items."""
    public: PublicBoard = request.app.state.public
    made: Made = request.app.state.made
    snapshot = await public.snapshot()
    now, grounds = parts.clock.now(), request.app.state.grounds
    return await made.answer(
        request, "geojson", snapshot.version, MEDIA_TYPE, lambda: collection(parts, grounds, [standing.alert for standing in snapshot.in_force], now=now))
