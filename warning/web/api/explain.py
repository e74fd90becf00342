"""Explain: why a proposal is what it is, and what would have changed it; in words, numbers and a map."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from warning.errors import NotFound
from warning.web.auth import Here, Viewer
from warning.web.explanation import Explanation, explanation, png, read_explained
from warning.web.problem import Problem
from warning.web.words import Lang

_REFUSALS: dict[int | str, dict[str, object]] = {
    401: {"model": Problem, "description": "no token, or one that is not known"},
    404: {"model": Problem, "description": "no such proposal, or it has no map"},
}
router = APIRouter(prefix="/api/proposals", tags=["proposals"], responses=_REFUSALS)


@router.get("/{proposal_id}/explain", summary="The cells, the numbers, the rule with its source, and what would have changed the answer")
async def explain(parts: Here, _: Viewer, proposal_id: UUID) -> Explanation:
    return explanation(await read_explained(parts.database, proposal_id), parts.zones)


@router.get("/{proposal_id}/explain.png", summary="The map of the cells", response_class=Response)
async def explain_png(
    parts: Here, _: Viewer, proposal_id: UUID, lang: Annotated[Lang, Query(description="zh or en")] = "zh"
) -> Response:
    found = png(await read_explained(parts.database, proposal_id), parts.zones, parts.rule_sets, lang)
    if found is None:
        raise NotFound(f"proposal {proposal_id} has no map: no gridded data speak for it")
    return Response(found, media_type="image/png")
