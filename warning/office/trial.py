"""Trial: a test message that an office asks for, really sent, so that it knows before a warning that it will be reached.

    from      to         on what
    --------  ---------  ----------------------------------------------------------
    (new)     waiting    somebody of the office asked for it
    waiting   claimed    a worker took it
    claimed   accepted   the channel's own answer (also rejected, retry, unknown: as it said)
    claimed   unknown    the worker ended before an answer; a test is not sent twice
    accepted  delivered  a handset receipt

Who opens its link, presses its button or key, or writes back has answered it; that is kept beside the state. It is no alert in any ledger.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from channels.message import Message, Outcome, Reason, Receipt
from channels.port import ChannelSender
from warning import cap, capxml
from warning.answer.call import token
from warning.clock import Clock
from warning.dispatch.compose import SIGNATURE
from warning.dispatch.kind import MACHINES, WITH_LINK, Kinds, kind_of
from warning.office.work import DueTrial

log = structlog.get_logger()

KEY = "trial/"
"""Every key begins with it: late receipts of trials are nobody's deliveries."""
PATIENCE_S = 60.0
VALID = timedelta(hours=1)
_LOOK_S = 1.0
_WORDS = {
    "zh-CN": ("【测试】接收测试", "【测试】这是接收测试，不是预警，请勿采取防御行动。"),
    "en-US": ("[TEST] reception test", "[TEST] This is a reception test, not a warning. Take no action."),
}
_LISTED = {
    "zh-CN": ("【测试】叫应名录联系测试", "【测试】这是叫应名录的联系测试，不是预警，无须采取任何行动。"),
    "en-US": ("[TEST] contact test of the duty roster", "[TEST] This is a contact test of the duty roster, not a warning. Take no action."),
}
_WRITE_BACK = {"zh-CN": "请回复“收到”，或打开链接：", "en-US": "Reply OK, or open: "}
_CONFIRM = {"zh-CN": "请打开链接确认收到：", "en-US": "Open the link to confirm: "}


def trial_id(key: str) -> UUID | None:
    """Which test a late receipt's key means; None when it is none's."""
    try:
        return UUID(key.removeprefix(KEY)) if key.startswith(KEY) else None
    except ValueError:
        return None


class TrialLedger(Protocol):
    async def claim_trials(self, channels: Sequence[str], *, lease: timedelta) -> list[DueTrial]: ...

    async def settle_trial(self, trial_id: UUID, receipt: Receipt) -> None: ...


class TrialKeeper:
    """Runs in every worker; the ledger gives each test to one of them that has its channel."""

    def __init__(self, ledger: TrialLedger, *, clock: Clock, kinds: Kinds, secret: str, public_url: str) -> None:
        self._ledger = ledger
        self._senders: dict[str, ChannelSender] = {}
        self._clock = clock
        self._kinds = kinds
        self._secret = secret
        self._public_url = public_url.rstrip("/")

    def attach(self, channel: str, sender: ChannelSender) -> None:
        """The bare sender: what a test costs is no measure of how fast warnings go."""
        self._senders[channel] = sender

    async def keep_trying(self) -> None:
        """Until cancelled; a database that is away is waited for."""
        while True:
            try:
                await self.look()
            except SQLAlchemyError as error:
                log.warning("test messages wait for the database", error=type(error).__name__)
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> int:
        """Send what was asked for; returns how many."""
        due = await self._ledger.claim_trials(sorted(self._senders), lease=timedelta(seconds=2 * PATIENCE_S))
        for one, said in zip(due, await asyncio.gather(*(self._sent(one) for one in due), return_exceptions=True), strict=True):
            if isinstance(said, asyncio.CancelledError):
                raise said
            if isinstance(said, BaseException):
                log.warning("a channel failed with a test message", channel=one.channel, error=type(said).__name__)
                said = Receipt(key=f"{KEY}{one.id}", outcome=Outcome.UNKNOWN, at=self._clock.now(), reason=Reason.TIMEOUT,
                               evidence=f"the channel failed while sending: {type(said).__name__}")
            await self._ledger.settle_trial(one.id, said)
        return len(due)

    async def _sent(self, due: DueTrial) -> Receipt:
        now, began = self._clock.now(), time.monotonic()
        message = trial_message(
            due, kind=kind_of(due.channel, self._kinds), link=f"{self._public_url}/api/test-ack/{token(self._secret, due.id)}", now=now)
        try:
            async with asyncio.timeout(PATIENCE_S):
                [receipt] = await self._senders[due.channel].send([message])
        except TimeoutError:
            receipt = Receipt(key=message.key, outcome=Outcome.UNKNOWN, at=now, reason=Reason.TIMEOUT, evidence=f"no answer within {PATIENCE_S:g} s")
        return receipt if receipt.seconds is not None else replace(receipt, seconds=time.monotonic() - began)


def trial_message(due: DueTrial, *, kind: str, link: str, now: datetime) -> Message:
    """It says of itself that it is a test, in every form; it travels in its subscription's lane, as a warning would."""
    subject, words = (_LISTED if due.listed else _WORDS)[due.language]
    ask = "\n" if kind == "voice" else (_WRITE_BACK if due.listed and kind == "sms" else _CONFIRM)[due.language]
    text = (SIGNATURE if kind == "sms" else "") + words + (f"{ask}{link}" if kind in WITH_LINK else "")
    key, until = f"{KEY}{due.id}", now + VALID
    body, content_type = b"", ""
    if kind in MACHINES and due.form == "cap":
        body, content_type = _document(due, key, subject, words, now), capxml.CONTENT_TYPE
    elif kind in MACHINES:
        body, content_type = json.dumps({
            "type": "test", "key": key, "status": "Test", "name": due.name, "headline": subject, "text": words, "sent": now.isoformat(),
            "expires": until.isoformat(), "ack_url": link}, ensure_ascii=False).encode(), "application/json"
    return Message(
        key=key, address=_aside(due.address) if kind in ("mqtt", "display") else due.address, subject=subject, text=text, language=due.language,
        identifier="test", event="test", version=1, msg_type="Alert", status="Actual" if due.lane == "actual" else "Exercise", priority=1,
        sent=now, expires=until, body=body, content_type=content_type, secret=due.secret, former_secret=due.former_secret,
        ack_url=link if kind in MACHINES else "")


def _aside(topic: str) -> str:
    """A topic keeps one message, and a test must not wipe a warning from it: tests lie beside, under …/test."""
    return topic.replace("/{issuer}/{hazard}", "") + "/test"


def _document(due: DueTrial, key: str, subject: str, words: str, now: datetime) -> bytes:
    """A CAP document of status Test, unsigned: it proves that documents arrive and are read."""
    return capxml.write(cap.Alert(
        identifier=key.replace("/", "."), sender="xiaoxishu", sent=now.replace(microsecond=0), status="Test", msg_type="Alert", scope="Public",
        infos=(cap.Info(
            event="test", categories=("Other",), urgency="Unknown", severity="Unknown", certainty="Unknown", language=due.language,
            expires=(now + VALID).replace(microsecond=0), headline=subject, description=words),)))
