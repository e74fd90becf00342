"""Word: short messages to one person that are no warnings (codes, answers to LIST and STOP), sent by the workers, with receipts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from channels.message import Lane, Message, Outcome, Reason, Receipt
from channels.port import ChannelSender
from warning.clock import Clock
from warning.dispatch.compose import SIGNATURE
from warning.dispatch.delivery import RetryPolicy, Step, after_receipt
from warning.dispatch.kind import kind_of

KEY = "word."
"""How the keys of these messages begin: late receipts under them are nobody's delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWord:
    """Before it is stored; the address and the text never reach a log."""

    lane: Lane
    channel: str
    address: str = field(repr=False)
    subject: str
    text: str = field(repr=False)
    language: str
    at: datetime
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DueWord:
    """One that this worker has claimed."""

    id: int
    word: NewWord
    attempts: int


class WordLedger(Protocol):
    async def due(self, *, channels: Sequence[str], now: datetime, lease: timedelta) -> list[DueWord]: ...

    async def settle(self, steps: Mapping[int, Step], *, now: datetime) -> None: ...

    async def heard(self, word_id: int, *, delivered: bool, reason: str, evidence: str, now: datetime) -> None: ...


class WordDesk:
    """Runs in every worker; what is due is read from the ledger each time."""

    def __init__(self, ledger: WordLedger, *, kinds: Mapping[str, str], clock: Clock, policy: RetryPolicy) -> None:
        self._ledger = ledger
        self._kinds = dict(kinds)
        self._clock = clock
        self._policy = policy
        self._senders: dict[str, ChannelSender] = {}

    def attach(self, channel: str, sender: ChannelSender) -> None:
        """Give the desk a way out. A process without any sends nothing."""
        self._senders[channel] = sender

    async def send_due(self) -> int:
        """Send what waits, channel by channel; returns how many were handed over. A worker that dies in between loses none: the lease ends."""
        if not self._senders:
            return 0
        due = await self._ledger.due(channels=list(self._senders), now=self._clock.now(), lease=self._policy.lease)
        for channel in sorted({one.word.channel for one in due}):
            mine = [one for one in due if one.word.channel == channel]
            receipts = await self._senders[channel].send([self._message(one) for one in mine])
            now = self._clock.now()
            await self._ledger.settle({
                one.id: after_receipt(receipt, attempts=one.attempts, now=now, expires=one.word.expires, policy=self._policy)
                for one, receipt in zip(mine, receipts, strict=True)}, now=now)
        return len(due)

    async def on_receipt(self, receipt: Receipt) -> None:
        """What the handset's network said later."""
        number = receipt.key.removeprefix(KEY)
        if number.isdecimal() and receipt.outcome in (Outcome.DELIVERED, Outcome.REJECTED):
            reason = receipt.reason or Reason.REFUSED
            await self._ledger.heard(int(number), delivered=receipt.outcome is Outcome.DELIVERED, reason=reason.value, evidence=receipt.evidence,
                                     now=self._clock.now())

    def _message(self, one: DueWord) -> Message:
        word, key = one.word, f"{KEY}{one.id}"
        before = SIGNATURE if kind_of(word.channel, self._kinds) == "sms" else ""
        return Message(
            key=key, address=word.address, subject=word.subject, text=before + word.text, language=word.language, identifier=key, event=key,
            version=1, msg_type="Alert", status="Actual" if word.lane == "actual" else "Exercise", priority=2, sent=word.at, expires=word.expires)
