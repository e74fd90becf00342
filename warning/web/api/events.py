"""Server-sent events: warnings as they are issued, updated and ended."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse

from warning.errors import TooMany
from warning.web.events import MOST_LISTENERS, EventBoard
from warning.web.openread import HEAD
from warning.web.problem import Problem

router = APIRouter(prefix="/api", tags=["alerts"])


@router.get("/events", summary="Warnings as they happen (server-sent events)", response_class=StreamingResponse,
            responses={200: {"content": {"text/event-stream": {}}}, 429: {"model": Problem, "description": "too many listeners on this process"}})
async def events(
    request: Request, last_event_id: Annotated[str, Header(max_length=100, description="the id of the last event that you have; what came after it is sent first")] = "",
) -> Response:
    """Events ``new``, ``updated`` and ``ended`` (lifted or expired), each with an id; ``reset`` = your id is too old, read what is in force anew.

    An event may come twice, with the same id.
    """
    board: EventBoard = request.app.state.events
    if board.listeners >= MOST_LISTENERS:
        raise TooMany("too many listeners here", retry_after_s=30)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if HEAD in request.scope:
        return Response(media_type="text/event-stream", headers=headers)
    return StreamingResponse(board.listen(last_event_id), media_type="text/event-stream", headers=headers)
