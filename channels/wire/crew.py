"""Crew: a bounded number of couriers that carry a batch of messages, one verdict each, in order."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from channels.crowd import CrowdReceipt
from channels.message import Lane, Message, Outcome, Reason, Receipt
from channels.port import refusal
from channels.wire.http_post import Answer, Courier, Letter, PostFault, written
from channels.wire.roots import roots
from channels.wire.ssrf import BadTarget, Target

_STRIKES = 3


class BadAddress(ValueError):
    """The address of a message is none for this channel; the text says why and never quotes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What became of one request; ``evidence`` quotes the peer, ``retry_after`` is the pause for which it asked."""

    outcome: Outcome
    reason: Reason | None
    evidence: str
    retry_after: timedelta | None = None


Parcel = tuple[Target, bytes]
"""Where to, and the whole request."""

Verdict = Callable[[Answer], tuple[Outcome, Reason | None] | Said]
"""Outcome and reason, or all that is to be said where more than the status was read."""


class Crew:
    """``parallel`` couriers shared by all batches; opened once, closed once."""

    def __init__(self, *, lane: Lane, parallel: int, timeout_s: float, allow_private: bool, now: Callable[[], datetime], words: bool = False) -> None:
        """``words``: the verdict wants to read what the peer answered, and not only its status."""
        self._lane = lane
        self._parallel = parallel
        self._timeout_s = timeout_s
        self._allow_private = allow_private
        self._now = now
        self._words = words
        self._idle: asyncio.Queue[Courier] = asyncio.Queue()
        self._hired = 0

    def open(self) -> None:
        tls = roots()  # the same as every other client of the engine
        for _ in range(self._parallel):
            self._hired += 1
            self._idle.put_nowait(Courier(timeout_s=self._timeout_s, allow_private=self._allow_private, tls=tls, words=self._words))

    async def close(self) -> None:
        while self._hired:
            courier = await self._idle.get()
            self._hired -= 1
            await courier.close()

    async def carry(self, messages: Sequence[Message], *, letter: Callable[[Message], Letter], verdict: Verdict) -> list[Receipt]:
        """One receipt per message, in order. ``letter`` writes the request (it may raise BadAddress), ``verdict`` judges the status."""

        def parcel(index: int) -> Parcel | Said:
            return self.fence(messages[index]) or written(letter(messages[index]), allow_private=self._allow_private)

        took: list[float | None] = [None] * len(messages)
        return self.receipts(messages, await self.deliver(len(messages), parcel=parcel, verdict=verdict, took=took), took)

    def fence(self, message: Message) -> Said | None:
        """What keeps a message from every wire, asked when its turn comes."""
        refused = refusal(message, lane=self._lane, now=self._now())
        return None if refused is None else Said(outcome=refused.outcome, reason=refused.reason, evidence=refused.evidence)

    def receipts(self, messages: Sequence[Message], said: Sequence[Said], took: Sequence[float | None] | None = None) -> list[Receipt]:
        times = took or [None] * len(messages)
        return [
            Receipt(key=message.key, outcome=one.outcome, at=self._now(), evidence=one.evidence, reason=one.reason,
                    retry_after=one.retry_after, seconds=seconds)
            for message, one, seconds in zip(messages, said, times, strict=True)
        ]

    async def deliver(
        self, count: int, *, parcel: Callable[[int], Parcel | Said] | Callable[[int], Awaitable[Parcel | Said]], verdict: Verdict,
        took: list[float | None] | None = None,
    ) -> list[Said]:
        """What was said of each of ``count`` requests. ``parcel`` makes one when its turn comes, or says at once what becomes of it; it may
        raise BadAddress or BadTarget, and may be asynchronous. ``took`` is filled with the seconds of each exchange.

        An origin that cannot be connected to, or was silent three times, is left out for the rest of this batch only, so that one dead
        host with a thousand subscriptions costs one time limit and not a thousand.
        """
        told: list[Said | None] = [None] * count
        strikes: dict[tuple[str, str, int], int] = {}
        known: dict[Answer, Said] = {}
        turns = iter(range(count))

        async def one(courier: Courier, index: int) -> Said:
            try:
                found = parcel(index)
                made = found if isinstance(found, tuple | Said) else await found
            except (BadAddress, BadTarget) as wrong:
                return Said(outcome=Outcome.REJECTED, reason=Reason.BAD_ADDRESS, evidence=str(wrong))
            except PostFault as fault:
                return _failed(fault)
            if isinstance(made, Said):
                return made
            target, request = made
            if strikes.get(target.origin, 0) >= _STRIKES:
                return _LEFT_OUT
            began = time.monotonic()
            try:
                answer = await courier.post(target, request)
            except PostFault as fault:
                if fault.retry:
                    strikes[target.origin] = strikes.get(target.origin, 0) + (_STRIKES if fault.reason is Reason.UNREACHABLE else 1)
                return _failed(fault)
            finally:
                if took is not None:
                    took[index] = time.monotonic() - began
            said = known.get(answer)
            if said is None:
                said = known[answer] = _judged(answer, verdict)
            return said

        async def work() -> None:
            for index in turns:
                courier = await self._idle.get()
                try:
                    told[index] = await one(courier, index)
                finally:
                    self._idle.put_nowait(courier)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._parallel, count)):
                group.create_task(work())
        return [said for said in told if said is not None]


def together(said: Sequence[Said]) -> CrowdReceipt:
    """What was said of a crowd, in order, as one."""
    common = next((one.evidence for one in said if one.outcome is Outcome.ACCEPTED), "")
    return CrowdReceipt(
        outcomes=[one.outcome for one in said], external_ids=[""] * len(said), common=common,
        reasons={position: one.reason for position, one in enumerate(said) if one.reason is not None},
        evidence={position: one.evidence for position, one in enumerate(said) if one.evidence != common},
        waits={position: one.retry_after for position, one in enumerate(said) if one.retry_after is not None},
    )


_LEFT_OUT = Said(outcome=Outcome.RETRY, reason=Reason.UNREACHABLE, evidence="not tried: its host did not answer others of this batch")


def _failed(fault: PostFault) -> Said:
    return Said(outcome=Outcome.RETRY if fault.retry else Outcome.REJECTED, reason=fault.reason, evidence=fault.evidence)


def _judged(answer: Answer, verdict: Verdict) -> Said:
    found = verdict(answer)
    if isinstance(found, Said):
        return found
    outcome, reason = found
    evidence = f"HTTP {answer.status}" + (f", Retry-After {answer.retry_after}" if answer.retry_after else "")
    if 300 <= answer.status < 400:
        evidence += "; redirects are not followed, register the final address"
    seconds = int(answer.retry_after) if answer.retry_after.isdecimal() and len(answer.retry_after) < 7 else 0
    return Said(outcome=outcome, reason=reason, evidence=evidence, retry_after=timedelta(seconds=seconds) if seconds else None)
