"""The dispatch desk: works out the audience, sends batches, and believes nothing but receipts."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import lru_cache
from typing import Literal, Protocol

import shapely
import structlog
from shapely.geometry.base import BaseGeometry
from sqlalchemy.exc import SQLAlchemyError

from channels.message import Message, Outcome, Reason, Receipt, Reports
from channels.port import ChannelSender
from geo.zone import ZoneSet
from warning.account import Account, Act, require
from warning.cap import Alert
from warning.capxml import read
from warning.clock import Clock
from warning.dispatch.audience import Offices, Reach, in_area, must_answer, reach, wants
from warning.dispatch.compose import Composed, compose
from warning.dispatch.delivery import RetryPolicy, Step, after_receipt
from warning.dispatch.kind import MACHINES, SIGNED_ONLY, WITH_LINK, Kinds, kind_of, personal
from warning.dispatch.work import StoredAlert, Work
from warning.errors import Invalid

log = structlog.get_logger()


class DispatchLedger(Protocol):
    async def alert(self, identifier: str) -> StoredAlert: ...

    async def offices(self, lane: str) -> Offices: ...

    async def expand(
        self, alert: StoredAlert, *, in_area: Sequence[int], matching: Sequence[int], codes: Sequence[str],
        cells: Sequence[str] | None, batch_sizes: Mapping[str, int], personal: Collection[str], now: datetime,
    ) -> bool: ...

    async def waiting_before(self, alert: StoredAlert) -> list[str]: ...

    async def renew(self, batch_id: int, policy: RetryPolicy) -> None: ...

    async def batch_of(self, batch_id: int) -> tuple[str, str, int]: ...

    async def claim(
        self, batch_id: int, alert: StoredAlert, channel: str, *, now: datetime, policy: RetryPolicy
    ) -> list[Work]: ...

    async def record(
        self, alert: StoredAlert, channel: str, batch_id: int, steps: Mapping[int, Step], *, priority: int, now: datetime
    ) -> None: ...

    async def late(self, receipts: Sequence[Receipt]) -> int: ...

    async def retry(self, delivery_ids: Sequence[int]) -> int: ...

    async def concerning(self, delivery_ids: Sequence[int]) -> list[tuple[str, tuple[str, ...]]]: ...

    async def cells_inside(self, ground: BaseGeometry) -> list[str]: ...


class Calls(Protocol):
    """The answer desk's door: opens callouts and gives back answer links."""

    async def call(self, identifier: str, posts: Sequence[tuple[int, str]]) -> dict[int, str]: ...


class DispatchDesk:
    """Runs in every worker. Its verbs are idempotent: what is due is read from the ledger each time."""

    def __init__(
        self, ledger: DispatchLedger, senders: Mapping[str, ChannelSender], *, calls: Calls, clock: Clock, zones: ZoneSet,
        policy: RetryPolicy, batch_sizes: Mapping[str, int], kinds: Kinds, signed_only: bool = False,
    ) -> None:
        self._ledger = ledger
        self._senders = dict(senders)
        self._calls = calls
        self._clock = clock
        self._zones = zones
        self._policy = policy
        self._batch_sizes = batch_sizes
        self._kinds = kinds
        self._signed_only = signed_only
        self._late: list[Receipt] = []

    def attach(self, channel: str, sender: ChannelSender) -> None:
        """Give the desk a way out, under the word that subscriptions use."""
        self._senders[channel] = sender

    async def expand(self, identifier: str) -> None:
        """Alert → one delivery per recipient and channel, in batches; an earlier version of the event comes first."""
        alert = await self._ledger.alert(identifier)
        for earlier in await self._ledger.waiting_before(alert):
            await self.expand(earlier)
        where = self._reach(alert)
        there = in_area(await self._ledger.offices(alert.lane), where)
        matching = [i.subscription_id for i in there if wants(i, hazard=alert.hazard, level=alert.level)]
        cells = None
        if alert.polygon is not None:
            cells = await self._ledger.cells_inside(where.ground)
        await self._ledger.expand(
            alert, in_area=[i.subscription_id for i in there], matching=matching, codes=sorted(where.codes), cells=cells,
            batch_sizes=self._batch_sizes, personal=personal(self._kinds), now=self._clock.now(),
        )

    async def send(self, batch_id: int) -> None:
        """Claim what is due of a batch, hand it to the channel, write down what the channel said."""
        identifier, channel, priority = await self._ledger.batch_of(batch_id)
        alert = await self._ledger.alert(identifier)
        works = await self._ledger.claim(batch_id, alert, channel, now=self._clock.now(), policy=self._policy)
        receipts: Sequence[Receipt] = ()
        if works:
            async with self._holding(batch_id):
                receipts = await self._hand_over(alert, channel, works)
        now = self._clock.now()
        attempts = {work.delivery_id: work.attempts for work in works}
        steps = {}
        for receipt in receipts:
            delivery_id = int(receipt.key.rsplit(".", 1)[-1])
            steps[delivery_id] = after_receipt(
                receipt, attempts=attempts[delivery_id], now=now, expires=alert.expires, policy=self._policy)
        await self._ledger.record(alert, channel, batch_id, steps, priority=priority, now=now)

    async def _hand_over(self, alert: StoredAlert, channel: str, works: Sequence[Work]) -> list[Receipt]:
        """One receipt per work. A text that cannot be made to fit fails its own recipients and nobody else."""
        links = await self._links(alert, works)
        messages: list[Message] = []
        refused: list[Receipt] = []
        for work in works:
            try:
                messages.append(self._message(alert, channel, work, links.get(work.subscription_id, "")))
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
        self._late.append(receipt)

    async def on_reports(self, reports: Sequence[Reports]) -> None:
        """Receipts of many messages that came after their answers."""
        for group in reports:
            self._late += group.singly()

    async def flush(self) -> None:
        """Write the late receipts that have come in; they are kept and tried again when the database is away."""
        batch, self._late = self._late, []
        if not batch:
            return
        try:
            fitted = await self._ledger.late(batch)
        except SQLAlchemyError as error:
            self._late = batch + self._late
            log.warning("late receipts wait for the database", count=len(batch), error=type(error).__name__)
            return
        if fitted < len(batch):
            log.info("receipts for unknown or settled deliveries", count=len(batch) - fitted)

    async def keep_flushing(self, *, every_s: float = 0.25) -> None:
        """Flush until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            await self.flush()

    async def retry(self, delivery_ids: Sequence[int], *, account: Account) -> int:
        """An operator presses retry, for alerts of his own hazards and area; returns how many failed deliveries are tried again."""
        require(account, Act.OPERATE)
        for hazard, zones in await self._ledger.concerning(delivery_ids):
            require(account, Act.OPERATE, hazard=hazard, zones=zones)
        return await self._ledger.retry(delivery_ids)

    def _reach(self, alert: StoredAlert) -> Reach:
        polygon = None if alert.polygon is None else shapely.geometry.shape(alert.polygon)
        return reach(alert.zones, self._zones, polygon)

    async def _links(self, alert: StoredAlert, works: Sequence[Work]) -> dict[int, str]:
        posts = [
            (work.subscription_id, work.name) for work in works
            if must_answer(kind=work.kind, role=work.role, level=alert.level)
        ]
        return await self._calls.call(alert.identifier, posts) if posts else {}

    def _message(self, alert: StoredAlert, channel: str, work: Work, link: str) -> Message:
        kind = kind_of(channel, self._kinds)
        sender = self._senders.get(channel)
        room = sender.limits.max_chars if sender else None
        if room is not None and link:
            room -= len(link) + 1
        finished = _composed(
            alert.cap_xml, kind, work.language, room,
            work.role == "end" and alert.msg_type != "Cancel")
        body, content_type = finished.body, finished.content_type
        if kind in MACHINES:
            body, content_type = _envelope(alert, finished, link), "application/json"
        return Message(
            key=_key(alert, work),
            address=_filled(work.address, alert) if work.kind == "broadcast" else work.address,
            subject=finished.subject,
            text=f"{finished.text}\n{link}" if link and kind in WITH_LINK else finished.text,
            language=work.language, identifier=alert.identifier, event=str(alert.event_id), version=alert.version,
            msg_type=_msg_type(alert.msg_type), status=_status(alert.status), priority=int(alert.level), sent=alert.sent,
            expires=alert.expires, body=body, content_type=content_type, secret=work.secret,
        )


def _key(alert: StoredAlert, work: Work) -> str:
    """The same on every attempt."""
    return f"{alert.identifier}.{work.delivery_id}"


def _filled(address: str, alert: StoredAlert) -> str:
    """A broadcast's address has places for what differs from alert to alert."""
    return (address.replace("{identifier}", alert.identifier).replace("{issuer}", alert.issuer)
            .replace("{hazard}", alert.hazard))


@lru_cache(maxsize=64)
def _parsed(cap_xml: str) -> Alert:
    return read(cap_xml.encode()).alert


@lru_cache(maxsize=512)
def _composed(cap_xml: str, channel: str, language: str, max_chars: int | None, left_area: bool) -> Composed:
    """One text per channel and language serves everyone in the batch."""
    return compose(_parsed(cap_xml), channel=channel, language=language, max_chars=max_chars, left_area=left_area)


def _envelope(alert: StoredAlert, finished: Composed, link: str) -> bytes:
    """What a program gets: the facts a display needs, the CAP document, and where to answer."""
    document = {
        "identifier": alert.identifier, "event": str(alert.event_id), "version": alert.version, "msg_type": alert.msg_type,
        "status": alert.status, "hazard": alert.hazard, "level": alert.level.key, "zones": list(alert.zones),
        "sent": alert.sent.isoformat(), "expires": alert.expires.isoformat(), "headline": finished.subject,
        "text": finished.text, "cap": alert.document,
    }
    if link:
        document["ack_url"] = link
    return json.dumps(document, ensure_ascii=False).encode()


def _no_channel(message: Message, now: datetime) -> Receipt:
    return Receipt(key=message.key, outcome=Outcome.RETRY, at=now, reason=Reason.UNREACHABLE,
                   evidence="this worker has no such channel: name it under channels: in the settings")


def _unsigned(message: Message, alert: StoredAlert, now: datetime) -> Receipt:
    return Receipt(key=message.key, outcome=Outcome.RETRY, at=now, reason=Reason.UNSIGNED,
                   evidence=alert.signing_fault or "this alert was issued before documents were signed")


def _unanswered(message: Message, error: Exception, now: datetime) -> Receipt:
    return Receipt(key=message.key, outcome=Outcome.UNKNOWN, at=now, reason=Reason.TIMEOUT,
                   evidence=f"the channel failed while sending: {type(error).__name__}")


def _msg_type(word: str) -> Literal["Alert", "Update", "Cancel"]:
    match word:
        case "Alert" | "Update" | "Cancel":
            return word
    raise ValueError(f"an alert of type {word!r} is never sent")


def _status(word: str) -> Literal["Actual", "Exercise", "Test"]:
    match word:
        case "Actual" | "Exercise" | "Test":
            return word
    raise ValueError(f"an alert of status {word!r} is never sent")
