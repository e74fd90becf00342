"""Crew: a bounded number of couriers that carry a batch of messages, one receipt each, in order."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

import httpx

from channels.message import Lane, Message, Outcome, Reason, Receipt
from channels.port import refusal
from channels.wire.http_post import Answer, Courier, Letter, PostFault
from channels.wire.ssrf import BadTarget, parse_target

_STRIKES = 3


class BadAddress(ValueError):
    """The address of a message is none for this channel; the text says why and never quotes it."""


class Crew:
    """``parallel`` couriers shared by all batches; opened once, closed once."""

    def __init__(self, *, lane: Lane, parallel: int, timeout_s: float, allow_private: bool, now: Callable[[], datetime]) -> None:
        self._lane = lane
        self._parallel = parallel
        self._timeout_s = timeout_s
        self._allow_private = allow_private
        self._now = now
        self._idle: asyncio.Queue[Courier] = asyncio.Queue()
        self._hired = 0

    def open(self) -> None:
        tls = httpx.create_ssl_context()  # the same roots as every other client of the engine; heeds SSL_CERT_FILE
        for _ in range(self._parallel):
            self._hired += 1
            self._idle.put_nowait(Courier(timeout_s=self._timeout_s, allow_private=self._allow_private, tls=tls))

    async def close(self) -> None:
        while self._hired:
            courier = await self._idle.get()
            self._hired -= 1
            await courier.close()

    async def carry(
        self,
        messages: Sequence[Message],
        *,
        letter: Callable[[Message], Letter],
        verdict: Callable[[Answer], tuple[Outcome, Reason | None]],
    ) -> list[Receipt]:
        """One receipt per message, in order. ``letter`` writes the request (it may raise BadAddress), ``verdict`` judges the status.

        An origin that cannot be connected to, or was silent three times, is left out for the rest of this batch only, so that one dead
        host with a thousand subscriptions costs one time limit and not a thousand.
        """
        receipts: list[Receipt | None] = [None] * len(messages)
        strikes: dict[tuple[str, str, int], int] = {}
        turns = iter(range(len(messages)))

        async def work() -> None:
            for index in turns:
                courier = await self._idle.get()
                try:
                    receipts[index] = await self._one(courier, messages[index], letter, verdict, strikes)
                finally:
                    self._idle.put_nowait(courier)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._parallel, len(messages))):
                group.create_task(work())
        return [receipt for receipt in receipts if receipt is not None]

    async def _one(
        self,
        courier: Courier,
        message: Message,
        letter: Callable[[Message], Letter],
        verdict: Callable[[Answer], tuple[Outcome, Reason | None]],
        strikes: dict[tuple[str, str, int], int],
    ) -> Receipt:
        refused = refusal(message, lane=self._lane, now=self._now())
        if refused is not None:
            return refused
        try:
            written = letter(message)
            origin = parse_target(written.url).origin
        except (BadAddress, BadTarget) as wrong:
            return self._receipt(message, Outcome.REJECTED, Reason.BAD_ADDRESS, str(wrong))
        if strikes.get(origin, 0) >= _STRIKES:
            return self._receipt(message, Outcome.RETRY, Reason.UNREACHABLE, "not tried: its host did not answer others of this batch")
        try:
            answer = await courier.post(written)
        except PostFault as fault:
            if fault.retry:
                strikes[origin] = strikes.get(origin, 0) + (_STRIKES if fault.reason is Reason.UNREACHABLE else 1)
            return self._receipt(message, Outcome.RETRY if fault.retry else Outcome.REJECTED, fault.reason, fault.evidence)
        outcome, reason = verdict(answer)
        evidence = f"HTTP {answer.status}" + (f", Retry-After {answer.retry_after}" if answer.retry_after else "")
        if 300 <= answer.status < 400:
            evidence += "; redirects are not followed, register the final address"
        return self._receipt(message, outcome, reason, evidence)

    def _receipt(self, message: Message, outcome: Outcome, reason: Reason | None, evidence: str) -> Receipt:
        return Receipt(key=message.key, outcome=outcome, at=self._now(), evidence=evidence, reason=reason)
