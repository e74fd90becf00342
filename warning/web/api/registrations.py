"""Registrations: a resident proves an address by a code, then reads, changes and ends what is registered for it. No account is needed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from warning.dispatch.registration import Asked
from warning.dispatch.saying import PlaceHeld
from warning.dispatch.subscribe import ResidentSubscription
from warning.errors import Invalid, NotFound
from warning.web.api.shapes import Names, Place
from warning.web.auth import Here
from warning.web.parts import Parts
from warning.web.problem import Problem
from warning.web.words import zone_name

_REFUSALS: dict[int | str, dict[str, object]] = {
    422: {"model": Problem, "description": "a field is not valid, or the code is wrong"},
    429: {"model": Problem, "description": "too many from here"},
}
router = APIRouter(prefix="/api", tags=["subscriptions"], responses=_REFUSALS)


class RegistrationOut(BaseModel):
    """``request`` and ``expires``: a code is on its way, send it to /confirm. ``id``: a browser's push subscription, stored at once."""

    request: UUID | None = None
    expires: datetime | None = None
    id: int | None = None


class Confirmation(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    request: UUID
    code: str = Field(min_length=1, max_length=12, description="the six digits that came to the address; for a push subscription anything")
    next_code: str = Field(default="", max_length=12, description="those that came to the address named in fall_back")


class PlaceOut(BaseModel):
    """One registered place. Only its cell of about 1 km is kept."""

    id: int
    channel: str
    place: Place
    cell: str
    hazards: list[str]
    min_level: str
    language: str
    quiet: str


class ProvenOut(BaseModel):
    """``pass`` opens the places of this address for fifteen minutes."""

    model_config = ConfigDict(populate_by_name=True)

    id: int
    word: str = Field(alias="pass")
    places: list[PlaceOut]


class Key(BaseModel):
    """What opens an address: the ``pass`` after a code, or the push subscription itself (``channel`` and ``address``)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    word: str = Field(default="", alias="pass", max_length=100)
    channel: str = Field(default="", max_length=100)
    address: str = Field(default="", max_length=2000)


class Ending(Key):
    place: int = Field(ge=0, description="id of the place; 0 = all")


class PushKeyOut(BaseModel):
    """``key`` is the applicationServerKey of ``pushManager.subscribe``; register under ``channel``."""

    channel: str
    key: str


@router.post("/registrations", status_code=202, summary="A resident registers a place and an address, or changes it",
             responses={201: {"model": RegistrationOut, "description": "a push subscription, stored at once"}})
async def register(parts: Here, response: Response, body: ResidentSubscription) -> RegistrationOut:
    """The place is reduced to a cell of about 1 km before it is stored. The answer is the same whether the address is known or not."""
    made = await parts.registration.ask(body)
    if isinstance(made, Asked):
        return RegistrationOut(request=made.request, expires=made.expires)
    response.status_code = 201
    return RegistrationOut(id=made)


@router.post("/registrations/confirm", summary="The code that came to the address")
async def confirm(parts: Here, body: Confirmation) -> ProvenOut:
    proven = await parts.registration.confirm(body.request, code=body.code, next_code=body.next_code)
    return ProvenOut.model_validate({"id": proven.id, "pass": proven.word, "places": _out(parts, proven.places)})


@router.post("/registrations/places", summary="What is registered for my address", responses={404: {"model": Problem}})
async def places(parts: Here, body: Key) -> list[PlaceOut]:
    _one(body)
    found = await (parts.registration.places(body.word) if body.word else parts.registration.places_of_browser(body.channel, body.address))
    return _out(parts, found)


@router.post("/registrations/end", summary="End a place of my address, or all", responses={404: {"model": Problem}})
async def end(parts: Here, body: Ending) -> list[PlaceOut]:
    """Gives back what is left."""
    _one(body)
    left = await (parts.registration.end(body.word, body.place) if body.word
                  else parts.registration.end_of_browser(body.channel, body.address, body.place))
    return _out(parts, left)


@router.get("/push-key", summary="What a browser needs to ask for pushes", responses={404: {"model": Problem}})
async def push_key(parts: Here) -> PushKeyOut:
    if not parts.push_keys:
        raise NotFound("this deployment has no Web Push channel")
    channel, key = next(iter(parts.push_keys.items()))
    return PushKeyOut(channel=channel, key=key)


def _one(key: Key) -> None:
    if bool(key.word) == bool(key.address):
        raise Invalid("pass: give the pass that came with the code, or channel and address of a push subscription")


def _out(parts: Parts, places: Sequence[PlaceHeld]) -> list[PlaceOut]:
    return [
        PlaceOut(id=one.id, channel=one.channel, place=Place(code=one.district, name=Names(
            zh=zone_name(parts.zones, one.district, "zh"), en=zone_name(parts.zones, one.district, "en"))), cell=one.cell,
            hazards=list(one.hazards), min_level=one.min_level.key, language=one.language, quiet=one.quiet)
        for one in places
    ]
