"""The office desk: an office looks after its own subscriptions, pauses, tests and deliveries, and sees nobody else's."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid4

import shapely
from shapely.geometry.base import BaseGeometry

from geo.zone import ZoneSet
from warning.account import Account, Act, require
from warning.answer.call import token, token_hash
from warning.clock import Clock
from warning.dispatch.audience import Interest
from warning.dispatch.subscribe import LEAST_SECRET, Entry, OfficeSubscription, SubscriptionDesk
from warning.errors import Conflict, Invalid
from warning.level import Level
from warning.office.preview import Preview, preview
from warning.office.wish import Ahead, Changes, NewContact, NewPause
from warning.office.work import Attempt, AttemptFilter, KeptPause, Past, Post, Trial

YEAR = timedelta(days=365)
OVERLAP = timedelta(hours=24)
"""For how long a changed secret's predecessor signs too, when nothing else is said."""
LONGEST_PAUSE = timedelta(days=366)


class PostLedger(Protocol):
    """``owner`` None: an admin's look at everybody's. A number of somebody else's is NotFound, like one that does not exist."""

    async def posts(self, owner: str | None) -> list[Post]: ...

    async def post(self, number: int, *, owner: str | None) -> Post: ...

    async def stored(self, number: int, *, owner: str | None) -> Entry: ...

    async def replace(self, number: int, entry: Entry, *, by: str, at: datetime) -> None: ...

    async def set_contacts(self, number: int, wanted: Sequence[int | Entry], *, owner: str, by: str, at: datetime) -> None: ...

    async def set_secret(self, number: int, secret: str, *, overlap: timedelta, by: str, at: datetime) -> None: ...

    async def pause(self, number: int, new: NewPause, *, by: str, at: datetime) -> int: ...

    async def end_pause(self, pause_id: int, *, owner: str | None, by: str, at: datetime) -> None: ...

    async def pauses(self, owner: str | None, *, now: datetime) -> list[KeptPause]: ...

    async def archive(self, *, lane: str, since: datetime, until: datetime) -> list[Past]: ...

    async def strongest(self, events: Sequence[UUID]) -> dict[UUID, Level]: ...


class TrialAsking(Protocol):
    async def ask_trial(self, number: int, trial_id: UUID, token_hash: str, *, by: str, at: datetime) -> None: ...

    async def trials(self, number: int, *, owner: str | None) -> list[Trial]: ...

    async def answer_trial(self, token_hash: str, *, by: str, at: datetime) -> str: ...


class AttemptLedger(Protocol):
    async def attempts(self, owner: str | None, wanted: AttemptFilter) -> list[Attempt]: ...

    async def again(self, delivery_id: int, *, owner: str | None, now: datetime) -> None: ...


class Calls(Protocol):
    """The answer desk's door: whoever is called this moment is called by what was mended, at once."""

    async def renew_offices(self) -> None: ...


class OfficeDesk:
    """Every verb asks who acts; an office reaches its own only, an admin everybody's."""

    def __init__(
        self, ledger: PostLedger, trials: TrialAsking, attempts: AttemptLedger, subscriptions: SubscriptionDesk, *, zones: ZoneSet, clock: Clock,
        secret: str, calls: Calls,
    ) -> None:
        self._ledger = ledger
        self._trials = trials
        self._attempts = attempts
        self._subscriptions = subscriptions
        self._zones = zones
        self._clock = clock
        self._secret = secret
        self._calls = calls

    async def posts(self, *, account: Account) -> list[Post]:
        return await self._ledger.posts(_owner(account))

    async def post(self, number: int, *, account: Account) -> Post:
        return await self._ledger.post(number, owner=_owner(account))

    async def replace(self, number: int, new: OfficeSubscription, *, account: Account) -> None:
        """The whole anew; an empty address or secret stays as it is, because neither is ever shown in full.

        Channel and lane stay: messages under way, and ends of what was told there, belong to them. Raises Invalid, NotAllowed, NotFound, Conflict.
        """
        held = await self._ledger.stored(number, owner=_owner(account))
        if new.channel != held.channel:
            raise Invalid(f"channel: stays {held.channel}, ends of what was told there go there: make a new subscription and end this one")
        if (new.lane or held.lane) != held.lane:
            raise Invalid(f"lane: stays {held.lane}; make a new subscription for the other")
        if new.escalates_to == number:
            raise Invalid("escalates_to: another subscription than this one")
        kept = {"address": new.address or held.address, "secret": new.secret or held.secret, "lane": held.lane}
        # Who is called next is set by set_contacts: a form that does not speak of it leaves it alone.
        kept |= {field: getattr(held, field) for field in ("escalates_to", "standby") if field not in new.model_fields_set}
        entry = await self._subscriptions.entry(new.model_copy(update=kept), account=account)
        await self._ledger.replace(number, entry, by=account.name, at=self._clock.now())
        await self._calls.renew_offices()

    async def change(self, number: int, changes: Changes, *, account: Account) -> None:
        """Only what is named; the rest stays."""
        held = await self._ledger.stored(number, owner=_owner(account))
        whole = OfficeSubscription(
            name=held.name, channel=held.channel, address=held.address, sectors=held.sectors, min_level=held.min_level.key,
            hazards=() if "sectors" in changes.model_fields_set and "hazards" not in changes.model_fields_set else held.hazards,
            zones=held.zones, polygon=None if held.polygon is None else dict(held.polygon), language="en-US" if held.language == "en-US" else "zh-CN",
            form="cap" if held.form == "cap" else "json", lane=held.lane, escalates_to=held.escalates_to, standby=held.standby)
        named = {field: getattr(changes, field) for field in changes.model_fields_set}
        await self.replace(number, OfficeSubscription.model_validate({**whole.model_dump(), **named}), account=account)

    async def set_contacts(self, number: int, wanted: Sequence[NewContact], *, account: Account) -> Post:
        """Who is called after it, in this order, when the one before does not answer; those left out are ended."""
        held = await self._ledger.stored(number, owner=_owner(account))
        contacts: list[int | Entry] = []
        for at, one in enumerate(wanted):
            if one.id is not None:
                contacts.append((await self._ledger.post(one.id, owner=held.owner)).id)
                continue
            try:
                contacts.append(await self._subscriptions.entry(OfficeSubscription(
                    name=one.name, channel=one.channel, address=one.address, secret=one.secret, hazards=held.hazards, min_level=held.min_level.key,
                    zones=held.zones, polygon=None if held.polygon is None else dict(held.polygon), lane=held.lane, standby=True,
                    language="en-US" if held.language == "en-US" else "zh-CN"), account=account))
            except Invalid as error:
                raise Invalid(f"contacts.{at}.{error}") from error
        numbers = [one for one in contacts if isinstance(one, int)]
        if number in numbers or len(set(numbers)) < len(numbers):
            raise Invalid("contacts: each one once, and not the subscription itself")
        await self._ledger.set_contacts(number, contacts, owner=held.owner, by=account.name, at=self._clock.now())
        await self._calls.renew_offices()
        return await self._ledger.post(number, owner=_owner(account))

    async def new_secret(self, number: int, secret: str, *, overlap: timedelta = OVERLAP, account: Account) -> str:
        """A secret of the office's own or a fresh one; returned once. The one before signs too for as long as ``overlap``, so nothing is refused."""
        held = await self._ledger.stored(number, owner=_owner(account))
        if 0 < len(secret) < LEAST_SECRET:
            raise Invalid(f"secret: at least {LEAST_SECRET} characters, or leave it empty and a good one is made")
        fresh = secret or secrets.token_urlsafe(32)
        if fresh == held.secret:
            raise Invalid("secret: is the present one; choose another")
        await self._ledger.set_secret(number, fresh, overlap=overlap, by=account.name, at=self._clock.now())
        return fresh

    async def pause(self, number: int, new: NewPause, *, account: Account) -> int:
        """From–to, and who is told instead. Raises Invalid, NotFound, Conflict where two pauses overlap."""
        now = self._clock.now()
        held = await self._ledger.stored(number, owner=_owner(account))
        if new.ends_at <= new.starts_at or new.ends_at <= now:
            raise Invalid("ends_at: later than starts_at and than now")
        if new.ends_at - new.starts_at > LONGEST_PAUSE:
            raise Invalid("ends_at: a pause lasts a year at most; end the subscription instead")
        if new.cover is not None:
            if new.cover == number:
                raise Invalid("cover: another subscription than the one that pauses")
            cover = await self._ledger.stored(new.cover, owner=held.owner)
            if cover.lane != held.lane:
                raise Invalid(f"cover: subscription {new.cover} is for the lane {cover.lane}, this one for {held.lane}; it would not be told")
        made = await self._ledger.pause(number, new, by=account.name, at=now)
        await self._calls.renew_offices()
        return made

    async def end_pause(self, pause_id: int, *, account: Account) -> None:
        await self._ledger.end_pause(pause_id, owner=_owner(account), by=account.name, at=self._clock.now())
        await self._calls.renew_offices()

    async def pauses(self, *, account: Account) -> list[KeptPause]:
        """Those that hold or are to come."""
        return await self._ledger.pauses(_owner(account), now=self._clock.now())

    async def preview(self, ahead: Ahead, *, account: Account) -> Preview:
        """What such a subscription would have been told in the last year; nothing is stored."""
        interest, lane = self._subscriptions.interest(ahead, account=account)
        now = self._clock.now()
        archive = await self._ledger.archive(lane=lane, since=now - YEAR, until=now)
        return await asyncio.to_thread(preview, interest, archive, self._zones)

    async def preview_of(self, number: int, *, account: Account) -> Preview:
        """The same for one that is stored."""
        held = await self._ledger.stored(number, owner=_owner(account))
        now = self._clock.now()
        archive = await self._ledger.archive(lane=held.lane, since=now - YEAR, until=now)
        return await asyncio.to_thread(preview, interest_of(held, number), archive, self._zones)

    async def following(self, number: int, *, account: Account) -> Interest:
        """What it asked for, as dispatch reads it: for those who pull instead of being sent."""
        return interest_of(await self._ledger.stored(number, owner=_owner(account)), number)

    async def strongest(self, events: Sequence[UUID]) -> dict[UUID, Level]:
        """The highest level of each event's versions: who was told at orange is told of the change to blue."""
        return await self._ledger.strongest(events)

    async def test(self, number: int, *, account: Account) -> UUID:
        """Ask for a test message; a worker sends it within seconds. Raises NotFound, TooMany."""
        await self._ledger.stored(number, owner=_owner(account))
        trial_id = uuid4()
        await self._trials.ask_trial(number, trial_id, token_hash(token(self._secret, trial_id)), by=account.name, at=self._clock.now())
        return trial_id

    async def tests(self, number: int, *, account: Account) -> list[Trial]:
        """Newest first."""
        return await self._trials.trials(number, owner=_owner(account))

    async def answer_test(self, word: str, *, by: str) -> str:
        """The name of the subscription whose test was answered. Raises NotFound, Conflict."""
        return await self._trials.answer_trial(token_hash(word), by=by, at=self._clock.now())

    async def attempts(self, wanted: AttemptFilter, *, account: Account) -> list[Attempt]:
        return await self._attempts.attempts(_owner(account), wanted)

    async def again(self, delivery_id: int, *, account: Account) -> None:
        """Send it once more, under the same key; a receiver that has it already may leave it out by that."""
        if delivery_id <= 0:
            raise Conflict("a test is asked for anew, not sent again")
        await self._attempts.again(delivery_id, owner=_owner(account), now=self._clock.now())


def interest_of(entry: Entry, number: int = 0) -> Interest:
    """A stand-in's own place counts here as if it were told at once."""
    shape: BaseGeometry | None = None if entry.polygon is None else shapely.geometry.shape(dict(entry.polygon))
    return Interest(subscription_id=number, hazards=entry.hazards, min_level=entry.min_level, zones=entry.zones, polygon=shape)


def _owner(account: Account) -> str | None:
    require(account, Act.SUBSCRIBE)
    return None if account.role == "admin" else account.name
