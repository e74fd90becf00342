"""Places: am I warned here, which zones there are, by which rules they are warned."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import shapely
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from geo.zone import ZoneSet
from warning.errors import Invalid, NotFound
from warning.watch.ruletable import TableRow, rows
from warning.web.api.shapes import AlertOut, Place
from warning.web.auth import Here
from warning.web.problem import Problem
from warning.web.snapshot import PublicBoard

router = APIRouter(prefix="/api", tags=["places"])
hot = APIRouter(prefix="/api", tags=["places"])

OUTLINE_DEGREES = 0.002
"""About 200 m: enough for a map of a city, a tenth of the bytes."""


class WarnedOut(BaseModel):
    """What is in force at the place asked for; the place itself is neither kept nor repeated."""

    warned: bool | None = Field(description="null = the place lies in no zone of this deployment: not known, which is no all-clear")
    place: Place | None
    alerts: list[AlertOut]


_AT = [
    {"name": "lat", "in": "query", "required": True, "schema": {"type": "number", "minimum": -90, "maximum": 90, "examples": [31.23]}},
    {"name": "lon", "in": "query", "required": True, "schema": {"type": "number", "minimum": -180, "maximum": 180, "examples": [121.47]}},
    {"name": "coarse", "in": "query", "schema": {"type": "boolean", "default": False},
     "description": "the position stands for its whole cell of 0.01°: what is in force in any part of it"},
]


@hot.get("/warned", summary="Am I warned here?", response_model=WarnedOut, responses={422: {"model": Problem, "description": "no place on Earth"}},
         openapi_extra={"x-privacy": "the position is not stored and not logged", "parameters": _AT})
async def warned(request: Request) -> Response:
    """From memory: what was worked out once for a cell of about 1 km serves everybody in it.

    The position is read by hand, because checking two numbers by a model cost more than the answer.
    """
    asked = request.query_params
    lat, lon = _degrees(asked.get("lat"), 90, "lat"), _degrees(asked.get("lon"), 180, "lon")
    coarse = asked.get("coarse", "false").lower()
    if coarse not in _YES and coarse not in _NO:
        raise Invalid("query.coarse: true or false")
    public: PublicBoard = request.app.state.public
    answers = await public.answers()
    return Response(answers.at(lat, lon, coarse=coarse in _YES), media_type="application/json", headers={"Cache-Control": "private, max-age=10"})


_YES, _NO = frozenset({"true", "1", "yes", "on", "t", "y"}), frozenset({"false", "0", "no", "off", "f", "n", ""})


def _degrees(text: str | None, most: int, name: str) -> float:
    """A position never stands in an error: it would in a log."""
    try:
        value = float(text if text is not None else "")
    except ValueError:
        raise Invalid(f"query.{name}: give degrees, such as {31.23 if name == 'lat' else 121.47}") from None
    if not -most <= value <= most:  # what is no number is not between them either
        raise Invalid(f"query.{name}: between -{most} and {most} degrees")
    return value


@router.get("/zones.geojson", summary="The zones of this deployment", response_class=Response)
async def zones(parts: Here, request: Request, level: Annotated[str | None, Query(examples=["district"])] = None) -> Response:
    cached: dict[str | None, bytes] = request.app.state.outlines
    if level not in cached:
        if level is not None and not parts.zones.at(level):
            raise NotFound(f"no zones of level {level!r} here")
        cached[level] = json.dumps(zone_collection(parts.zones, level=level), ensure_ascii=False).encode()
    return Response(cached[level], media_type="application/geo+json", headers={"Cache-Control": "public, max-age=3600"})


@router.get("/rules/{rule_set}", summary="The rule table of one authority", responses={404: {"model": Problem}})
async def rules(parts: Here, rule_set: str) -> list[dict[str, object]]:
    found = parts.rule_sets.get(rule_set)
    if found is None:
        raise NotFound(f"no rule set {rule_set!r}; there is {', '.join(sorted(parts.rule_sets))}")
    return [_row(row) for row in rows(found)]


def zone_collection(zones: ZoneSet, *, level: str | None) -> dict[str, object]:
    """A GeoJSON FeatureCollection, outlines simplified together so that neighbours keep meeting."""
    chosen = zones.at(level) if level else tuple(zones)
    return {
        "type": "FeatureCollection", "origin": zones.origin, "schematic": zones.schematic,
        "features": [
            {"type": "Feature", "id": zone.code,
             "properties": {"code": zone.code, "name_zh": zone.name_zh, "name_en": zone.name_en, "level": zone.level,
                            "parent": zone.parent},
             "geometry": json.loads(shapely.to_geojson(shape))}
            for zone, shape in zip(chosen, _outlines(zones, level), strict=True)
        ],
    }


def _outlines(zones: ZoneSet, level: str | None) -> Sequence[shapely.Geometry]:
    chosen = zones.at(level) if level else tuple(zones)
    simple = shapely.simplify([zone.geometry for zone in chosen], OUTLINE_DEGREES)
    return list(shapely.orient_polygons(shapely.set_precision(simple, 0.0001)))  # RFC 7946 §3.1.6


def _row(row: TableRow) -> dict[str, object]:
    return asdict(row)
