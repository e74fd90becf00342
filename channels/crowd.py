"""Crowd: one finished text for many addresses, the unit of the mass lane.

A channel that has a faster way gives its Sender the verb ``send_crowd``; every other is asked message by message here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol, runtime_checkable

from channels.message import Message, Outcome, Reason, Receipt
from channels.port import ChannelSender


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """``message`` is what all get: its ``address`` is empty and its ``key`` the batch's own, the same on every attempt.

    ``numbers[i]`` is the place in the batch of ``addresses[i]``: the key of one message is ``{message.key}.{number}``, and late
    receipts come back under it.
    """

    message: Message
    addresses: Sequence[str]
    numbers: Sequence[int]

    def key(self, position: int) -> str:
        return f"{self.message.key}.{self.numbers[position]}"

    def single(self, position: int) -> Message:
        """The message of one recipient, as a channel without a crowd lane takes it."""
        return replace(self.message, key=self.key(position), address=self.addresses[position])


@dataclass(slots=True, kw_only=True)
class CrowdReceipt:
    """What the channel said of a crowd, position by position: ``outcomes`` and ``external_ids`` (empty where none) have its length.

    ``reasons`` and ``evidence`` name the positions that differ from ``common``, the evidence that all others share; ``waits`` those for
    whom the peer itself asked for a pause, as ``Receipt.retry_after``.
    """

    outcomes: list[Outcome]
    external_ids: list[str]
    common: str = ""
    reasons: dict[int, Reason] = field(default_factory=dict)
    evidence: dict[int, str] = field(default_factory=dict)
    waits: dict[int, timedelta] = field(default_factory=dict)


@runtime_checkable
class CrowdSender(Protocol):
    """A Sender with a lane for crowds. Rules as for ``send``: one outcome per address, a dead gateway is RETRY, never an exception."""

    async def send_crowd(self, crowd: Crowd) -> CrowdReceipt: ...


async def send_crowd(sender: ChannelSender, crowd: Crowd) -> CrowdReceipt:
    """Hand a crowd to a channel by the fastest way it has."""
    if isinstance(sender, CrowdSender):
        return await sender.send_crowd(crowd)
    return folded(await sender.send([crowd.single(position) for position in range(len(crowd.addresses))]))


def folded(receipts: Sequence[Receipt]) -> CrowdReceipt:
    """Receipts of single messages, in order, as one."""
    return CrowdReceipt(
        outcomes=[receipt.outcome for receipt in receipts],
        external_ids=[receipt.external_id for receipt in receipts],
        reasons={i: receipt.reason for i, receipt in enumerate(receipts) if receipt.reason is not None},
        evidence={i: receipt.evidence for i, receipt in enumerate(receipts) if receipt.evidence},
        waits={i: receipt.retry_after for i, receipt in enumerate(receipts) if receipt.retry_after is not None},
    )
