"""Alerts: what was issued, as JSON and as CAP, how fast it went out, and what became of its deliveries."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from warning.errors import Invalid
from warning.stage import PROMISE_S, timeline
from warning.store import board
from warning.store.stages import chain_events
from warning.web.api.shapes import AlertOut, StageOut, alert_out, stage_out
from warning.web.auth import Here, Viewer, Visitor
from warning.web.made import CACHE, unchanged
from warning.web.problem import Problem, problem
from warning.web.related import related_codes
from warning.web.snapshot import PublicBoard
from warning.web.words import next_step

router = APIRouter(prefix="/api/alerts", tags=["alerts"])

CAP_TYPE = "application/cap+xml"
_ASKED = {"active", "hazard", "zone", "status", "limit"}
_MISSING: dict[int | str, dict[str, object]] = {404: {"model": Problem, "description": "no such alert"}}


class TimelineOut(BaseModel):
    """The ten-minute promise, stage by stage. ``in_time`` is None while something is still owed."""

    identifier: str
    promise_s: float
    elapsed_s: float
    done: bool
    in_time: bool | None
    stages: list[StageOut]


class FailureOut(BaseModel):
    """``id`` (0: residents, all ``people`` of one reason together) and ``crowds`` are what POST /api/deliveries/retry asks for."""

    id: int
    people: int
    crowds: list[int]
    channel: str
    recipient: str
    reason: str
    evidence: str
    attempts: int
    next_step: str


class DeliveriesOut(BaseModel):
    """Counts by channel and state. No address is ever shown."""

    identifier: str
    counts: dict[str, dict[str, int]]
    callouts: dict[str, int]
    failed: list[FailureOut]


@router.get("", summary="Alerts, newest first", response_model=list[AlertOut], responses={
    304: {"description": "nothing has changed"}, 422: {"model": Problem, "description": "a parameter that is unknown or not valid"}})
async def listed(
    parts: Here, request: Request, response: Response,
    active: Annotated[bool, Query(description="only what is in force")] = False,
    hazard: Annotated[str | None, Query(examples=["rainstorm"])] = None,
    zone: Annotated[str | None, Query(examples=["310115"], description="what concerns this zone")] = None,
    status: Annotated[Literal["Actual", "Exercise", "Test"] | None, Query(description="empty = as this deployment issues")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[AlertOut] | Response:
    """A misspelt question is refused: its empty answer would be taken for an all-clear. What is in force bears the version of the board as its ETag."""
    if strange := sorted(set(request.query_params) - _ASKED):
        raise Invalid(f"{', '.join(strange)}: no such parameter; there is {', '.join(sorted(_ASKED))}")
    public: PublicBoard = request.app.state.public
    if active:
        tag = f'W/"{(await public.snapshot()).version}"'
        kept = {"ETag": tag, "Cache-Control": CACHE}
        if unchanged(request, tag):
            return Response(status_code=304, headers=kept)
        response.headers.update(kept)
    codes = None if zone is None else related_codes(parts.zones, zone)
    found = await board.alerts(
        parts.database, now=parts.clock.now(), active=active, hazard=hazard, zones=codes, status=status or parts.settings.status, limit=limit)
    known = {rule.hazard.key for rule_set in parts.rule_sets.values() for rule in rule_set.rules}
    if not found and hazard is not None and hazard not in known:
        raise Invalid(f"hazard: {hazard!r} is none; there is {', '.join(sorted(known))}")
    return [alert_out(parts, alert) for alert in found]


@router.get("/{identifier}.xml", summary="The CAP 1.2 document, as it was signed", responses={
    200: {"content": {CAP_TYPE: {}}}, **_MISSING}, response_class=Response)
async def cap(parts: Here, identifier: str) -> Response:
    alert = await board.alert(parts.database, identifier)
    if alert.signing_fault and parts.settings.signing is not None and parts.settings.signing.required:
        answer = problem(503, f"{identifier} is issued and not signed yet", "ask again in a minute; people's channels have it already")
        answer.headers["Retry-After"] = "30"
        return answer
    # An issued document never changes, but for the signature that one may still wait for.
    kept = "no-cache" if alert.signing_fault else "public, max-age=31536000, immutable"
    return Response(alert.signed_xml or alert.cap_xml, media_type=CAP_TYPE, headers={"Cache-Control": kept})


@router.get("/{identifier}", summary="One alert", responses=_MISSING)
async def one(parts: Here, identifier: str) -> AlertOut:
    return alert_out(parts, await board.alert(parts.database, identifier))


@router.get("/{identifier}/timeline", summary="Every stage against the ten-minute promise", responses=_MISSING)
async def stages(parts: Here, visitor: Visitor, identifier: str) -> TimelineOut:
    """Which office has acknowledged is for those who may look; everybody else sees that one has."""
    alert = await board.alert(parts.database, identifier)
    rows = timeline(await chain_events(parts.database, str(alert.proposal_id)))
    race = await board.race(parts.database, alert)
    return TimelineOut(
        identifier=identifier, promise_s=PROMISE_S, elapsed_s=round(race.elapsed_s, 3), done=race.done,
        in_time=race.elapsed_s <= PROMISE_S if race.done else None, stages=[stage_out(row if visitor is not None or row.stage not in ("call", "acknowledge") else replace(row, channel="office")) for row in rows])


@router.get("/{identifier}/deliveries", summary="What became of its deliveries", responses=_MISSING)
async def deliveries(parts: Here, _: Viewer, identifier: str) -> DeliveriesOut:
    alert = await board.alert(parts.database, identifier)
    failed = await board.failures(parts.database, alert.identifier)
    return DeliveriesOut(
        identifier=identifier, counts=await parts.ledger.counts(identifier),
        callouts=await board.callouts(parts.database, identifier),
        failed=[
            FailureOut(id=f.delivery_id, people=f.people, crowds=list(f.crowds), channel=f.channel, recipient=f.recipient, reason=f.reason, evidence=f.evidence,
                       attempts=f.attempts, next_step=next_step(f.reason, "en"))
            for f in failed
        ])
