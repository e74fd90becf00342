"""Subscriptions: an office asks by polygon or zone, a resident by place; both are validated at the door."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal, Protocol

import shapely
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from channels.message import Lane
from channels.wire.robots import ADDRESS as ROBOT
from channels.wire.robots import NO_ADDRESS as NO_ROBOT
from channels.wire.ssrf import BadTarget, check_url
from geo.zone import ZoneSet
from warning.account import Account, Act, require
from warning.clock import Clock
from warning.dispatch.area import checked_area
from warning.dispatch.audience import Interest, reach
from warning.dispatch.kind import PERSONAL, Kinds, kind_of
from warning.dispatch.quiet import Quiet, quiet_of
from warning.dispatch.sector import Sector
from warning.errors import Invalid
from warning.level import Level

CELL_DEGREES = 0.01
"""A resident's place is kept as a cell of about 1 km, never as a point."""

_PHONE = re.compile(r"\+?[0-9]{8,15}")
_MAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_TOPIC = re.compile(r"[^#+\x00]{1,200}")
_TO_ALL = frozenset({"page", "spool", "cbc", "cbsp"})


LEAST_SECRET = 16
"""Characters of a secret that an office chooses itself: whoever sees one signed request may try words against it for as long as they like."""


def _not_guessed(secret: str) -> str:
    if 0 < len(secret) < LEAST_SECRET:
        raise ValueError(f"at least {LEAST_SECRET} characters, or leave it empty")
    return secret


WebhookSecret = Annotated[str, Field(max_length=200), AfterValidator(_not_guessed)]


class OfficeSubscription(BaseModel):
    """What an office wants: where (polygon or zone codes; neither = everywhere), which hazards, from which level on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100, description="the office or duty post, as it is called when it must answer")
    channel: str = Field(description="webhook, email, sms or mqtt")
    address: str = Field(default="", max_length=2000, description="where to: a URL, an e-mail address, a phone number, a topic; empty for mqtt = a topic of your own is made")
    secret: WebhookSecret = Field(default="", description="signs webhooks (HMAC-SHA-256): at least 16 characters; empty = not signed")
    hazards: tuple[str, ...] = Field(default=(), description="hazard keys such as rainstorm; empty and no sectors = every hazard")
    sectors: tuple[str, ...] = Field(default=(), description="sectors such as construction: the hazards that concern them, besides those named")
    min_level: str = Field(default="blue", description="blue, yellow, orange or red")
    zones: tuple[str, ...] = Field(default=(), description="zone codes, e.g. 310115; a city's code or the first digits of several stand for all inside")
    polygon: dict[str, object] | None = Field(default=None, description="GeoJSON Polygon or MultiPolygon, WGS 84")
    language: Literal["zh-CN", "en-US"] = Field(default="zh-CN")
    form: Literal["json", "cap"] = Field(default="json", description="what a program gets: our JSON with the CAP document inside, or that document itself")
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
    sectors: tuple[str, ...] = ()
    form: str = "json"


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
    sectors: tuple[str, ...] = ()


class Wish(Protocol):
    """A place, and what is wanted of it."""

    @property
    def hazards(self) -> tuple[str, ...]: ...

    @property
    def sectors(self) -> tuple[str, ...]: ...

    @property
    def min_level(self) -> str: ...

    @property
    def zones(self) -> tuple[str, ...]: ...

    @property
    def polygon(self) -> dict[str, object] | None: ...

    @property
    def lane(self) -> Lane | None: ...


class SubscriptionLedger(Protocol):
    async def add(self, entry: Entry, *, at: datetime | None = None) -> int: ...

    async def end(self, subscription_id: int, *, owner: str | None, by: str, at: datetime) -> None: ...

    async def held(self, owner: str | None) -> list[Held]: ...

    async def stop(self, channel: str, address: str) -> int: ...


class SubscriptionDesk:
    """Adds, lists and ends subscriptions; an office sees only its own."""

    def __init__(
        self, ledger: SubscriptionLedger, *, zones: ZoneSet, clock: Clock, hazards: Sequence[str], channels: Kinds,
        allow_private: bool, lane: Lane = "exercise", sectors: Mapping[str, Sector] | None = None,
    ) -> None:
        self._ledger = ledger
        self._zones = zones
        self._clock = clock
        self._hazards = frozenset(hazards)
        self._channels = dict(channels)
        self._allow_private = allow_private
        self._lane: Lane = lane
        self._sectors = dict(sectors or {})

    async def office(self, new: OfficeSubscription, *, account: Account) -> int:
        """Returns the id; the same subscription again returns the same id. Raises Invalid or NotAllowed."""
        return await self._ledger.add(await self.entry(new, account=account), at=self._clock.now())

    async def entry(self, new: OfficeSubscription, *, account: Account) -> Entry:
        """What would be stored of it. Raises Invalid or NotAllowed."""
        require(account, Act.SUBSCRIBE)
        lane = new.lane or self._lane
        address = new.address
        if not address and self._kind(new.channel) == "mqtt":
            address = f"{own_topic(lane, account)}/{re.sub('[/+#]', '-', new.name)}/{{issuer}}/{{hazard}}"
        self._check(new.channel, address, new.hazards)
        if account.role != "admin":
            self._own(new.channel, address, lane, account)
        return Entry(
            kind="office", lane=lane, name=new.name, owner=account.name, channel=new.channel, address=_one_form(self._kind(new.channel), address),
            secret=new.secret, language=new.language, hazards=self.hazards_of(new.hazards, new.sectors), min_level=_level(new.min_level),
            zones=self.zones_of(new.zones), polygon=None if new.polygon is None else checked_area(new.polygon, zones=self._zones), cell=None,
            district=None, escalates_to=await self._next(new.escalates_to, account), standby=new.standby, sectors=new.sectors, form=new.form,
        )

    def interest(self, wish: Wish, *, account: Account) -> tuple[Interest, Lane]:
        """What somebody who wished this would be told of, and in which lane. Raises Invalid or NotAllowed."""
        require(account, Act.SUBSCRIBE)
        drawn = None if wish.polygon is None else checked_area(wish.polygon, zones=self._zones)
        return Interest(
            subscription_id=0, hazards=self.hazards_of(wish.hazards, wish.sectors), min_level=_level(wish.min_level), zones=self.zones_of(wish.zones),
            polygon=None if drawn is None else shapely.geometry.shape(dict(drawn))), wish.lane or self._lane

    def zones_of(self, codes: Sequence[str]) -> tuple[str, ...]:
        """Who asks for a city asks for its districts, which are warned one by one. Raises Invalid."""
        for code in codes:
            if not any(zone.code.startswith(code) for zone in self._zones):
                raise Invalid(f"zones: {code!r} is no zone of this deployment; GET /api/zones.geojson lists them")
        known = [code for code in codes if code in self._zones.by_code]
        return tuple(sorted({*codes, *(reach(known, self._zones).codes if known else ())}))

    def hazards_of(self, hazards: Sequence[str], sectors: Sequence[str]) -> tuple[str, ...]:
        """Those named and those that concern the sectors; empty = every one. Raises Invalid."""
        self._known_hazards(hazards)
        for sector in sectors:
            if sector not in self._sectors:
                raise Invalid(f"sectors: {sector!r} is unknown; there is {', '.join(sorted(self._sectors)) or 'none'}")
        return tuple(dict.fromkeys([*hazards, *(one for sector in sectors for one in self._sectors[sector].hazards)]))

    def _own(self, channel: str, address: str, lane: Lane, account: Account) -> None:
        """What an office may not choose for itself: one-to-many ways out, and topics of ours that are not its own."""
        if self._kind(channel) in _TO_ALL:
            raise Invalid(f"channel: {channel!r} reaches everybody at once; choose another, or ask an admin")
        if self._kind(channel) in ("mqtt", "display", "loudspeaker") and address.startswith("xiaoxishu/") and not address.startswith(own_topic(lane, account) + "/"):
            raise Invalid(f"address: topics that begin with xiaoxishu/ are the engine's own; yours begin with {own_topic(lane, account)}/, or leave it empty")

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
        await self._ledger.end(subscription_id, owner=None if account.role == "admin" else account.name, by=account.name, at=self._clock.now())

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
        self._known_hazards(hazards)
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

    def _known_hazards(self, hazards: Sequence[str]) -> None:
        for hazard in hazards:
            if hazard not in self._hazards:
                raise Invalid(f"hazards: {hazard!r} is unknown; there is {', '.join(sorted(self._hazards))}")

    def _kind(self, channel: str) -> str:
        return kind_of(channel, self._channels)

    def _check_url(self, url: str) -> None:
        try:
            check_url(url, allow_private=self._allow_private)
        except BadTarget as error:
            raise Invalid(f"address: {error}") from error


def own_topic(lane: Lane, account: Account) -> str:
    """Under which the topics of an office lie; nobody else's subscription may name one."""
    return f"xiaoxishu/{lane}/office/{account.name}"


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
