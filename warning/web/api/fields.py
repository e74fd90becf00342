"""Fields: what the map can show of the newest data, and each moment of it as a see-through PNG."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from warning.web.auth import Viewer
from warning.web.fieldboard import FieldBoard
from warning.web.problem import Problem

router = APIRouter(prefix="/api/fields", tags=["operations"], responses={404: {"model": Problem, "description": "newer data have come"}})


class MomentOut(BaseModel):
    key: str
    valid_time: datetime
    run_time: datetime


class LayerOut(BaseModel):
    """``bounds`` part ``colours`` (one more than bounds; an empty colour is clear)."""

    key: str
    variable: str
    source: str
    window_h: float | None
    units: str
    bounds: tuple[float, ...]
    colours: tuple[str, ...]
    moments: list[MomentOut]


class FieldsOut(BaseModel):
    """``extent`` is what every picture covers: west, south, east, north, degrees; it is drawn in Mercator. ``faults``: what could not be read."""

    extent: tuple[float, float, float, float]
    layers: list[LayerOut]
    faults: tuple[str, ...] = Field(description="what could not be read, and is therefore not shown")


def board_of(request: Request) -> FieldBoard:
    board: FieldBoard = request.app.state.fields
    return board


Fields = Annotated[FieldBoard, Depends(board_of)]


@router.get("", summary="The quantities and moments that the map can show")
async def fields(held: Fields, _: Viewer) -> FieldsOut:
    board = await held.board(wait=True)
    return FieldsOut(
        extent=(held.extent.west, held.extent.south, held.extent.east, held.extent.north), faults=board.faults,
        layers=[
            LayerOut(
                key=layer.key, variable=layer.variable, source=layer.source, units=layer.units, bounds=layer.ramp.bounds, colours=layer.ramp.colours,
                window_h=None if layer.window is None else layer.window.total_seconds() / 3600,
                moments=[MomentOut(key=one.key, valid_time=one.field.valid_time, run_time=one.field.run_time) for one in layer.frames])
            for layer in board.layers])


@router.get("/{key}.png", summary="One moment; what is unknown is hatched, never clear", response_class=Response)
async def picture(held: Fields, _: Viewer, key: str) -> Response:
    return Response((await held.picture(key)).png, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})
