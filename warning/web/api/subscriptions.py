"""Subscriptions: offices ask by polygon or zone, with a token."""

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel

from warning.dispatch.subscribe import OfficeSubscription
from warning.web.auth import Caller, Here
from warning.web.problem import Problem

_REFUSALS: dict[int | str, dict[str, object]] = {
    403: {"model": Problem, "description": "this account may not subscribe"},
    422: {"model": Problem, "description": "a field is not valid, or an address is not allowed here"},
}
router = APIRouter(prefix="/api", tags=["subscriptions"], responses=_REFUSALS)


class Made(BaseModel):
    """The number under which it can be ended. The same subscription again gives the same number."""

    id: int


class HeldOut(BaseModel):
    """A subscription as its owner sees it, the address masked; ``overlaps`` names others of the same owner on the same ground."""

    id: int
    name: str
    channel: str
    address: str
    lane: str
    hazards: list[str]
    sectors: list[str]
    min_level: str
    zones: list[str]
    polygon: dict[str, object] | None
    overlaps: list[int]


@router.post("/subscriptions", status_code=201, summary="An office subscribes")
async def subscribe(parts: Here, account: Caller, body: OfficeSubscription) -> Made:
    return Made(id=await parts.subscriptions.office(body, account=account))


@router.get("/subscriptions", summary="My subscriptions")
async def mine(parts: Here, account: Caller) -> list[HeldOut]:
    return [
        HeldOut.model_validate({**asdict(held), "min_level": held.min_level.key})
        for held in await parts.subscriptions.of(account)
    ]


@router.delete("/subscriptions/{subscription_id}", status_code=204, summary="End a subscription", responses={404: {"model": Problem}})
async def end(parts: Here, account: Caller, subscription_id: int) -> None:
    await parts.subscriptions.end(subscription_id, account=account)
