"""The form that every channel adapter has.

An adapter is one file ``channels/<kind>.py`` with two names:

* ``Options``: a pydantic model (``extra="forbid"``, every option with a description) that derives from ``ChannelOptions``;
* ``Sender``: ``Sender(options, doors)`` with the verbs of :class:`ChannelSender`.

``send`` takes a batch and gives back exactly one Receipt per message, in order; a fault of one address never stops the others, and a
dead gateway is RETRY receipts with ``Reason.UNREACHABLE``, not an exception. Receipts that come later go to ``doors.on_receipt``, many
at once to ``doors.on_reports``.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

import httpx
from pydantic import BaseModel, ConfigDict, Field

from channels.message import Lane, Limits, Message, Outcome, Reason, Receipt, Reply, Reports


class ChannelOptions(BaseModel):
    """What every channel can be told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lane: Lane = Field(description="actual = the public; exercise = registered drill addresses only")
    timeout_s: float = Field(default=10.0, gt=0, description="longest wait for one answer, seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The outside world, handed in: the clock, the HTTP client and where late receipts and replies go.

    ``on_bulk`` takes the late receipts of many messages in one go; without it they come one by one to ``on_receipt``. ``on_proof`` writes late
    receipts down before it returns: see :meth:`prove`.
    """

    now: Callable[[], datetime]
    http: httpx.AsyncClient
    on_receipt: Callable[[Receipt], Awaitable[None]]
    on_reply: Callable[[Reply], Awaitable[None]]
    on_bulk: Callable[[Sequence[Reports]], Awaitable[None]] | None = None
    on_proof: Callable[[Sequence[Receipt]], Awaitable[Collection[str] | None]] | None = None

    async def prove(self, receipts: Sequence[Receipt]) -> Collection[str] | None:
        """For a channel whose own copy of a late receipt goes when it counts: the gateway's ids of those whose message has its end on record now.

        None: nothing could be written, so nothing may go. The same receipts again change nothing.
        """
        if self.on_proof is not None:
            return await self.on_proof(receipts)
        for receipt in receipts:
            await self.on_receipt(receipt)
        return {receipt.external_id for receipt in receipts}

    async def on_reports(self, reports: Sequence[Reports]) -> None:
        """What a channel calls with late receipts in bulk."""
        if self.on_bulk is not None:
            await self.on_bulk(reports)
            return
        for group in reports:
            for receipt in group.singly():
                await self.on_receipt(receipt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a Sender knows of its gateway, of the last hour: messages accepted, and of those delivered, failed, or still without a report.

    ``up``: a message sent now would leave. ``note``: what is wrong and what to do, for an operator; empty when nothing is.
    """

    accepted: int
    delivered: int
    failed: int
    waiting: int
    last_answer_at: datetime | None
    up: bool = True
    note: str = ""


@runtime_checkable
class Examined(Protocol):
    """A Sender that can say how its gateway does."""

    def health(self) -> Health: ...


class ChannelSender(Protocol):
    """Opened once, used by many batches, closed once."""

    @property
    def limits(self) -> Limits: ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, messages: Sequence[Message]) -> list[Receipt]: ...


def refusal(message: Message, *, lane: Lane, now: datetime) -> Receipt | None:
    """The fence before every wire: a drill never reaches the public, and nothing leaves after its expiry."""
    if message.lane != lane:
        return Receipt(key=message.key, outcome=Outcome.REJECTED, at=now, reason=Reason.WRONG_LANE,
                       evidence=f"a {message.status} message is not for the {lane} lane")
    if now >= message.expires:
        return Receipt(key=message.key, outcome=Outcome.REJECTED, at=now, reason=Reason.EXPIRED,
                       evidence="expired before it was sent")
    return None
