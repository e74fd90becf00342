"""Word: short messages to one person that are no warnings (codes, answers to LIST and STOP, duties), sent by the workers, with receipts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from channels.message import Lane, Message
from channels.port import ChannelSender
from warning.clock import Clock
from warning.dispatch.compose import SIGNATURE
from warning.dispatch.delivery import RetryPolicy, Step, after_receipt
from warning.dispatch.gate import Gates
from warning.dispatch.kind import MACHINES, kind_of

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


def word_id(key: str) -> int | None:
    """Which word a late receipt's key means; None when it is none's."""
    number = key.removeprefix(KEY)
    return int(number) if key.startswith(KEY) and number.isdecimal() and len(number) < 19 else None


class WordLedger(Protocol):
    async def due(self, *, channels: Sequence[str], now: datetime, lease: timedelta) -> list[DueWord]: ...

    async def settle(self, steps: Mapping[int, Step], *, now: datetime) -> None: ...


class WordDesk:
    """Runs in every worker; what is due is read from the ledger each time."""

    def __init__(self, ledger: WordLedger, *, kinds: Mapping[str, str], clock: Clock, policy: RetryPolicy, gates: Gates | None = None) -> None:
        self._ledger = ledger
        self._gates = Gates() if gates is None else gates
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
                one.id: after_receipt(receipt, attempts=one.attempts, now=now, expires=one.word.expires, policy=self._gates.policy(channel, self._policy))
                for one, receipt in zip(mine, receipts, strict=True)}, now=now)
        return len(due)

    def _message(self, one: DueWord) -> Message:
        word, key = one.word, f"{KEY}{one.id}"
        kind = kind_of(word.channel, self._kinds)
        before = SIGNATURE if kind == "sms" else ""
        status: Literal["Actual", "Exercise"] = "Actual" if word.lane == "actual" else "Exercise"
        link = word.text.rsplit("\n", 1)[-1]
        program = kind in MACHINES
        body = json.dumps({
            "type": "word", "key": key, "status": status, "headline": word.subject, "text": word.text, "sent": word.at.isoformat(),
            **({"url": link} if link.startswith(("http://", "https://")) else {})}, ensure_ascii=False).encode() if program else b""
        return Message(
            body=body, content_type="application/json" if program else "", key=key, address=word.address, subject=word.subject, text=before + word.text, language=word.language, identifier=key, event=key,
            version=1, msg_type="Alert", status=status, priority=2, sent=word.at, expires=word.expires)
