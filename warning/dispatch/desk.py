"""The dispatch desk: works out the audience, sends batches, and believes nothing but receipts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import shapely
import structlog
from shapely.geometry.base import BaseGeometry
from sqlalchemy.exc import SQLAlchemyError

from channels.message import Message, Outcome, Reason, Receipt, Reports, Stamp
from channels.port import ChannelSender
from geo.zone import ZoneSet
from warning.account import Account, Act, require
from warning.clock import Clock
from warning.dispatch.audience import Offices, Reach, concerned, must_answer, own_ground, reach
from warning.dispatch.delivery import RetryPolicy, Step, after_receipt
from warning.dispatch.flash import FlashTo, flashes
from warning.dispatch.gate import Gates
from warning.dispatch.kind import SIGNED_ONLY, Kinds, kind_of
from warning.dispatch.late import Inbox, LateLedger
from warning.dispatch.letter import filled, letter
from warning.dispatch.mass.pace import Pace, first_pace
from warning.dispatch.mass.work import Place
from warning.dispatch.refuge import Refuge
from warning.dispatch.work import Hand, StoredAlert, Work
from warning.errors import Invalid

log = structlog.get_logger()

_MOST = 500
"""Of a channel that is not there: nothing will leave."""


class DispatchLedger(Protocol):
    async def alert(self, identifier: str) -> StoredAlert: ...

    async def offices(self, lane: str) -> Offices: ...

    async def expand(
        self, alert: StoredAlert, *, in_area: Sequence[int], matching: Sequence[int], batch_sizes: Mapping[str, int], now: datetime
    ) -> bool: ...

    async def waiting_before(self, alert: StoredAlert) -> list[str]: ...

    async def renew(self, batch_id: int, policy: RetryPolicy) -> None: ...

    async def batch_of(self, batch_id: int) -> tuple[str, str, int]: ...

    async def postpone(self, batch_id: int, *, priority: int, after_s: float) -> None: ...

    async def claim(
        self, batch_id: int, alert: StoredAlert, channel: str, *, after: int, most: int, now: datetime, policy: RetryPolicy
    ) -> Hand: ...

    async def record(
        self, alert: StoredAlert, channel: str, batch_id: int, steps: Mapping[int, Step], *, priority: int | None, now: datetime
    ) -> None: ...

    async def late(self, receipts: Sequence[Receipt]) -> list[Receipt]: ...

    async def ended(self, stamps: Collection[Stamp]) -> set[str]: ...

    async def retry(self, delivery_ids: Sequence[int]) -> int: ...

    async def skip(
        self, delivery_ids: Sequence[int], crowd_ids: Sequence[int], *, only: str, who: str, reason: str, at: datetime
    ) -> int: ...

    async def concerning(self, delivery_ids: Sequence[int]) -> list[tuple[str, tuple[str, ...]]]: ...

    async def cells_inside(self, ground: BaseGeometry) -> list[str]: ...

    async def districts_of(self, cells: Sequence[str]) -> list[str]: ...


class Mass(Protocol):
    """The mass lane: everybody who is neither an office nor a broadcast."""

    def attach(self, channel: str, sender: ChannelSender) -> None: ...

    async def expand(self, alert: StoredAlert, place: Place, *, may_wait: bool) -> None: ...

    async def take(self, receipts: Sequence[Receipt]) -> tuple[list[Receipt], list[Receipt]]: ...

    async def retry(self, crowd_ids: Sequence[int]) -> int: ...

    async def concerning(self, crowd_ids: Sequence[int]) -> list[tuple[str, tuple[str, ...]]]: ...


class Calls(Protocol):
    """The answer desk's door: opens calls by plan, and gives back answer links."""

    async def open(self, alert: StoredAlert, codes: frozenset[str]) -> int: ...

    async def open_offices(self, alert: StoredAlert) -> int: ...

    async def call(self, identifier: str, subscription_ids: Sequence[int]) -> dict[int, str]: ...


class Refuges(Protocol):
    """Where people can go, near a place."""

    def near(self, ground: BaseGeometry, /, *, hazard: str) -> Sequence[Refuge]: ...


class DispatchDesk:
    """Runs in every worker. Its verbs are idempotent: what is due is read from the ledger each time."""

    def __init__(
        self, ledger: DispatchLedger, senders: Mapping[str, ChannelSender], *, mass: Mass, calls: Calls, clock: Clock, zones: ZoneSet,
        policy: RetryPolicy, batch_sizes: Mapping[str, int], kinds: Kinds, refuges: Refuges, signed_only: bool = False,
        gates: Gates | None = None, flash: Mapping[str, FlashTo] | None = None, apart: Mapping[str, LateLedger] | None = None,
    ) -> None:
        """``apart``: who waits for the late receipts of messages that are no deliveries, by how their keys begin."""
        self._apart = apart or {}
        self._flash = flash or {}
        self._ledger = ledger
        self._mass = mass
        self._senders = dict(senders)
        self._calls = calls
        self._clock = clock
        self._zones = zones
        self._policy = policy
        self._batch_sizes = batch_sizes
        self._kinds = kinds
        self._refuges = refuges
        self._signed_only = signed_only
        self._gates = Gates() if gates is None else gates
        self._inbox = Inbox()
        self.strays = 0
        """Late receipts that fitted nothing, since this process began."""
        self._paces: dict[str, Pace] = {}

    def attach(self, channel: str, sender: ChannelSender) -> None:
        """Give the desk a way out, under the word that subscriptions use."""
        self._senders[channel] = sender
        self._mass.attach(channel, sender)

    def gate(self, channel: str, closed_for: Callable[[], float]) -> None:
        """A channel that can say for how many seconds nothing can leave: meanwhile its messages stay in the ledger, untried."""
        self._gates.watch(channel, closed_for)

    async def expand(self, identifier: str, *, may_wait: bool = True) -> None:
        """Alert → a delivery for each broadcast and office, then residents in batches; an earlier version of the event comes first, and whole."""
        alert = await self._ledger.alert(identifier)
        for earlier in await self._ledger.waiting_before(alert):
            await self.expand(earlier, may_wait=False)
        where = self._reach(alert)
        now = self._clock.now()
        await self._calls.open(alert, where.codes)  # before anything else: who must act is called within seconds
        asked, matching = concerned(await self._ledger.offices(alert.lane), where, hazard=alert.hazard, level=alert.level, now=now)
        if await self._ledger.expand(alert, in_area=asked, matching=matching, batch_sizes=self._batch_sizes, now=now):
            await self._calls.open_offices(alert)
            await self._mass.expand(alert, await self._place(alert, where), may_wait=may_wait)

    async def _place(self, alert: StoredAlert, where: Reach) -> Place:
        """Residents are matched by district, or by coarse cell when the alert has a polygon of its own."""
        if alert.polygon is None:
            return Place(districts=tuple(sorted(where.codes)), cells=None)
        cells = await self._ledger.cells_inside(where.ground)
        return Place(districts=tuple(await self._ledger.districts_of(cells)), cells=tuple(cells))

    async def send(self, batch_id: int) -> None:
        """Claim what is due of a batch and hand it to the channel, piece by piece: each is written down before the next is claimed."""
        identifier, channel, priority = await self._ledger.batch_of(batch_id)
        alert = await self._ledger.alert(identifier)
        policy = self._gates.policy(channel, self._policy)
        after: int | None = 0
        while after is not None:
            pause = self._gates.pause(channel, now=self._clock.now(), expires=alert.expires)
            if pause:
                await self._ledger.postpone(batch_id, priority=priority, after_s=pause)
                return
            hand = await self._ledger.claim(
                batch_id, alert, channel, after=after, most=self._pace(channel).size, now=self._clock.now(), policy=policy)
            after = hand.after
            receipts: Sequence[Receipt] = ()
            took = 0.0
            if hand.works:
                began = self._clock.monotonic()
                async with self._holding(batch_id):
                    receipts = await self._hand_over(alert, channel, hand.works)
                took = self._clock.monotonic() - began
                self._paces[channel] = self._pace(channel).after(len(hand.works), took)
            now = self._clock.now()
            attempts = {work.delivery_id: work.attempts for work in hand.works}
            steps = {}
            for receipt in receipts:
                delivery_id = int(receipt.key.rsplit(".", 1)[-1])
                steps[delivery_id] = after_receipt(
                    receipt if receipt.seconds is not None else replace(receipt, seconds=took), attempts=attempts[delivery_id], now=now, expires=alert.expires, policy=policy)
            await self._ledger.record(
                alert, channel, batch_id, steps, priority=priority if after is None else None, now=now)

    def _pace(self, channel: str) -> Pace:
        sender = self._senders.get(channel)
        return self._paces.get(channel) or first_pace(_MOST if sender is None else sender.limits.batch)

    async def _hand_over(self, alert: StoredAlert, channel: str, works: Sequence[Work]) -> list[Receipt]:
        """One receipt per work. A text that cannot be made to fit fails its own recipients and nobody else."""
        links = await self._links(alert, works)
        refuges = await self._near(alert, list(links))
        messages: list[Message] = []
        refused: list[Receipt] = []
        for work in works:
            try:
                messages.append(self._message(alert, channel, work, links.get(work.subscription_id, ""), refuges.get(work.subscription_id, ())))
            except Invalid as error:
                refused.append(Receipt(
                    key=_key(alert, work), outcome=Outcome.REJECTED, at=self._clock.now(), reason=Reason.TOO_LONG, evidence=str(error)))
        sender = self._senders.get(channel)
        if self._signed_only and alert.signed_xml is None and kind_of(channel, self._kinds) in SIGNED_ONLY:
            return [*refused, *(_unsigned(message, alert, self._clock.now()) for message in messages)]
        if sender is None:
            return [*refused, *(_no_channel(message, self._clock.now()) for message in messages)]
        if not messages:
            return refused
        try:
            return [*refused, *await sender.send(messages)]
        except Exception as error:
            log.exception("a channel failed unexpectedly", channel=channel, batch=len(messages))
            return [*refused, *(_unanswered(message, error, self._clock.now()) for message in messages)]

    @asynccontextmanager
    async def _holding(self, batch_id: int) -> AsyncIterator[None]:
        """Renew the lease while a slow channel works, so that only a dead worker's batch is taken over."""
        async def renewing() -> None:
            while True:
                await asyncio.sleep(self._policy.lease.total_seconds() / 3)
                try:
                    await self._ledger.renew(batch_id, self._policy)
                except SQLAlchemyError as error:
                    log.warning("a lease could not be renewed", batch=batch_id, error=type(error).__name__)

        task = asyncio.create_task(renewing(), name=f"lease of batch {batch_id}")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def on_receipt(self, receipt: Receipt) -> None:
        """A receipt that came after the answer; written with others in ``flush``."""
        self._inbox.put([receipt])

    async def on_reports(self, reports: Sequence[Reports]) -> None:
        """Receipts of many messages that came after their answers."""
        for group in reports:
            self._inbox.put(group.singly())

    async def prove(self, receipts: Sequence[Receipt]) -> set[str] | None:
        """Late receipts of offices and broadcasts, written before it returns; the gateway's ids of those that have their end. None: not written."""
        try:
            await self._ledger.late(receipts)
            return await self._ledger.ended({receipt.stamp for receipt in receipts})
        except SQLAlchemyError as error:
            log.warning("answers wait for the database", count=len(receipts), error=type(error).__name__)
            return None

    async def flush(self, *, last: bool = False) -> None:
        """Write the late receipts that have come in; kept and tried again when the database is away, or when one may still fit (``last``: no more)."""
        batch = self._inbox.take(everything=last)
        if not batch:
            return
        try:
            missed = await self._written([kept.receipt for kept in batch])
        except SQLAlchemyError as error:
            self._inbox.put_back(batch)
            log.warning("late receipts wait for the database", count=len(batch), error=type(error).__name__)
            return
        strays = self._inbox.keep(batch, missed, last=last)
        if strays:
            self.strays += strays
            log.info("receipts for unknown or settled deliveries", count=strays)

    async def _written(self, batch: Sequence[Receipt]) -> list[Receipt]:
        """Each to whoever waits for its key; one without a key to everybody in turn, until it fits. Those that fitted nothing."""
        apart = tuple(self._apart)
        missed, others = await self._mass.take([one for one in batch if not one.key.startswith(apart)])
        missed += await self._ledger.late(others) if others else []
        for begins, ledger in self._apart.items():
            theirs = [one for one in batch if one.key.startswith(begins)] + [one for one in missed if not one.key]
            if theirs:
                missed = [one for one in missed if one.key] + await ledger.late(theirs)
        return missed

    async def keep_flushing(self, *, every_s: float = 0.25) -> None:
        """Flush until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            await self.flush()

    async def retry(self, delivery_ids: Sequence[int], *, crowd_ids: Sequence[int] = (), account: Account) -> int:
        """An operator presses retry, for alerts of his own hazards and area; returns how many people or posts are tried again."""
        await self._may_operate(delivery_ids, crowd_ids, account)
        return await self._ledger.retry(delivery_ids) + await self._mass.retry(crowd_ids)

    async def skip(
        self, delivery_ids: Sequence[int], *, crowd_ids: Sequence[int] = (), only: str = "", reason: str, account: Account
    ) -> int:
        """An operator decides that nothing more is done about failures (``only`` of one kind): with a reason, in the ledger and the audit."""
        await self._may_operate(delivery_ids, crowd_ids, account)
        if not reason.strip():
            raise Invalid("reason: say why nobody tries again; whoever looks later reads it")
        return await self._ledger.skip(
            delivery_ids, crowd_ids, only=only, who=account.name, reason=reason.strip(), at=self._clock.now())

    async def _may_operate(self, delivery_ids: Sequence[int], crowd_ids: Sequence[int], account: Account) -> None:
        require(account, Act.OPERATE)
        for hazard, zones in [*await self._ledger.concerning(delivery_ids), *await self._mass.concerning(crowd_ids)]:
            require(account, Act.OPERATE, hazard=hazard, zones=zones)

    def _reach(self, alert: StoredAlert) -> Reach:
        polygon = None if alert.polygon is None else shapely.geometry.shape(alert.polygon)
        return reach(alert.zones, self._zones, polygon)

    async def _links(self, alert: StoredAlert, works: Sequence[Work]) -> dict[int, str]:
        posts = [work.subscription_id for work in works if must_answer(kind=work.kind, role=work.role, level=alert.level)]
        return await self._calls.call(alert.identifier, posts) if posts else {}

    async def _near(self, alert: StoredAlert, posts: Sequence[int]) -> dict[int, Sequence[Refuge]]:
        """For each post that must answer: where people can go, near that part of its own ground that is warned."""
        if not posts:
            return {}
        where = self._reach(alert)
        asked = {one.subscription_id: one for one in (await self._ledger.offices(alert.lane)).interests}
        return {post: self._refuges.near(own_ground(asked[post], where, self._zones), hazard=alert.hazard) for post in posts if post in asked}

    def _message(self, alert: StoredAlert, channel: str, work: Work, link: str, refuges: Sequence[Refuge]) -> Message:
        sender = self._senders.get(channel)
        return letter(
            alert, kind=kind_of(channel, self._kinds), key=_key(alert, work),
            address=filled(work.address, alert) if work.kind == "broadcast" or kind_of(channel, self._kinds) == "mqtt" else work.address,
            language=work.language, role=work.role, room=sender.limits.max_chars if sender else None, link=link, secret=work.secret,
            former_secret=work.former_secret, form=work.form, refuges=refuges,
            flash=flashes(self._flash.get(channel, "duty"), kind=work.kind, role=work.role, level=alert.level, status=alert.status))


def _key(alert: StoredAlert, work: Work) -> str:
    """The same on every attempt; another one for who was told of a change and is called for it afterwards (store/calling)."""
    return f"{alert.identifier}.ask.{work.delivery_id}" if work.role == "call" else f"{alert.identifier}.{work.delivery_id}"


def _no_channel(message: Message, now: datetime) -> Receipt:
    return Receipt(key=message.key, outcome=Outcome.RETRY, at=now, reason=Reason.UNREACHABLE,
                   evidence="this worker has no such channel: name it under channels: in the settings")


def _unsigned(message: Message, alert: StoredAlert, now: datetime) -> Receipt:
    return Receipt(key=message.key, outcome=Outcome.RETRY, at=now, reason=Reason.UNSIGNED,
                   evidence=alert.signing_fault or "this alert was issued before documents were signed")


def _unanswered(message: Message, error: Exception, now: datetime) -> Receipt:
    return Receipt(key=message.key, outcome=Outcome.UNKNOWN, at=now, reason=Reason.TIMEOUT,
                   evidence=f"the channel failed while sending: {type(error).__name__}")
