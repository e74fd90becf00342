"""Routes: how the ways out of each channel are, and an operator's skip, use and try."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from warning.account import Act, require
from warning.dispatch.meter import of_route
from warning.dispatch.plan import Rate
from warning.store.routes import RouteStore
from warning.web.auth import Caller, Here

router = APIRouter(prefix="/api/routes", tags=["operations"])


class RouteOut(BaseModel):
    """One route as one worker has it."""

    channel: str
    route: str
    worker: str
    circuit: Literal["closed", "half_open", "open"] = Field(description="closed = in use; half_open = on trial; open = does not answer")
    since: datetime = Field(description="when the circuit last changed")
    skipped: bool = Field(description="taken out by an operator")
    accepted: int
    failed: int = Field(description="messages without an answer since the worker began")
    note: str = Field(description="what is wrong and what to do; empty when nothing is")
    place: int = Field(description="its turn by health among the worker's routes of this channel; 1 is asked first")
    weight: int = Field(description="its share among those that work; 0 = stands by")
    rate_per_s: float | None = Field(description="what this worker may give it by contract; null = as fast as it takes them")
    measured_per_s: float | None = Field(description="parts a second with all workers, measured; null = too few to tell")
    under_way: int = Field(description="handed over by this worker and not yet answered")
    said: str = Field(description="who last ordered what, and why")


class RouteAct(BaseModel):
    model_config = ConfigDict(extra="forbid")

    act: Literal["skip", "use", "try"] = Field(description="skip = take it out; use = put it in again; try = end its pause now")
    reason: str = Field(default="", max_length=200, description="why; skip needs one")


@router.get("", summary="The routes of every channel that has several")
async def routes(parts: Here, account: Caller) -> list[RouteOut]:
    require(account, Act.VIEW)
    rates = await parts.rates.rates()
    return [
        RouteOut(channel=view.channel, worker=view.worker, route=view.state.route, circuit=view.state.circuit.value, since=view.state.since,
                 skipped=view.state.skipped, accepted=view.state.accepted, failed=view.state.failed, note=view.state.note, place=view.state.place, weight=view.state.weight, rate_per_s=view.state.rate_per_s,
                 measured_per_s=rates.get(of_route(view.channel, view.state.route), Rate()).per_second, under_way=view.state.under_way, said=view.said)
        for view in await RouteStore(parts.database).views()]


@router.post("/{channel}/{route}", summary="Skip a route, use it again, or try it now", status_code=204)
async def act(parts: Here, account: Caller, channel: str, route: str, body: RouteAct) -> None:
    """Workers hear it within two seconds."""
    await RouteStore(parts.database).order(channel, route, act=body.act, reason=body.reason, account=account, at=parts.clock.now())
