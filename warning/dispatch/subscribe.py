"""Subscriptions: an office asks by polygon or zone, a resident by place; both are validated at the door."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import shapely
from pydantic import BaseModel, ConfigDict, Field
from shapely.errors import GEOSException

from channels.message import Lane
from channels.wire.robots import ADDRESS as ROBOT
from channels.wire.robots import NO_ADDRESS as NO_ROBOT
from channels.wire.ssrf import BadTarget, check_url
from geo.zone import ZoneSet
from warning.account import Account, Act, require
from warning.clock import Clock
from warning.dispatch.audience import reach
from warning.dispatch.kind import PERSONAL, Kinds, kind_of
from warning.dispatch.quiet import Quiet, quiet_of
from warning.errors import Invalid
from warning.level import Level

CELL_DEGREES = 0.01
"""A resident's place is kept as a cell of about 1 km, never as a point."""

_PHONE = re.compile(r"\+?[0-9]{8,15}")
_MAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_TOPIC = re.compile(r"[^#+\x00]{1,200}")


class OfficeSubscription(BaseModel):
    """What an office wants: where (polygon or zone codes; neither = everywhere), which hazards, from which level on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100, description="the office or duty post, as it is called when it must answer")
    channel: str = Field(description="webhook, email, sms or mqtt")
    address: str = Field(min_length=1, max_length=2000, description="where to: a URL, an e-mail address, a phone number, a topic")
    secret: str = Field(default="", max_length=200, description="signs webhooks (HMAC-SHA-256)")
    hazards: tuple[str, ...] = Field(default=(), description="hazard keys such as rainstorm; empty = every hazard")
    min_level: str = Field(default="blue", description="blue, yellow, orange or red")
    zones: tuple[str, ...] = Field(default=(), description="zone codes, e.g. 310115; a city's code or the first digits of several stand for all inside")
    polygon: dict[str, object] | None = Field(default=None, description="GeoJSON Polygon or MultiPolygon, WGS 84")
    language: Literal["zh-CN", "en-US"] = Field(default="zh-CN")
    lane: Lane | None = Field(default=None, description="exercise = drills only; actual = real warnings only; empty = as this deployment issues")
    escalates_to: int | None = Field(default=None, description="number of the subscription, of the same account, that is called next when this one does not answer in time")
    standby: bool = Field(default=False, description="true = told only when somebody who names it in escalates_to has not answered")


class FallBack(BaseModel):
    """Where else the same person is told when no receipt came in time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str = Field(description="another channel, e.g. email")
    address: str = Field(min_length=1, max_length=2000)


class ResidentSubscription(BaseModel):
    """What a resident wants: one place, one address. The place is reduced to a coarse cell before it is stored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str = Field(description="sms, webpush or email")
    address: str = Field(min_length=1, max_length=2000)
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    hazards: tuple[str, ...] = ()
    min_level: str = "yellow"
    language: Literal["zh-CN", "en-US"] = "zh-CN"
    quiet: str = Field(default="", max_length=11, description="hours that only red breaks, local time, e.g. 22:00-07:00; empty = none")
    lane: Lane | None = None
    fall_back: FallBack | None = Field(default=None, description="the next channel of the same person, when no receipt came in time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A validated subscription as it is stored. ``standby``: told only where ``falls_back_to`` or ``escalates_to`` of another points at it."""

    kind: str
    lane: Lane
    name: str
    owner: str
    channel: str
    address: str
    secret: str
    language: str
    hazards: tuple[str, ...]
    min_level: Level
    zones: tuple[str, ...]
    polygon: Mapping[str, object] | None
    cell: str | None
    district: str | None
    standby: bool = False
    falls_back_to: int | None = None
    escalates_to: int | None = None
    quiet: Quiet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A subscription as its owner sees it; the address is masked."""

    id: int
    name: str
    channel: str
    address: str
    lane: Lane
    hazards: tuple[str, ...]
    min_level: Level
    zones: tuple[str, ...]
    polygon: Mapping[str, object] | None
    overlaps: tuple[int, ...] = ()


class SubscriptionLedger(Protocol):
    async def add(self, entry: Entry) -> int: ...

    async def end(self, subscription_id: int, *, owner: str | None) -> None: ...

    async def held(self, owner: str | None) -> list[Held]: ...

    async def stop(self, channel: str, address: str) -> int: ...


class SubscriptionDesk:
    """Adds, lists and ends subscriptions; an office sees only its own."""

    def __init__(
        self, ledger: SubscriptionLedger, *, zones: ZoneSet, clock: Clock, hazards: Sequence[str], channels: Kinds,
        allow_private: bool, lane: Lane = "exercise",
    ) -> None:
        self._ledger = ledger
        self._zones = zones
        self._clock = clock
        self._hazards = frozenset(hazards)
        self._channels = dict(channels)
        self._allow_private = allow_private
        self._lane: Lane = lane

    async def office(self, new: OfficeSubscription, *, account: Account) -> int:
        """Returns the id; the same subscription again returns the same id. Raises Invalid or NotAllowed."""
        require(account, Act.SUBSCRIBE)
        self._check(new.channel, new.address, new.hazards)
        for code in new.zones:
            if not any(zone.code.startswith(code) for zone in self._zones):
                raise Invalid(f"zones: {code!r} is no zone of this deployment; GET /api/zones.geojson lists them")
        known = [code for code in new.zones if any(zone.code == code for zone in self._zones)]
        # Who asks for a city asks for its districts, which are warned one by one.
        zones = tuple(sorted({*new.zones, *(reach(known, self._zones).codes if known else ())}))
        return await self._ledger.add(Entry(
            kind="office", lane=new.lane or self._lane, name=new.name, owner=account.name, channel=new.channel, address=_one_form(self._kind(new.channel), new.address),
            secret=new.secret, language=new.language, hazards=new.hazards, min_level=_level(new.min_level),
            zones=zones, polygon=_polygon(new.polygon), cell=None, district=None, escalates_to=await self._next(new.escalates_to, account), standby=new.standby,
        ))

    async def _next(self, number: int | None, account: Account) -> int | None:
        if number is not None and all(one.id != number for one in await self.of(account)):
            raise Invalid(f"escalates_to: you have no subscription {number}; GET /api/subscriptions lists yours")
        return number

    async def resident(self, new: ResidentSubscription) -> int:
        """Store what somebody wishes whose address is proven (dispatch/registration asks for the proof); the same place again has the newest wishes."""
        return await self.keep(*self.wish(new))

    async def keep(self, entry: Entry, following: Entry | None) -> int:
        """Returns the id. ``following`` is the same person on the channel that is told when no receipt came in time."""
        if following is not None:
            entry = replace(entry, falls_back_to=await self._ledger.add(following))
        return await self._ledger.add(entry)

    def wish(self, new: ResidentSubscription) -> tuple[Entry, Entry | None]:
        """What would be stored, and for the next channel. Raises Invalid; a place outside every zone is refused, because nobody would warn it."""
        self._personal(new.channel)
        self._check(new.channel, new.address, new.hazards)
        if new.fall_back is not None:
            if new.fall_back.channel == new.channel:
                raise Invalid(f"fall_back: another channel than {new.channel}; what does not arrive there does not arrive there twice")
            self._personal(new.fall_back.channel)
            self._check(new.fall_back.channel, new.fall_back.address, ())
        column, row = _cell(new.lon), _cell(new.lat)
        centre = shapely.Point((column + 0.5) * CELL_DEGREES, (row + 0.5) * CELL_DEGREES)
        district = next((z.code for z in self._zones.at("district") if z.geometry.covers(centre)), None)
        if district is None:
            raise Invalid("lat/lon: this place lies in no district of this deployment")
        entry = Entry(
            kind="resident", lane=new.lane or self._lane, name="", owner="", channel=new.channel, address=_one_form(self._kind(new.channel), new.address), secret="",
            language=new.language, hazards=new.hazards, min_level=_level(new.min_level), zones=(), polygon=None,
            cell=f"c{row}_{column}", district=district, quiet=quiet_of(new.quiet),
        )
        if new.fall_back is None:
            return entry, None
        other = new.fall_back
        return entry, replace(entry, channel=other.channel, address=_one_form(self._kind(other.channel), other.address), standby=True)

    def _personal(self, channel: str) -> None:
        if self._kind(channel) not in PERSONAL:
            offered = ", ".join(sorted(name for name in self._channels if self._kind(name) in PERSONAL))
            raise Invalid(f"channel: residents register one of {offered}, not {channel!r}")

    async def end(self, subscription_id: int, *, account: Account) -> None:
        require(account, Act.SUBSCRIBE)
        await self._ledger.end(subscription_id, owner=None if account.role == "admin" else account.name)

    async def of(self, account: Account) -> list[Held]:
        """An office's own subscriptions, those that overlap each other marked (each place is still told only once)."""
        require(account, Act.SUBSCRIBE)
        return await self._ledger.held(None if account.role == "admin" else account.name)

    async def stop(self, channel: str, address: str) -> int:
        """A STOP that came back on a channel ends everything for that address on all channels of its kind; returns how many."""
        return sum([await self._ledger.stop(name, self.one_form(channel, address)) for name in self.alike(channel)])

    def alike(self, channel: str) -> list[str]:
        """The names of all channels of this one's kind: to a person they are the same."""
        kind = self._kind(channel)
        return [name for name in self._channels if self._kind(name) == kind] or [channel]

    def one_form(self, channel: str, address: str) -> str:
        """How an address on this channel is written in the ledger."""
        return _one_form(self._kind(channel), address)

    def _check(self, channel: str, address: str, hazards: Sequence[str]) -> None:
        if channel not in self._channels:
            raise Invalid(f"channel: {channel!r} is not offered here; there is {', '.join(sorted(self._channels))}")
        for hazard in hazards:
            if hazard not in self._hazards:
                raise Invalid(f"hazards: {hazard!r} is unknown; there is {', '.join(sorted(self._hazards))}")
        match self._kind(channel):
            case "sms" | "voice" if not _PHONE.fullmatch(address):
                raise Invalid("address: a phone number has 8 to 15 digits with the country code, e.g. 8613800000000")
            case "email" if not _MAIL.fullmatch(address):
                raise Invalid("address: this is no e-mail address")
            case "mqtt" | "display" if not _TOPIC.fullmatch(address):
                raise Invalid("address: an MQTT topic has no wildcards (# +)")
            case "loudspeaker" if not address.lower().startswith(("http:", "https:")):
                if not _TOPIC.fullmatch(address):
                    raise Invalid("address: an MQTT topic has no wildcards (# +)")
            case "chat" if not ROBOT.fullmatch(address):
                raise Invalid(f"address: {NO_ROBOT}")
            case "webhook" | "cbc" | "loudspeaker":
                self._check_url(address)
            case "webpush":
                try:
                    document = json.loads(address)
                    endpoint, _, _ = document["endpoint"], document["keys"]["p256dh"], document["keys"]["auth"]
                except (ValueError, KeyError, TypeError) as error:
                    raise Invalid('address: needs the PushSubscription as JSON: {"endpoint": …, "keys": {"p256dh", "auth"}}') from error
                self._check_url(str(endpoint))

    def _kind(self, channel: str) -> str:
        return kind_of(channel, self._channels)

    def _check_url(self, url: str) -> None:
        try:
            check_url(url, allow_private=self._allow_private)
        except BadTarget as error:
            raise Invalid(f"address: {error}") from error


def _level(word: str) -> Level:
    try:
        return Level.of(word)
    except ValueError as error:
        raise Invalid(f"min_level: {error}") from error


def _cell(degrees: float) -> int:
    # Rounded first: 121.47 / 0.01 is 12146.999… in binary, and a place on a cell's edge belongs to the cell east of it.
    return math.floor(round(degrees / CELL_DEGREES, 6))


def _one_form(kind: str, address: str) -> str:
    """A phone number has one form, digits only, so that nobody is registered twice and a STOP finds its number."""
    return address.removeprefix("+") if kind == "sms" else address


def _polygon(geojson: Mapping[str, object] | None) -> Mapping[str, object] | None:
    if geojson is None:
        return None
    try:
        shape = shapely.from_geojson(json.dumps(dict(geojson)))
    except (GEOSException, TypeError) as error:
        raise Invalid(f"polygon: is no GeoJSON geometry: {error}") from error
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise Invalid(f"polygon: must be a Polygon or MultiPolygon, not a {shape.geom_type}")
    if not shape.is_valid:
        raise Invalid(f"polygon: {shapely.is_valid_reason(shape)}; draw it without crossing lines")
    if shape.area == 0:
        raise Invalid("polygon: has no area")
    west, south, east, north = shape.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise Invalid("polygon: coordinates must be longitude, latitude in degrees (WGS 84); these look projected")
    return geojson
