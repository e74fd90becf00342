"""An office looks after one subscription of its own: change it, order its contacts, pause, preview, test, change the secret."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from warning.dispatch.subscribe import OfficeSubscription
from warning.office.preview import Preview
from warning.office.wish import Ahead, Changes, NewContact, NewPause
from warning.office.work import KeptPause, Post, Trial
from warning.web.auth import Caller, Here
from warning.web.problem import Problem

_REFUSALS: dict[int | str, dict[str, object]] = {
    403: {"model": Problem, "description": "this account may not subscribe"},
    404: {"model": Problem, "description": "no such subscription of yours"},
    409: {"model": Problem, "description": "it contradicts what is there"},
    422: {"model": Problem, "description": "a field is not valid; the detail names it and the mend"},
}
router = APIRouter(prefix="/api/subscriptions", tags=["offices"], responses=_REFUSALS)

Number = Annotated[int, Path(ge=1, le=2**63 - 1, description="the subscription's number")]


class ContactOut(BaseModel):
    id: int
    name: str
    channel: str
    address: str


class PauseOut(BaseModel):
    """``cover`` and ``cover_name``: who is told meanwhile; empty when nobody is."""

    id: int
    starts_at: datetime
    ends_at: datetime
    cover: int | None
    cover_name: str


class PostOut(BaseModel):
    """One subscription in full; the address masked, the secret never shown (``signed``: there is one; ``former_until``: the one before signs too)."""

    id: int
    name: str
    channel: str
    address: str
    language: str
    lane: str
    hazards: list[str]
    sectors: list[str]
    min_level: str
    zones: list[str]
    polygon: dict[str, object] | None
    form: str
    standby: bool
    escalates_to: int | None
    contacts: list[ContactOut]
    signed: bool
    former_until: datetime | None
    pauses: list[PauseOut]


class ToldOut(BaseModel):
    """An alert that would have come; ``role`` start, change or end."""

    identifier: str
    role: str
    hazard: str
    level: str
    sent: datetime
    headlines: dict[str, str]


class ZoneCount(BaseModel):
    zone: str
    warnings: int
    strongest: str


class PreviewOut(BaseModel):
    """Of the last year, newest first, at most 500 shown; ``total`` of them, among ``looked_at`` in the archive."""

    total: int
    looked_at: int
    told: list[ToldOut]
    by_zone: list[ZoneCount]


class TestOut(BaseModel):
    """A test message: ``state`` waiting, claimed, accepted, delivered, rejected, retry or unknown; ``answered_at`` when somebody confirmed it."""

    id: UUID
    state: str
    asked_by: str
    asked_at: datetime
    began_at: datetime | None
    seconds: float | None
    reason: str
    evidence: str
    answered_at: datetime | None
    answered_by: str


class Asked(BaseModel):
    """Look at GET …/tests for what became of it."""

    id: UUID


class Contacts(BaseModel):
    model_config = ConfigDict(extra="forbid")

    contacts: Annotated[list[NewContact], Field(max_length=20)]


class NewSecret(BaseModel):
    """``secret`` empty: a good one is made. ``overlap_h``: for how many hours the one before signs too."""

    model_config = ConfigDict(extra="forbid")

    secret: Annotated[str, Field(max_length=200)] = ""
    overlap_h: Annotated[float, Field(ge=0, le=720)] = 24.0


class SecretOut(BaseModel):
    """Shown this once."""

    secret: str


class MadePause(BaseModel):
    id: int


@router.get("/{subscription_id}", summary="One subscription of mine, in full")
async def one(parts: Here, account: Caller, subscription_id: Number) -> PostOut:
    post = await parts.office.post(subscription_id, account=account)
    return post_out(post, await parts.office.pauses(account=account))


@router.put("/{subscription_id}", status_code=204, summary="Put it anew")
async def put(parts: Here, account: Caller, subscription_id: Number, body: OfficeSubscription) -> None:
    """The whole; an empty address or secret stays as it is, because neither is ever shown in full. Channel and lane stay."""
    await parts.office.replace(subscription_id, body, account=account)


@router.patch("/{subscription_id}", status_code=204, summary="Change what is named")
async def patch(parts: Here, account: Caller, subscription_id: Number, body: Changes) -> None:
    await parts.office.change(subscription_id, body, account=account)


@router.put("/{subscription_id}/contacts", summary="Who is called after it, in order, when it does not answer")
async def contacts(parts: Here, account: Caller, subscription_id: Number, body: Contacts) -> list[ContactOut]:
    """Those left out are ended. Each gets the place, hazards and level of the subscription."""
    post = await parts.office.set_contacts(subscription_id, body.contacts, account=account)
    return [ContactOut.model_validate(asdict(contact)) for contact in post.contacts]


@router.post("/{subscription_id}/secret", status_code=201, summary="Change the secret that signs, without a gap")
async def secret(parts: Here, account: Caller, subscription_id: Number, body: NewSecret) -> SecretOut:
    return SecretOut(secret=await parts.office.new_secret(
        subscription_id, body.secret, overlap=timedelta(hours=body.overlap_h), account=account))


@router.post("/{subscription_id}/pauses", status_code=201, summary="Pause it from–to, and say who covers")
async def pause(parts: Here, account: Caller, subscription_id: Number, body: NewPause) -> MadePause:
    """What begins meanwhile goes to the cover; what was told before is changed and ended for whom it was told."""
    return MadePause(id=await parts.office.pause(subscription_id, body, account=account))


@router.delete("/{subscription_id}/pauses/{pause_id}", status_code=204, summary="End a pause now")
async def end_pause(parts: Here, account: Caller, subscription_id: Number, pause_id: Number) -> None:
    await parts.office.post(subscription_id, account=account)
    await parts.office.end_pause(pause_id, account=account)


@router.post("/preview", summary="What such a subscription would have been told in the last year; nothing is stored")
async def ahead(parts: Here, account: Caller, body: Ahead) -> PreviewOut:
    return preview_out(await parts.office.preview(body, account=account))


@router.get("/{subscription_id}/preview", summary="What it would have been told in the last year")
async def preview(parts: Here, account: Caller, subscription_id: Number) -> PreviewOut:
    return preview_out(await parts.office.preview_of(subscription_id, account=account))


@router.post("/{subscription_id}/tests", status_code=202, summary="Send a test message", responses={429: {"model": Problem}})
async def test(parts: Here, account: Caller, subscription_id: Number) -> Asked:
    """It goes out by the real channel, says of itself that it is a test, and is counted by no ledger as a warning."""
    return Asked(id=await parts.office.test(subscription_id, account=account))


@router.get("/{subscription_id}/tests", summary="What became of my test messages")
async def tests(parts: Here, account: Caller, subscription_id: Number) -> list[TestOut]:
    return [test_out(one) for one in await parts.office.tests(subscription_id, account=account)]


def post_out(post: Post, pauses: list[KeptPause]) -> PostOut:
    return PostOut(
        id=post.id, name=post.name, channel=post.channel, address=post.address, language=post.language, lane=post.lane,
        hazards=list(post.hazards), sectors=list(post.sectors), min_level=post.min_level.key, zones=list(post.zones),
        polygon=None if post.polygon is None else dict(post.polygon), form=post.form, standby=post.standby, escalates_to=post.escalates_to,
        contacts=[ContactOut.model_validate(asdict(contact)) for contact in post.contacts], signed=post.signs, former_until=post.former_until,
        pauses=[PauseOut(id=one.id, starts_at=one.starts_at, ends_at=one.ends_at, cover=one.cover_id, cover_name=one.cover)
                for one in pauses if one.subscription_id == post.id])


def preview_out(found: Preview) -> PreviewOut:
    return PreviewOut(
        total=len(found.told), looked_at=found.looked_at,
        told=[ToldOut(identifier=one.alert.identifier, role=one.role, hazard=one.alert.hazard, level=one.alert.level.key, sent=one.alert.sent,
                      headlines=dict(one.alert.headlines)) for one in found.told[:500]],
        by_zone=[ZoneCount(zone=code, warnings=count, strongest=level.key) for code, (count, level) in sorted(found.by_zone.items())])


def test_out(one: Trial) -> TestOut:
    return TestOut(
        id=one.id, state=one.state, asked_by=one.asked_by, asked_at=one.asked_at, began_at=one.began_at, seconds=one.seconds, reason=one.reason,
        evidence=one.evidence, answered_at=one.answered_at, answered_by=one.answered_by)
