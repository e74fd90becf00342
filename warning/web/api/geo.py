"""What is in force as GeoJSON, for maps and programs that read nothing else."""

from fastapi import APIRouter, Request, Response

from warning.web.auth import Here
from warning.web.geojson import MEDIA_TYPE, collection
from warning.web.snapshot import PublicBoard

router = APIRouter(prefix="/api", tags=["alerts"])


@router.get("/alerts.geojson", summary="What is in force, as GeoJSON", response_class=Response,
            responses={200: {"content": {MEDIA_TYPE: {}}}, 304: {"description": "nothing has changed"}})
async def geojson(parts: Here, request: Request) -> Response:
    """Made once for each version of the board; past warnings are at /ogc/collections/warnings/items."""
    public: PublicBoard = request.app.state.public
    snapshot = await public.snapshot()
    headers = {"ETag": f'"{snapshot.version}"', "Cache-Control": "public, max-age=15", "Access-Control-Allow-Origin": "*"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    kept: dict[str, bytes] = request.app.state.collections
    if snapshot.version not in kept:
        kept.clear()
        kept[snapshot.version] = collection(parts, request.app.state.grounds, [standing.alert for standing in snapshot.in_force], now=parts.clock.now())
    return Response(kept[snapshot.version], media_type=MEDIA_TYPE, headers=headers)
