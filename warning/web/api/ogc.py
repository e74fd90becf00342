"""OGC API – Features (Part 1 core, GeoJSON; Part 3 queryables) and EDR position queries over active and past warnings."""

import json
from typing import Annotated

import shapely
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel

from warning.errors import NotFound
from warning.level import Level
from warning.store import board, past
from warning.store.board import AlertView
from warning.web.auth import Here
from warning.web.geojson import MEDIA_TYPE, Outlines, collection, feature
from warning.web.ogcquery import (
    ITEMS,
    BadQuery,
    Cursor,
    Interval,
    boxes_of,
    cursor_of,
    interval_of,
    limit_of,
    offset_of,
    only,
    point_of,
)
from warning.web.ogcwords import COLLECTIONS, CONFORMANCE, PARAMETERS, about, landing_page, link, queryables_of
from warning.web.parts import Parts
from warning.web.problem import Problem, problem

_REFUSALS: dict[int | str, dict[str, object]] = {
    400: {"model": Problem, "description": "a parameter that is unknown or not valid"},
    404: {"model": Problem, "description": "no such collection or feature"},
}
router = APIRouter(prefix="/ogc", tags=["ogc"], responses=_REFUSALS)

Name = Annotated[str, Path(description="active = in force now; warnings = these and past ones", json_schema_extra={"enum": list(COLLECTIONS)})]
_PAGE = 200


def _plain(request: Request, f: Annotated[str | None, Query(description="json")] = None) -> None:
    """What takes no parameter but the form refuses others (/req/core/query-param-unknown)."""
    try:
        only(request.query_params, {"f"})
        _format(f)
    except BadQuery as error:
        raise HTTPException(400, str(error)) from error


class Document(BaseModel):
    """A JSON document of the standard; its members are the standard's."""

    model_config = {"extra": "allow"}


@router.get("/", dependencies=[Depends(_plain)], summary="Landing page", response_model=Document)
async def landing(parts: Here) -> Response:
    return _json(landing_page(_base(parts)))


@router.get("/conformance", dependencies=[Depends(_plain)], summary="Which requirements classes are met", response_model=Document)
async def conformance() -> Response:
    return _json({"conformsTo": list(CONFORMANCE)})


@router.get("/collections", dependencies=[Depends(_plain)], summary="The collections", response_model=Document)
async def collections(parts: Here) -> Response:
    base = _base(parts)
    found = [about(name, base=base, bounds=_bounds(parts)) for name in COLLECTIONS]
    return _json({"links": [link(f"{base}/ogc/collections", "self")], "collections": found})


@router.get("/collections/{name}", dependencies=[Depends(_plain)], summary="One collection", response_model=Document)
async def one_collection(parts: Here, name: Name) -> Response:
    return _json(about(_known(name), base=_base(parts), bounds=_bounds(parts)))


@router.get("/collections/{name}/queryables", dependencies=[Depends(_plain)], summary="By which properties items can be chosen", response_model=Document)
async def queryables(parts: Here, name: Name) -> Response:
    return Response(json.dumps(queryables_of(_known(name), base=_base(parts), hazards=_hazards(parts))), media_type="application/schema+json", headers={"Cache-Control": "public, max-age=60"})


@router.get("/collections/{name}/items", summary="Warnings as features", response_model=Document, openapi_extra={"parameters": list(ITEMS)})
async def items(parts: Here, request: Request, name: Name) -> Response:
    """A warning belongs to a time when that version was valid at some moment of it. The last page has no link ``next``; all pages are as of the moment of the first."""
    asked = request.query_params
    try:
        only(asked, {str(one["name"]) for one in ITEMS})
        boxes, when, most, skip = boxes_of(asked.get("bbox")), interval_of(asked.get("datetime")), limit_of(asked.get("limit")), offset_of(asked.get("offset"))
        cursor, hazard, level, zone = cursor_of(asked.get("cursor")), asked.get("hazard"), asked.get("level"), asked.get("zone")
        strength = None if level is None else _level(level)
        _format(asked.get("f"))
        if hazard is not None and hazard not in _hazards(parts):
            raise BadQuery(f"hazard: {hazard!r} is none; there is {', '.join(_hazards(parts))}")
        if zone is not None and zone not in parts.zones.by_code:
            raise BadQuery(f"zone: {zone!r} is no zone of this deployment; GET /api/zones.geojson lists them")
    except BadQuery as error:
        return _refused(error)
    _known(name)
    outlines: Outlines = request.app.state.grounds
    now = parts.clock.now()
    at = now if cursor is None else cursor.at
    if name == "active":
        when = Interval(begin=at, end=at) if when is None else when.within(at)
    found: list[AlertView] = []
    after = None if cursor is None else cursor.after
    passed, more = 0, False
    while when is not None or name == "warnings":
        rows = await past.valid(
            parts.database, begin=when.begin if when else None, end=when.end if when else None, status=parts.settings.status, hazard=hazard,
            level=strength, codes=_codes(parts, boxes, zone), limit=_PAGE, after=after)
        there = [row for row in rows if _there(row, outlines, boxes, zone)]
        fresh = there[max(0, skip - passed):]
        passed += len(there)
        more = len(found) + len(fresh) > most
        found += fresh[:most - len(found)]
        if more or len(rows) < _PAGE:
            break
        after = rows[-1].sent, rows[-1].identifier
    base = f"{_base(parts)}/ogc/collections/{name}"
    links = [link(f"{base}/items{'?' if asked else ''}{request.url.query}", "self", MEDIA_TYPE), link(base, "collection")]
    if more:
        following = Cursor(at=at, after=(found[-1].sent, found[-1].identifier)).word()
        links.append(link(f"{base}/items?{request.url.remove_query_params('offset').include_query_params(cursor=following).query}", "next", MEDIA_TYPE))
    content = collection(parts, outlines, found, now=now, members={
        "timeStamp": f"{now:%Y-%m-%dT%H:%M:%SZ}", "numberReturned": len(found), "links": links})
    return Response(content, media_type=MEDIA_TYPE, headers={"Cache-Control": "public, max-age=15"})


@router.get("/collections/{name}/items/{identifier}", dependencies=[Depends(_plain)], summary="One warning as a feature", response_model=Document)
async def item(parts: Here, request: Request, name: Name, identifier: str) -> Response:
    alert = await board.alert(parts.database, identifier)
    now = parts.clock.now()
    if _known(name) and (alert.status != parts.settings.status or (name == "active" and alert.state(now) != "in_force")):
        raise NotFound(f"no warning {identifier} in {name}")
    base = f"{_base(parts)}/ogc/collections/{name}"
    found = feature(parts, request.app.state.grounds, alert, now=now)
    found["links"] = [link(f"{base}/items/{identifier}", "self", MEDIA_TYPE), link(base, "collection")]
    return Response(json.dumps(found, ensure_ascii=False), media_type=MEDIA_TYPE, headers={"Cache-Control": "public, max-age=15"})


@router.get("/collections/{name}/position", summary="EDR: what is in force at a point", response_model=Document,
            openapi_extra={"x-privacy": "the position is not stored and not logged"})
async def position(
    parts: Here, request: Request, name: Name,
    coords: Annotated[str | None, Query(description="POINT(longitude latitude), WGS 84", examples=["POINT(121.54 31.22)"])] = None,
    datetime: Annotated[str | None, Query(description="an instant or an interval; now if not given")] = None,
    parameter_name: Annotated[str | None, Query(alias="parameter-name", description="by comma; all if not given")] = None,
    crs: Annotated[str | None, Query(description="CRS84")] = None, f: Annotated[str | None, Query(description="GeoJSON")] = None,
) -> Response:
    """A feature for each warning whose ground holds the point, borders included. A point outside of every zone is not answered: nobody would warn it."""
    try:
        only(request.query_params, {"coords", "datetime", "parameter-name", "crs", "f"})
        lon, lat = point_of(coords)
        when = interval_of(datetime)
        wanted = [one for one in (parameter_name or ",".join(PARAMETERS)).split(",") if one]
        if unknown := sorted(set(wanted) - set(PARAMETERS)):
            raise BadQuery(f"parameter-name: {', '.join(unknown)} is none; there is {', '.join(PARAMETERS)}")
        if crs is not None and not crs.upper().endswith(("CRS84", "EPSG:4326")):
            raise BadQuery("crs: only CRS84 (longitude, latitude)")
        _format(f)
    except BadQuery as error:
        return _refused(error)
    _known(name)
    if not any(shapely.intersects_xy(zone.geometry, lon, lat) for zone in parts.zones):
        raise NotFound("coords: this point lies in no zone of this deployment; that nothing is known here is no all-clear")
    now = parts.clock.now()
    if name == "active" or when is None:
        when = Interval(begin=now, end=now) if when is None else when.within(now)
    point = shapely.Point(lon, lat)
    found: list[AlertView] = []
    outlines: Outlines = request.app.state.grounds
    if when is not None:
        rows = await past.valid(
            parts.database, begin=when.begin, end=when.end, status=parts.settings.status, codes=_codes(parts, [point], None), limit=1000)
        found = [row for row in rows if shapely.intersects(outlines.ground(row), point)]
    content = collection(parts, outlines, found, now=now)
    document = json.loads(content)
    here = f"{_base(parts)}/ogc/collections/{name}/position"
    for one in document["features"]:
        said = one["properties"]
        one["geometry"] = {"type": "Point", "coordinates": [lon, lat]}
        said |= {"label": said["headline_en"] or said["headline_zh"], "datetime": f"{said['onset']}/{said['expires']}", "parameter-name": wanted,
                 "edrqueryendpoint": here}
    document["parameters"] = {key: PARAMETERS[key] for key in wanted}
    return Response(json.dumps(document, ensure_ascii=False), media_type=MEDIA_TYPE, headers={"Cache-Control": "private, max-age=10"})


def _known(name: str) -> str:
    if name not in COLLECTIONS:
        raise NotFound(f"no collection {name!r}; there is {', '.join(COLLECTIONS)}")
    return name


def _hazards(parts: Parts) -> list[str]:
    return sorted({rule.hazard.key for rule_set in parts.rule_sets.values() for rule in rule_set.rules})


def _level(word: str) -> int:
    try:
        return int(Level.of(word))
    except ValueError as error:
        raise BadQuery(f"level: {error}") from error


def _format(f: str | None) -> None:
    if f is not None and f.lower() not in ("json", "geojson"):
        raise BadQuery(f"f: {f!r} is not offered; ask for json")


def _codes(parts: Parts, boxes: list[shapely.Geometry] | None, zone: str | None) -> list[str] | None:
    """The zones whose warnings may reach into these boxes: a larger one is warned for what lies in it."""
    if zone is not None:
        return [zone]
    if boxes is None:
        return None
    return [one.code for one in parts.zones if any(shapely.intersects(one.geometry, box) for box in boxes)]


def _there(alert: AlertView, outlines: Outlines, boxes: list[shapely.Geometry] | None, zone: str | None) -> bool:
    if zone is not None and zone not in alert.zones:
        return False
    return boxes is None or any(shapely.intersects(outlines.ground(alert), box) for box in boxes)


def _refused(error: BadQuery) -> Response:
    return problem(400, str(error), "correct the named parameter; /openapi.json lists them")


def _json(document: dict[str, object]) -> Response:
    return Response(json.dumps(document, ensure_ascii=False), media_type="application/json", headers={"Cache-Control": "public, max-age=60"})


def _base(parts: Parts) -> str:
    return parts.settings.public_url.rstrip("/")


def _bounds(parts: Parts) -> list[float]:
    west, south, east, north = shapely.total_bounds([zone.geometry for zone in parts.zones]).tolist()
    return [round(west, 4), round(south, 4), round(east, 4), round(north, 4)]
