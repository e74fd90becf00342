"""Registration: a resident proves an address by a code before anything is stored, changed or read; replies STOP and LIST are answered.

The same answer is given whether or not an address is known, so nobody can ask who is registered. A browser's push subscription is its own
proof: its endpoint is a secret of that browser (RFC 8030 §8.1).
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID, uuid4

import structlog

from channels.message import Lane, Reply
from geo.zone import Zone, ZoneSet
from warning.account import token_hash
from warning.clock import Clock
from warning.dispatch.saying import (
    JOIN,
    LIST,
    STOP,
    Names,
    PlaceHeld,
    code_text,
    done_text,
    list_text,
    stopped_text,
    unknown_place_text,
)
from warning.dispatch.subscribe import Entry, ResidentSubscription, SubscriptionDesk
from warning.dispatch.word import NewWord
from warning.errors import Invalid, NotFound

log = structlog.get_logger()

CODE_LIVES: Final = timedelta(minutes=10)
PASS_LIVES: Final = timedelta(minutes=15)
TRIES: Final = 5
CODES_PER_HOUR: Final = 3
WORDS_PER_HOUR: Final = 8
"""Answers to one address: two programs that answer each other soon fall silent."""
_WRONG: Final = "code: it is wrong, or its time is over; after five tries ask for a new one"
_NO_PASS: Final = "pass: its fifteen minutes are over, or it is unknown; ask for a new code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What waits for its code. Addresses are plain here and sealed in the ledger."""

    request: UUID
    entry: Entry
    following: Entry | None
    code_hash: str
    next_hash: str
    at: datetime
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """``request`` stands beside the code when it is confirmed."""

    request: UUID
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """An address that somebody has proven to read."""

    lane: Lane
    channel: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """After a code: what is registered for the address, and the ``word`` that opens it for a quarter of an hour."""

    id: int
    word: str
    places: Sequence[PlaceHeld]


class RegistrationLedger(Protocol):
    async def begin(self, pending: Pending, words: Sequence[NewWord], *, since: datetime, most: int) -> None: ...

    async def tried(self, request: UUID, *, now: datetime, most: int) -> Pending | None: ...

    async def confirmed(self, request: UUID, *, pass_hash: str, now: datetime, until: datetime) -> bool: ...

    async def newest(self, channels: Sequence[str], address: str, *, now: datetime) -> UUID | None: ...

    async def opened_by(self, pass_hash: str, *, now: datetime) -> Whose | None: ...

    async def places(self, channels: Sequence[str], address: str, *, lane: Lane | None) -> list[PlaceHeld]: ...

    async def end(self, channels: Sequence[str], address: str, *, lane: Lane, place: int) -> int: ...

    async def say(self, word: NewWord, *, since: datetime, most: int) -> bool: ...


class RegistrationDesk:
    """Its verbs are asked by the web server (the page, the API) and by the channels (replies)."""

    def __init__(
        self, ledger: RegistrationLedger, subscriptions: SubscriptionDesk, *, secret: str, others: Sequence[str], clock: Clock, zones: ZoneSet, hazards: Names,
        kinds: Mapping[str, str], public_url: str, lane: Lane,
    ) -> None:
        self._ledger = ledger
        self._subscriptions = subscriptions
        self._secrets = [hashlib.sha256(f"xiaoxishu codes {one}".encode()).digest() for one in (secret, *others)]
        self._clock = clock
        self._zones = zones
        self._names = {zone.code: (zone.name_zh, zone.name_en) for zone in zones}
        self._hazards = hazards
        self._kinds = dict(kinds)
        self._public_url = public_url
        self._lane: Lane = lane

    async def ask(self, new: ResidentSubscription) -> Asked | int:
        """Begin a registration or a change: a code is on its way (``Asked``). A push subscription is stored at once: its number."""
        entry, following = self._subscriptions.wish(new)
        if self._kinds.get(new.channel) == "webpush" and following is None:
            return await self._subscriptions.keep(entry, None)
        return await self._begin(entry, following)

    async def _begin(self, entry: Entry, following: Entry | None) -> Asked:
        now, request = self._clock.now(), uuid4()
        expires = now + CODE_LIVES
        codes = [_new_code() for one in (entry, following) if one is not None]
        words = [_word(one, code_text(code, one.language), now, expires)
                 for one, code in zip((entry, following), codes, strict=False) if one is not None]
        if self._kinds.get(entry.channel) == "webpush":  # the browser is its own proof, the next channel is not
            codes, words = ["", *codes[1:]], words[1:]
        await self._ledger.begin(
            Pending(request=request, entry=entry, following=following, code_hash=self._hash(request, codes[0]) if codes[0] else "",
                    next_hash=self._hash(request, codes[1]) if len(codes) > 1 else "", at=now, expires=expires),
            words, since=now - timedelta(hours=1), most=CODES_PER_HOUR)
        return Asked(request=request, expires=expires)

    async def confirm(self, request: UUID, *, code: str, next_code: str = "") -> Proven:
        """The code (and that of the next channel) came back: the wish is stored. Raises Invalid, the same whatever was wrong."""
        now = self._clock.now()
        pending = await self._ledger.tried(request, now=now, most=TRIES)
        if pending is None or not (self._fits(request, code, pending.code_hash) and self._fits(request, next_code, pending.next_hash)):
            raise Invalid(_WRONG)
        word = secrets.token_urlsafe(24)
        if not await self._ledger.confirmed(request, pass_hash=token_hash(word), now=now, until=now + PASS_LIVES):
            raise Invalid(_WRONG)
        number = await self._subscriptions.keep(pending.entry, pending.following)
        log.info("a resident's address is proven", channel=pending.entry.channel)
        return Proven(id=number, word=word, places=await self._places(pending.entry))

    async def places(self, word: str) -> list[PlaceHeld]:
        """What is registered for the address whose code gave this word. Raises NotFound."""
        return await self._places(await self._whose(word))

    async def end(self, word: str, place: int) -> list[PlaceHeld]:
        """End one place (0 = all of them); what is left."""
        whose = await self._whose(word)
        await self._ledger.end(self._subscriptions.alike(whose.channel), whose.address, lane=whose.lane, place=place)
        return await self._places(whose)

    async def places_of_browser(self, channel: str, address: str) -> list[PlaceHeld]:
        """What is registered for a push subscription, shown by the browser that holds it."""
        return await self._places(self._browser(channel, address))

    async def end_of_browser(self, channel: str, address: str, place: int) -> list[PlaceHeld]:
        whose = self._browser(channel, address)
        await self._ledger.end([channel], address, lane=whose.lane, place=place)
        return await self._places(whose)

    async def reply(self, reply: Reply) -> bool:
        """A text that came back: STOP, LIST, JOIN and a place, or a code; False when it is none of these."""
        text = reply.text.strip().strip("“”\"'。.!！").upper()
        places = await self._ledger.places(self._subscriptions.alike(reply.channel), self._one_form(reply), lane=None)
        language = places[0].language if places else "en-US" if text.isascii() and not text.isdecimal() and text not in ("TD", "T", "CX") else "zh-CN"
        if text in STOP:
            ended = await self._subscriptions.stop(reply.channel, reply.address)
            log.info("a subscriber said stop", channel=reply.channel, ended=ended)
            await self._answer(reply, stopped_text(ended, language), language)
        elif text in LIST:
            await self._answer(reply, list_text(places, language, zones=self._names, hazards=self._hazards), language)
        elif text.isdecimal() and len(text) == 6:
            await self._confirmed_by_reply(reply, text)
        elif (name := _after_join(text)) is not None:
            await self._join(reply, name, language)
        else:
            return False
        return True

    async def _confirmed_by_reply(self, reply: Reply, code: str) -> None:
        request = await self._ledger.newest(self._subscriptions.alike(reply.channel), self._one_form(reply), now=self._clock.now())
        if request is None:
            return
        try:
            proven = await self.confirm(request, code=code)
        except Invalid:
            log.info("a code that came back does not fit", channel=reply.channel)
            return
        made = next(place for place in proven.places if place.id == proven.id)
        await self._answer(reply, done_text(made, zones=self._names, hazards=self._hazards), made.language)

    async def _join(self, reply: Reply, name: str, language: str) -> None:
        """A number may be forged on its way here, so a text that asks to join is answered with a code as well."""
        zone = self._named(name)
        if zone is None:
            await self._answer(reply, unknown_place_text(language, url=self._public_url), language)
            return
        middle = zone.geometry.representative_point()
        entry, _ = self._subscriptions.wish(ResidentSubscription(
            channel=reply.channel, address=reply.address, lat=middle.y, lon=middle.x, language="en-US" if language == "en-US" else "zh-CN"))
        await self._begin(entry, None)

    def _named(self, name: str) -> Zone | None:
        found = [zone for zone in self._zones if zone.level != "city" and name in (zone.code, zone.name_zh, zone.name_en.upper())]
        return found[0] if len(found) == 1 else None

    async def _answer(self, reply: Reply, said: tuple[str, str], language: str) -> None:
        now = self._clock.now()
        subject, text = said
        await self._ledger.say(
            NewWord(lane=self._lane, channel=reply.channel, address=self._one_form(reply), subject=subject, text=text, language=language,
                    at=now, expires=now + CODE_LIVES), since=now - timedelta(hours=1), most=WORDS_PER_HOUR)

    async def _whose(self, word: str) -> Whose:
        found = await self._ledger.opened_by(token_hash(word), now=self._clock.now()) if word else None
        if found is None:
            raise NotFound(_NO_PASS)
        return found

    async def _places(self, whose: Whose | Entry) -> list[PlaceHeld]:
        return await self._ledger.places(self._subscriptions.alike(whose.channel), whose.address, lane=whose.lane)

    def _browser(self, channel: str, address: str) -> Whose:
        if self._kinds.get(channel) != "webpush":
            raise Invalid(f"channel: {channel!r} is not proven by its address; ask for a code")
        return Whose(lane=self._lane, channel=channel, address=address)

    def _one_form(self, reply: Reply) -> str:
        return self._subscriptions.one_form(reply.channel, reply.address)

    def _hash(self, request: UUID, code: str) -> str:
        return _code_hash(self._secrets[0], request, code)

    def _fits(self, request: UUID, code: str, kept: str) -> bool:
        return not kept or any(hmac.compare_digest(_code_hash(one, request, code.strip()), kept) for one in self._secrets)


def _code_hash(secret: bytes, request: UUID, code: str) -> str:
    return hmac.new(secret, f"{request}|{code}".encode(), hashlib.sha256).hexdigest()


def _new_code() -> str:
    return f"{secrets.randbelow(10**6):06d}"


def _word(entry: Entry, said: tuple[str, str], at: datetime, expires: datetime) -> NewWord:
    subject, text = said
    return NewWord(lane=entry.lane, channel=entry.channel, address=entry.address, subject=subject, text=text, language=entry.language,
                   at=at, expires=expires)


def _after_join(text: str) -> str | None:
    for begins in JOIN:
        if text.startswith(begins):
            return text.removeprefix(begins).strip() or None
    return None
