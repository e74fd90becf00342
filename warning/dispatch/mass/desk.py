"""The mass lane's desk: residents in batches, handed to a channel piece by piece, each piece written down before the next."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from channels.crowd import Crowd, CrowdReceipt, send_crowd
from channels.message import Outcome, Reason, Receipt, Stamp
from channels.port import ChannelSender
from warning.clock import Clock
from warning.dispatch.delivery import RetryPolicy
from warning.dispatch.flash import FlashTo, flashes
from warning.dispatch.gate import Gates
from warning.dispatch.kind import Kinds, kind_of
from warning.dispatch.letter import letter
from warning.dispatch.mass.outcome import refused, unsure
from warning.dispatch.mass.pace import Pace, first_pace
from warning.dispatch.mass.strays import Index, KeptIds, found, grown
from warning.dispatch.mass.work import Claim, Next, Place
from warning.dispatch.work import StoredAlert
from warning.errors import Invalid

log = structlog.get_logger()

_KEPT_ALERTS = 64


class MassLedger(Protocol):
    async def claim(self, crowd_id: int, *, firsts: Mapping[str, int], now: datetime, policy: RetryPolicy) -> Claim | None: ...

    async def advance(
        self, claim: Claim, went: Sequence[int], said: CrowdReceipt, upcoming: Sequence[int], *, chain: str, first: bool,
        now: datetime, policy: RetryPolicy, fall_back_s: float | None,
    ) -> Next: ...

    async def going(self, crowd_id: int) -> tuple[str, datetime] | None: ...

    async def postpone(self, crowd_id: int, *, after_s: float) -> None: ...

    async def renew(self, claim: Claim, policy: RetryPolicy) -> None: ...

    async def late(self, receipts: Mapping[int, Mapping[int, Receipt]]) -> list[Receipt]: ...

    async def young_ids(self, after: int, *, but: Sequence[int]) -> list[KeptIds]: ...

    async def parts_told(self, told: Mapping[int, Mapping[int, Sequence[str]]]) -> dict[int, set[int]]: ...

    async def fall_back(self) -> int | None: ...

    async def wake(self, *, now: datetime) -> int: ...

    async def retry(self, crowd_ids: Sequence[int]) -> int: ...

    async def concerning(self, crowd_ids: Sequence[int]) -> list[tuple[str, tuple[str, ...]]]: ...


class MusterLedger(Protocol):
    async def page(self, alert: StoredAlert, place: Place, *, sizes: Mapping[str, int], now: datetime, may_wait: bool) -> bool: ...


class MassDesk:
    """Runs in every worker; its verbs may be repeated at any time."""

    def __init__(
        self, ledger: MassLedger, muster: MusterLedger, senders: Mapping[str, ChannelSender], *,
        alerts: Callable[[str], Awaitable[StoredAlert]], clock: Clock, policy: RetryPolicy, sizes: Mapping[str, int], kinds: Kinds,
        fall_back_s: Mapping[str, float], gates: Gates | None = None, flash: Mapping[str, FlashTo] | None = None,
    ) -> None:
        self._flash = flash or {}
        self._gates = Gates() if gates is None else gates
        self._ledger = ledger
        self._muster = muster
        self._senders = dict(senders)
        self._alerts = alerts
        self._clock = clock
        self._policy = policy
        self._sizes = sizes
        self._kinds = kinds
        self._fall_back_s = fall_back_s
        self._paces: dict[str, Pace] = {}
        self._known: dict[str, StoredAlert] = {}
        self._accepted: set[tuple[str, str]] = set()
        self._strays = Index()

    def attach(self, channel: str, sender: ChannelSender) -> None:
        self._senders[channel] = sender
        self._paces[channel] = first_pace(sender.limits.batch)

    async def expand(self, alert: StoredAlert, place: Place, *, may_wait: bool) -> None:
        """Residents → batches, page by page; what is made can be sent while the rest is worked out. ``may_wait``: a higher level goes before the rest."""
        done = False
        while not done:
            done = await self._muster.page(alert, place, sizes=self._sizes, now=self._clock.now(), may_wait=may_wait)

    async def send(self, crowd_id: int) -> None:
        """Take a batch up and hand it over piece by piece, until it is done, superseded, or something more urgent waits."""
        policy = self._policy
        if self._gates and (going := await self._ledger.going(crowd_id)) is not None:
            channel, expires = going
            pause = self._gates.pause(channel, now=self._clock.now(), expires=expires)
            if pause:
                await self._ledger.postpone(crowd_id, after_s=pause)
                return
            policy = self._gates.policy(channel, policy)
        claim = await self._ledger.claim(
            crowd_id, firsts={channel: pace.size for channel, pace in self._paces.items()}, now=self._clock.now(), policy=policy)
        if claim is None:
            return
        alert = await self._alert(claim.identifier)
        go: Sequence[int] = range(claim.going)
        at = claim.going
        async with self._holding(claim):
            while go:
                began = self._clock.monotonic()
                said = await self._hand_over(alert, claim, go)
                pace = self._pace(claim.channel).after(len(go), self._clock.monotonic() - began)
                self._paces[claim.channel] = pace
                shut = self._gates.pause(claim.channel, now=self._clock.now(), expires=claim.expires)
                upcoming = range(at, at if shut else min(at + pace.size, len(claim.numbers)))
                at = upcoming.stop
                mark = (claim.identifier, claim.channel)
                first = mark not in self._accepted and Outcome.ACCEPTED in said.outcomes
                step = await self._ledger.advance(
                    claim, go, said, upcoming, chain=alert.chain, first=first, now=self._clock.now(), policy=policy,
                    fall_back_s=self._fall_back_s.get(claim.channel))
                if first:
                    self._accepted.add(mark)
                go = step.go

    async def _hand_over(self, alert: StoredAlert, claim: Claim, go: Sequence[int]) -> CrowdReceipt:
        """One outcome for each; a text that cannot be made to fit fails these people and nobody else."""
        n = len(go)
        sender = self._senders.get(claim.channel)
        if sender is None:
            return unsure(n, Outcome.RETRY, Reason.UNREACHABLE,
                          "this worker has no such channel: name it under channels: in the settings")
        try:
            message = letter(
                alert, kind=kind_of(claim.channel, self._kinds), key=f"{alert.identifier}.c{claim.crowd_id}", address="",
                language=claim.language, role=claim.role, room=sender.limits.max_chars,
                flash=flashes(self._flash.get(claim.channel, "duty"), kind="resident", role=claim.role, level=alert.level, status=alert.status))
        except Invalid as error:
            return refused(n, Reason.TOO_LONG, str(error))
        numbers = claim.numbers.tolist()
        crowd = Crowd(message=message, addresses=[claim.addresses[i] for i in go], numbers=[numbers[i] for i in go])
        try:
            return await send_crowd(sender, crowd)
        except Exception as error:
            log.exception("a channel failed unexpectedly", channel=claim.channel, people=n)
            return unsure(n, Outcome.UNKNOWN, Reason.TIMEOUT, f"the channel failed while sending: {type(error).__name__}")

    @asynccontextmanager
    async def _holding(self, claim: Claim) -> AsyncIterator[None]:
        """Renew the lease while a slow channel works, so that only a dead worker's batch is taken over."""
        async def renewing() -> None:
            while True:
                await asyncio.sleep(self._policy.lease.total_seconds() / 3)
                try:
                    await self._ledger.renew(claim, self._policy)
                except SQLAlchemyError as error:
                    log.warning("a lease could not be renewed", crowd=claim.crowd_id, error=type(error).__name__)

        task = asyncio.create_task(renewing(), name=f"lease of crowd {claim.crowd_id}")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def take(self, receipts: Sequence[Receipt]) -> tuple[list[Receipt], list[Receipt]]:
        """Late receipts of this lane, by key or by the gateway's id alone: (those of this lane that fitted nothing, the others)."""
        by_place: dict[int, dict[int, Receipt]] = {}
        strays: dict[Stamp, Receipt] = {}
        others: list[Receipt] = []
        for receipt in receipts:
            place = place_of(receipt.key)
            if place is not None:
                by_place.setdefault(place[0], {}).setdefault(place[1], receipt)
            elif not receipt.key and receipt.external_id and receipt.outcome in (Outcome.DELIVERED, Outcome.REJECTED):
                strays.setdefault(receipt.stamp, receipt)
            else:
                others.append(receipt)
        if strays:
            others += await self._stray(strays, by_place)
        # A part of a message that is settled already has found its place.
        return [receipt for receipt in await self._ledger.late(by_place) if receipt.key], others

    async def _stray(self, strays: Mapping[Stamp, Receipt], by_place: dict[int, dict[int, Receipt]]) -> list[Receipt]:
        """Receipts of single parts: a message is delivered with the last of its parts, failed with the first."""
        hits = found(self._strays, list(strays))
        if len(hits) < len(strays):
            while rows := await self._ledger.young_ids(self._strays.after, but=list(self._strays.recent)):
                self._strays = grown(self._strays, rows, now_s=self._clock.monotonic())
            hits = found(self._strays, list(strays))
        told: dict[int, dict[int, list[str]]] = {}
        for stamp, (row, crowd_id, place) in hits.items():
            if strays[stamp].outcome is Outcome.DELIVERED:
                told.setdefault(row, {}).setdefault(place, []).append(strays[stamp].external_id)
            else:
                by_place.setdefault(crowd_id, {})[place] = strays[stamp]
        whole = await self._ledger.parts_told(told) if told else {}
        for stamp, (row, crowd_id, place) in hits.items():
            if place in whole.get(row, ()):
                by_place.setdefault(crowd_id, {}).setdefault(place, strays[stamp])
        return [receipt for stamp, receipt in strays.items() if stamp not in hits]

    async def fall_back(self) -> int:
        """Tell people of batches whose receipts are overdue on the channel that they named next; returns how many people."""
        people = 0
        while (told := await self._ledger.fall_back()) is not None:
            people += told
        return people

    async def wake(self) -> int:
        """Let go what has waited for the end of people's quiet hours; returns how many batches."""
        return await self._ledger.wake(now=self._clock.now())

    async def retry(self, crowd_ids: Sequence[int]) -> int:
        """Who failed is tried again; the dispatch desk has asked whether the operator may."""
        return await self._ledger.retry(crowd_ids)

    async def concerning(self, crowd_ids: Sequence[int]) -> list[tuple[str, tuple[str, ...]]]:
        return await self._ledger.concerning(crowd_ids)

    async def _alert(self, identifier: str) -> StoredAlert:
        """An issued alert never changes."""
        if identifier not in self._known:
            if len(self._known) >= _KEPT_ALERTS:
                self._known.clear()
            self._known[identifier] = await self._alerts(identifier)
        return self._known[identifier]

    def _pace(self, channel: str) -> Pace:
        return self._paces.get(channel) or first_pace(1000)


def place_of(key: str) -> tuple[int, int] | None:
    """(batch, place) of a key of this lane: ``{identifier}.c{batch}.{place}``."""
    parts = key.rsplit(".", 2)
    if len(parts) == 3 and parts[1][:1] == "c" and parts[1][1:].isdigit() and parts[2].isdigit():
        return int(parts[1][1:]), int(parts[2])
    return None
