"""Pulse: messages that no person sees, sent all the time, so that a dead way out is known before it is needed."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from channels.message import Lane, Message, Outcome, Receipt
from channels.port import ChannelSender
from warning.clock import Clock
from warning.heartbeat import Heartbeat, document

log = structlog.get_logger()

KEY = "pulse/"
"""Every key begins with it: late receipts of pulses are nobody's deliveries."""
PATIENCE_S = 30.0
_LOOK_S = 1.0
_TEST = "[测试 TEST] 通道自检，请忽略。Channel self-test, please ignore."

Kind = Literal["canary", "heartbeat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What is sent to whom how often. ``target`` names it in the ledger, never the address."""

    kind: Kind
    target: str
    channel: str
    address: str
    lane: Lane
    every_s: float
    secret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How it went: ``well`` needs the channel's own acceptance."""

    well: bool
    evidence: str
    latency_s: float


class PulseLedger(Protocol):
    async def claim(self, beat: Beat) -> bool: ...

    async def record(self, beat: Beat, answer: Answer) -> None: ...

    async def heartbeat(self, *, status: str, every_s: float) -> Heartbeat: ...


class PulseKeeper:
    """Runs in every worker; the ledger gives each beat to one of them."""

    def __init__(self, ledger: PulseLedger, senders: Mapping[str, ChannelSender], beats: Sequence[Beat], *, clock: Clock, status: str) -> None:
        self._ledger = ledger
        self._senders = senders
        self._beats = beats
        self._clock = clock
        self._status = status
        self._due = {(beat.kind, beat.target): 0.0 for beat in beats}

    async def keep_beating(self) -> None:
        """Until cancelled; a database that is away is waited for."""
        while True:
            try:
                await self.look()
            except SQLAlchemyError as error:
                log.warning("canaries and heartbeats wait for the database", error=type(error).__name__)
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> int:
        """Send what is due and not another worker's; returns how many were sent."""
        now = time.monotonic()
        due = [beat for beat in self._beats if self._due[beat.kind, beat.target] <= now]
        mine = []
        for beat in due:
            # Asked again well before the next is due, so that it comes in time when the worker that sends it dies.
            self._due[beat.kind, beat.target] = now + beat.every_s / 12
            if await self._ledger.claim(beat):
                mine.append(beat)
        answers = await asyncio.gather(*(self._sent(beat) for beat in mine), return_exceptions=True)
        for beat, answer in zip(mine, answers, strict=True):
            if isinstance(answer, asyncio.CancelledError):
                raise answer
            if isinstance(answer, BaseException):
                answer = Answer(well=False, evidence=f"the channel failed while sending: {type(answer).__name__}", latency_s=0.0)
            await self._ledger.record(beat, answer)
        return len(mine)

    async def _sent(self, beat: Beat) -> Answer:
        sender = self._senders.get(beat.channel)
        if sender is None:
            return Answer(well=False, evidence="this worker has no such channel", latency_s=0.0)
        message = self_test(beat, at=self._clock.now())
        if beat.kind == "heartbeat":
            body = document(await self._ledger.heartbeat(status=self._status, every_s=beat.every_s))
            message = replace(message, subject="heartbeat", text="", body=body, content_type="application/json")
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE_S):
                [receipt] = await sender.send([message])
        except TimeoutError:
            return Answer(well=False, evidence=f"no answer within {PATIENCE_S:g} s", latency_s=PATIENCE_S)
        return _answer(receipt, time.monotonic() - began)


def self_test(beat: Beat, *, at: datetime) -> Message:
    """A message that says of itself that it is a test; it travels in the channel's lane as a warning would."""
    return Message(
        key=f"{KEY}{beat.kind}/{beat.target}/{at.timestamp():.0f}", address=beat.address, subject="TEST", text=_TEST, language="zh-CN",
        identifier=beat.kind, event=beat.kind, version=1, msg_type="Alert", status="Actual" if beat.lane == "actual" else "Exercise", priority=1,
        sent=at, expires=at + timedelta(days=1), secret=beat.secret)


def _answer(receipt: Receipt, latency_s: float) -> Answer:
    well = receipt.outcome in (Outcome.ACCEPTED, Outcome.DELIVERED)
    said = receipt.evidence or (receipt.reason.value if receipt.reason else receipt.outcome.value)
    return Answer(well=well, evidence=said[:200], latency_s=latency_s)
