"""Admin acts: one admin asks, another confirms. And keys for programs, each account its own."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from warning.account import Account, Act
from warning.web.auth import Caller, Here
from warning.web.problem import Problem

_REFUSALS: dict[int | str, dict[str, object]] = {
    401: {"model": Problem}, 403: {"model": Problem}, 404: {"model": Problem}, 409: {"model": Problem}, 422: {"model": Problem}}
router = APIRouter(prefix="/api", tags=["trust"], responses=_REFUSALS)


class Asked(BaseModel):
    """``add`` also renews: a new token, and password, second factor, keys and sessions are forgotten."""

    model_config = ConfigDict(extra="forbid")

    act: Literal["add", "withdraw"]
    name: str = Field(min_length=1, max_length=100, pattern=r"^[^\s/]+$", examples=["li.lei"])
    role: str = "viewer"
    hazards: list[str] = Field(default=[], description="hazard keys; empty = every hazard")
    area: str = Field(default="", max_length=14, description="zone code; empty = everywhere")


class RequestOut(BaseModel):
    id: UUID
    act: str
    name: str
    detail: dict[str, object]
    asked_by: str
    asked_at: datetime


class AskedOut(BaseModel):
    id: UUID


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    confirmed: bool


class DecidedOut(BaseModel):
    """``token`` is the new account's, shown this once: hand it to its owner, who sets a password with it."""

    token: str | None


class NewKey(BaseModel):
    model_config = ConfigDict(extra="forbid")

    label: str = Field(min_length=1, max_length=100)
    scopes: Annotated[list[Act], Field(min_length=1, description="never more than the account's own role")]
    days: int = Field(default=365, ge=1, le=1000)


class KeyMade(BaseModel):
    """Shown this once; only its hash is kept."""

    key: str


class KeyOut(BaseModel):
    id: UUID
    label: str
    scopes: list[Act]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


@router.post("/admin/requests", status_code=201, summary="An admin asks for an account to be added, renewed or withdrawn")
async def ask(parts: Here, account: Caller, body: Asked) -> AskedOut:
    new = Account(name=body.name, role=body.role, hazards=tuple(body.hazards), area=body.area)
    return AskedOut(id=await parts.trust.ask(body.act, new, account=account))


@router.get("/admin/requests", summary="What waits for a second admin")
async def waiting(parts: Here, account: Caller) -> list[RequestOut]:
    return [RequestOut(id=one.id, act=one.act, name=one.name, detail=dict(one.detail), asked_by=one.asked_by, asked_at=one.asked_at)
            for one in await parts.trust.waiting(account=account)]


@router.post("/admin/requests/{request_id}", summary="Another admin confirms or refuses")
async def decide(parts: Here, account: Caller, request_id: UUID, body: Decision) -> DecidedOut:
    return DecidedOut(token=await parts.trust.decide(request_id, account=account, confirmed=body.confirmed))


@router.post("/keys", status_code=201, summary="Make a key for a program")
async def make_key(parts: Here, account: Caller, body: NewKey) -> KeyMade:
    return KeyMade(key=await parts.trust.make_key(account, label=body.label, scopes=body.scopes, days=body.days))


@router.get("/keys", summary="My keys")
async def keys(parts: Here, account: Caller) -> list[KeyOut]:
    return [KeyOut(id=key.id, label=key.name, scopes=list(key.scopes), created_at=key.created_at, expires_at=key.expires_at, used_at=key.used_at)
            for key in await parts.trust.keys(account)]


@router.delete("/keys/{key_id}", status_code=204, summary="End a key")
async def end_key(parts: Here, account: Caller, key_id: UUID) -> None:
    await parts.trust.end_key(account, key_id)
