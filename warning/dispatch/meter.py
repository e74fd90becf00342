"""Meter: how fast each channel really is, seen from the worker that hands over to it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from channels.crowd import Crowd, CrowdReceipt, CrowdSender
from channels.message import Limits, Message, Outcome, Receipt
from channels.port import ChannelSender, Examined, Health
from warning.dispatch.compose import segments

_QUICK = 10
"""Up to so many messages at once, the time that a call takes is the time to an acceptance."""




def of_route(channel: str, route: str) -> str:
    """The name under which a route of a channel is measured, beside the channel itself."""
    return f"{channel}/{route}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Sums since the last reading. ``busy_s`` is time in which at least one call was under way; ``quick_*`` are calls of few messages."""

    messages: int = 0
    parts: int = 0
    accepted: int = 0
    delivered: int = 0
    busy_s: float = 0.0
    quick_s: float = 0.0
    quick_n: int = 0


class Meter:
    """One per process; read and emptied by whoever writes it down."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sums: dict[str, Measured] = {}
        self._under_way: dict[str, tuple[int, float]] = {}

    def begin(self, channel: str) -> float:
        now = self._clock()
        calls, since = self._under_way.get(channel, (0, now))
        self._under_way[channel] = (calls + 1, since if calls else now)
        return now

    def end(self, channel: str, began: float, *, messages: int, parts: int, accepted: int) -> None:
        now = self._clock()
        calls, since = self._under_way[channel]
        self._under_way[channel] = (calls - 1, now)
        kept = self._sums.get(channel, Measured())
        quick = 0 < messages <= _QUICK and accepted == messages
        # Calls that overlap share the time: from the last end (or the first begin) to this end.
        self._sums[channel] = replace(
            kept, messages=kept.messages + messages, parts=kept.parts + parts, accepted=kept.accepted + accepted,
            busy_s=kept.busy_s + now - since, quick_s=kept.quick_s + (now - began if quick else 0.0), quick_n=kept.quick_n + quick)

    def delivered(self, channel: str, count: int) -> None:
        if count == 0:
            return
        kept = self._sums.get(channel, Measured())
        self._sums[channel] = replace(kept, delivered=kept.delivered + count)

    def read(self) -> dict[str, Measured]:
        """What was measured since the last reading, by channel."""
        sums, self._sums = self._sums, {}
        return sums

    def put_back(self, sums: dict[str, Measured]) -> None:
        """A reading that could not be written is kept for the next."""
        for channel, old in sums.items():
            new = self._sums.get(channel, Measured())
            self._sums[channel] = Measured(
                messages=old.messages + new.messages, parts=old.parts + new.parts, accepted=old.accepted + new.accepted,
                delivered=old.delivered + new.delivered, busy_s=old.busy_s + new.busy_s, quick_s=old.quick_s + new.quick_s,
                quick_n=old.quick_n + new.quick_n)


class Metered:
    """A Sender that behaves as the one inside it, and is timed."""

    def __init__(self, inner: ChannelSender, *, channel: str, kind: str, meter: Meter) -> None:
        self.inner, self._channel, self._kind, self._meter = inner, channel, kind, meter

    @property
    def limits(self) -> Limits:
        return self.inner.limits

    async def open(self) -> None:
        await self.inner.open()

    async def close(self) -> None:
        await self.inner.close()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        began = self._meter.begin(self._channel)
        taken: list[Receipt] = []
        try:
            taken = await self.inner.send(messages)
            return taken
        finally:
            self._meter.end(
                self._channel, began, messages=len(taken), parts=sum(self._parts(message) for message in messages) if taken else 0,
                accepted=sum(receipt.outcome in (Outcome.ACCEPTED, Outcome.DELIVERED) for receipt in taken))

    def _parts(self, message: Message) -> int:
        return segments(message.text) if self._kind == "sms" else 1


class MeteredCrowd(Metered):
    """The same for a Sender that has a lane for crowds."""

    async def send_crowd(self, crowd: Crowd) -> CrowdReceipt:
        if not isinstance(self.inner, CrowdSender):
            raise TypeError(f"{type(self.inner).__name__} has no lane for crowds")
        began = self._meter.begin(self._channel)
        outcomes: list[Outcome] = []
        try:
            receipt = await self.inner.send_crowd(crowd)
            outcomes = receipt.outcomes
            return receipt
        finally:
            self._meter.end(
                self._channel, began, messages=len(outcomes), parts=len(outcomes) * self._parts(crowd.message),
                accepted=sum(outcome in (Outcome.ACCEPTED, Outcome.DELIVERED) for outcome in outcomes))


class MeteredExamined(Metered):
    """The same for a Sender that knows how its gateway does."""

    def health(self) -> Health:
        return _health(self.inner)


class MeteredCrowdExamined(MeteredCrowd):
    """The same for one that has both."""

    def health(self) -> Health:
        return _health(self.inner)


def metered(sender: ChannelSender, *, channel: str, kind: str, meter: Meter) -> Metered:
    """``sender`` under measure, with the verbs that it has."""
    crowd, examined = isinstance(sender, CrowdSender), isinstance(sender, Examined)
    form = MeteredCrowdExamined if crowd and examined else MeteredCrowd if crowd else MeteredExamined if examined else Metered
    return form(sender, channel=channel, kind=kind, meter=meter)


def _health(sender: ChannelSender) -> Health:
    if not isinstance(sender, Examined):
        raise TypeError(f"{type(sender).__name__} does not say how its gateway does")
    return sender.health()
