"""Operations: health, metrics, and the operator's retry."""

from datetime import datetime
from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import OperationalError

from warning.dispatch.breaker import Circuit
from warning.dispatch.routekeeper import RouteView
from warning.heartbeat import Heartbeat
from warning.store import board
from warning.store.pulses import IN_A_ROW, PulseStore
from warning.store.routes import RouteStore
from warning.web.auth import Caller, Here, Visitor
from warning.web.metrics import Reading, families

router = APIRouter(tags=["operations"])

LAG_LIMIT_S = 60.0
"""Deliveries that are due for longer than this say that workers are missing."""


class NoticeOut(BaseModel):
    key: str
    text: str
    next_step: str
    at: datetime


class FeedAge(BaseModel):
    source: str
    state: str
    data_age_s: float | None


class RoutesOut(BaseModel):
    """The routes of a channel that has several, over all workers; ``GET /api/routes`` tells of each."""

    channel: str
    routes: int
    usable: int = Field(description="neither silent nor taken out by an operator")


class CanaryOut(BaseModel):
    """A channel's last self-test. ``state``: well, failing, stale (no worker tries) or unknown (no answer yet)."""

    channel: str
    state: str
    failures: int = Field(description="in a row")
    latency_s: float | None = Field(description="of the last one that was accepted")
    succeeded_at: datetime | None


class HealthOut(BaseModel):
    """``status`` is ok, degraded (it works, somebody should look) or down (the database does not answer)."""

    status: str
    database: bool
    data_at: datetime | None = Field(description="run time of the newest data that were read")
    data_age_s: float | None
    feeds: list[FeedAge] = Field(description="each feed's data age; the reasons are at /api/feeds")
    waiting: int = Field(description="deliveries that are due now")
    worker_lag_s: float = Field(description="how long the oldest of them has been due")
    canaries: list[CanaryOut] = Field(default=[], description="how each channel proved itself last; a channel without an address for it is not here")
    notice_count: int = Field(description="how many operator notices stand")
    channels: list[RoutesOut] = Field(default=[], description="channels with several routes, and how many of these may be used")
    notices: list[NoticeOut] = Field(description="what they say, for those who may look; they name offices and files")


class Retry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    deliveries: Annotated[list[int], Field(max_length=10_000, description="of offices and broadcasts")] = []
    crowds: Annotated[list[int], Field(max_length=100_000, description="batches of residents, as /dead-letters names them")] = []


class Skip(Retry):
    only: str = Field(default="", max_length=40, description="only what failed for this reason, as /dead-letters names it; empty = all")
    reason: Annotated[str, Field(min_length=1, max_length=200, description="why nobody tries again; it stands in the ledger and the audit")]


class Skipped(BaseModel):
    """How many failures are settled: they stay failed, for the reason "skipped"."""

    skipped: int


class Retried(BaseModel):
    """How many were failed and are tried again."""

    retried: int


@router.get("/api/health", summary="Is the engine well?")
async def health(parts: Here, visitor: Visitor, response: Response) -> HealthOut:
    response.headers["Cache-Control"] = "no-store"
    try:
        pulse = await board.pulse(parts.database)
        views = await RouteStore(parts.database).views()
    except OperationalError:
        response.status_code = 503
        return HealthOut(status="down", database=False, data_at=None, data_age_s=None, feeds=[], waiting=0, worker_lag_s=0.0, notice_count=1, notices=[
            NoticeOut(key="database", text="the database does not answer", at=parts.clock.now(),
                      next_step="start it; alerts and deliveries are kept and go on by themselves")])
    now = parts.clock.now()
    feeds = [FeedAge(source=one.promise.source, state=one.state, data_age_s=None if one.data_age is None else one.data_age.total_seconds())
             for one in await parts.feeds.standings(now=now)]  # fmt: skip
    late = pulse.lag_s > LAG_LIMIT_S
    canaries = [
        CanaryOut(channel=one.target, state=one.state, failures=one.failures, latency_s=one.latency_s, succeeded_at=one.succeeded_at)
        for one in await PulseStore(parts.database, clock=parts.clock).standings() if one.kind == "canary"]
    stale = any(one.state == "stale" or one.failures >= IN_A_ROW for one in canaries)
    channels = [_routes_of(channel, list(some)) for channel, some in groupby(views, key=_channel)]
    return HealthOut(
        status="degraded" if stale or late or pulse.notices or any(one.usable < one.routes for one in channels) else "ok", channels=channels, database=True, data_at=pulse.data_at,
        data_age_s=None if pulse.data_at is None else (now - pulse.data_at).total_seconds(), feeds=feeds, waiting=pulse.waiting,
        worker_lag_s=round(pulse.lag_s, 1), canaries=canaries,
        notice_count=len(pulse.notices),
        notices=[NoticeOut(key=n.key, text=n.text, next_step=n.next_step, at=n.at) for n in pulse.notices if visitor is not None])


def _channel(view: RouteView) -> str:
    return view.channel


def _routes_of(channel: str, views: list[RouteView]) -> RoutesOut:
    usable = sum(1 for view in views if not view.state.skipped and view.state.circuit is not Circuit.OPEN)
    return RoutesOut(channel=channel, routes=len(views), usable=usable)


@router.post("/api/deliveries/retry", summary="Try failed deliveries again")
async def retry(parts: Here, account: Caller, body: Retry) -> Retried:
    return Retried(retried=await parts.dispatch.retry(body.deliveries, crowd_ids=body.crowds, account=account))


@router.post("/api/deliveries/skip", summary="Settle failed deliveries without another try, and say why")
async def skip(parts: Here, account: Caller, body: Skip) -> Skipped:
    return Skipped(skipped=await parts.dispatch.skip(
        body.deliveries, crowd_ids=body.crowds, only=body.only, reason=body.reason, account=account))


@router.get("/api/heartbeat", summary="What partners hear every minute: the last identifiers, and a hash of what is in force")
async def heartbeat(parts: Here, response: Response) -> Heartbeat:
    """When the hash is not that of the alerts you hold, you have missed one: read /api/alerts?active=true (docs/reach.md shows how to compute it)."""
    response.headers["Cache-Control"] = "no-store"
    store = PulseStore(parts.database, clock=parts.clock)
    return await store.heartbeat(status=parts.settings.status, every_s=parts.settings.heartbeat.every_s)


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def metrics(parts: Here) -> Response:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Reading(await families(parts)))
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")
