"""SMS over SMPP 3.4: accepted when the gateway answered every part, delivered when it reported every part from the handset."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Self
from zlib import crc32

from pydantic import Field, SecretStr, model_validator

from channels.message import Limits, Message, Outcome, Reason, Receipt, Reply
from channels.port import ChannelOptions, Doors, refusal
from channels.wire.part_reports import DELIVERED, Joined
from channels.wire.smpp import Account, Event, SmppClient, StrayReport
from channels.wire.smpp_link import HELD_BACK, NO_ANSWER, Submission
from channels.wire.smpp_pdu import UDHI, Status, address_field, message_tail, validity
from channels.wire.sms_text import UCS2_PART_CHARS, UCS2_SINGLE_CHARS, SmsText, encode

_NUMBER = re.compile(r"\+?[1-9]\d{6,14}", re.ASCII)  # ITU-T E.164: at most 15 digits, no leading zero

# What a refused submit means for the operator; every other code is REJECTED, REFUSED.
_FAULTS: dict[int, tuple[Outcome, Reason]] = {
    Status.THROTTLED: (Outcome.RETRY, Reason.RATE_LIMITED),
    Status.QUEUE_FULL: (Outcome.RETRY, Reason.RATE_LIMITED),
    Status.NOT_BOUND: (Outcome.RETRY, Reason.UNREACHABLE),
    Status.SYSTEM_ERROR: (Outcome.RETRY, Reason.REFUSED),
    Status.TEMPORARY_APP_ERROR: (Outcome.RETRY, Reason.REFUSED),
    Status.INVALID_DESTINATION: (Outcome.REJECTED, Reason.BAD_ADDRESS),
    Status.INVALID_LENGTH: (Outcome.REJECTED, Reason.TOO_LONG),
}
_FINAL_STATES = {"EXPIRED": Reason.EXPIRED, "UNDELIV": Reason.UNREACHABLE}


class Options(ChannelOptions):
    """One account at one SMPP gateway."""

    host: str = Field(min_length=1, description="host name or address of the gateway (SMSC)")
    port: int = Field(ge=1, le=65535, description="its TCP port; by agreement, often 2775")
    system_id: str = Field(min_length=1, max_length=15, description="the account's name at the gateway")
    password: SecretStr = Field(description="the account's password")
    source: str = Field(min_length=1, max_length=20, description="the sender that handsets show: digits of a number or short code, or a name")
    window: int = Field(default=10, ge=1, le=10_000, description="submits that may be unanswered at one time, by agreement with the gateway")
    max_parts: int = Field(default=6, ge=1, le=255, description="longest message, in SMS parts of 67 Chinese characters (70 if there is one part)")
    registered_delivery: bool = Field(default=True, description="ask the gateway for a delivery report of each part")
    enquire_link_s: float = Field(default=30.0, gt=0, description="ask whether the gateway still lives after so many seconds of silence")
    reconnect_max_s: float = Field(default=30.0, gt=0, description="longest pause between two attempts to connect, seconds")
    remember_s: float = Field(default=7200.0, gt=0, description="how long a part's gateway id is remembered here; later reports are resolved by the desk")

    @model_validator(mode="after")
    def _a_name_is_short(self) -> Self:
        if not self.source.isdigit() and (len(self.source) > 11 or not self.source.isascii()):
            raise ValueError("source: a name has at most 11 ASCII characters (a number may have 20 digits)")
        return self


class Sender:
    """One bound SMPP session."""

    def __init__(self, options: Options, doors: Doors) -> None:
        self._options, self._doors = options, doors
        self._from = b"\0" + address_field(options.source)  # service type and sender are the same for all
        self._client = SmppClient(
            Account(host=options.host, port=options.port, system_id=options.system_id, password=options.password.get_secret_value(),
                    window=options.window, timeout_s=options.timeout_s, enquire_link_s=options.enquire_link_s,
                    reconnect_max_s=options.reconnect_max_s, remember_s=options.remember_s,
                    expects_reports=options.registered_delivery),
            on_event=self._hear,
        )

    @property
    def limits(self) -> Limits:
        parts = self._options.max_parts
        return Limits(max_chars=UCS2_SINGLE_CHARS if parts == 1 else parts * UCS2_PART_CHARS)

    async def open(self) -> None:
        """Connect and bind; a dead gateway is tried again in the background."""
        await self._client.open()

    async def close(self) -> None:
        """Unbind; a second call does nothing."""
        await self._client.close()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """One receipt per message, in order; returns when every part has its answer or is given up."""
        now = self._doors.now()
        receipts: list[Receipt | None] = []
        ready: list[tuple[str, list[bytes]]] = []
        texts: dict[str, SmsText] = {}
        valid: dict[datetime, bytes] = {}
        for message in messages:
            receipt = self._refuse(message, now, texts)
            receipts.append(receipt)
            if receipt is None:
                if message.expires not in valid:
                    valid[message.expires] = validity(message.expires)
                ready.append((message.key, self._bodies(message, texts[message.text], valid[message.expires])))
        settled = iter(await self._client.submit(ready))
        now = self._doors.now()
        return [receipt or self._receipt(next(settled), now) for receipt in receipts]

    def _refuse(self, message: Message, now: datetime, texts: dict[str, SmsText]) -> Receipt | None:
        """The receipt of what cannot be sent; otherwise its text is in ``texts``, cut once for all who get the same words."""
        fence = refusal(message, lane=self._options.lane, now=now)
        if fence is not None:
            return fence
        if not _NUMBER.fullmatch(message.address):
            return Receipt(key=message.key, outcome=Outcome.REJECTED, at=now, reason=Reason.BAD_ADDRESS,
                           evidence="the address is not a telephone number in E.164 digits")
        text = texts.get(message.text)
        if text is None:
            try:
                text = texts[message.text] = encode(message.text)
            except ValueError as error:
                return Receipt(key=message.key, outcome=Outcome.REJECTED, at=now, reason=Reason.TOO_LONG, evidence=str(error))
        if len(text.pieces) > self._options.max_parts:
            return Receipt(key=message.key, outcome=Outcome.REJECTED, at=now, reason=Reason.TOO_LONG,
                           evidence=f"the text needs {len(text.pieces)} SMS parts, {self._options.max_parts} are allowed: shorten it")
        return None

    def _bodies(self, message: Message, text: SmsText, valid: bytes) -> list[bytes]:
        head = self._from + address_field(message.address.removeprefix("+"))
        # The same reference on every attempt: a handset that has half of an earlier attempt can complete it.
        return [
            head + message_tail(part, esm_class=UDHI if text.concatenated else 0, priority=min(max(message.priority - 1, 0), 3),
                                valid=valid, registered=int(self._options.registered_delivery), data_coding=text.data_coding)
            for part in text.parts(ref=crc32(message.key.encode()))
        ]

    def _receipt(self, submission: Submission, now: datetime) -> Receipt:
        outcome, reason, evidence = _said(tuple(submission.statuses))
        if outcome is not Outcome.ACCEPTED and self._client.trouble:
            evidence = f"{evidence}; {self._client.trouble}"
        return Receipt(key=submission.key, outcome=outcome, at=now, reason=reason, evidence=evidence,
                       external_id=",".join(filter(None, submission.ids)))

    async def _hear(self, event: Event) -> None:
        now = self._doors.now()
        if isinstance(event, Joined):
            outcome, reason = _final(event.stat)
            await self._doors.on_receipt(Receipt(key=event.key, outcome=outcome, at=now, reason=reason, external_id=",".join(event.ids),
                                                 evidence=f"deliver_sm stat:{event.stat}" + (f" ×{len(event.ids)}" if event.stat == DELIVERED else "")))
        elif isinstance(event, StrayReport):
            outcome, reason = _final(event.stat)
            await self._doors.on_receipt(Receipt(key="", outcome=outcome, at=now, reason=reason, external_id=event.message_id,
                                                 evidence=f"deliver_sm stat:{event.stat} of one part"))
        else:
            await self._doors.on_reply(Reply(channel="sms", address=event.source.removeprefix("+"), text=event.text, at=now))


def verdict(statuses: Sequence[int]) -> tuple[Outcome, Reason | None]:
    """What the answers to the parts say of the whole message.

    ====================================  =======================================================
    every part accepted                   ACCEPTED
    a part refused for good               REJECTED with its reason
    a part refused for now, or held back  RETRY with its reason
    a part not sent                       RETRY, UNREACHABLE (the handset cannot have all of it)
    a part sent and never answered        UNKNOWN, TIMEOUT
    ====================================  =======================================================
    """
    faults = [_FAULTS.get(s, (Outcome.REJECTED, Reason.REFUSED)) for s in statuses if s > 0]
    for outcome in (Outcome.REJECTED, Outcome.RETRY):
        for fault in faults:
            if fault[0] is outcome:
                return fault
    if HELD_BACK in statuses:
        return Outcome.RETRY, Reason.RATE_LIMITED
    if all(s == Status.OK for s in statuses):
        return Outcome.ACCEPTED, None
    if all(s in (Status.OK, NO_ANSWER) for s in statuses):
        return Outcome.UNKNOWN, Reason.TIMEOUT
    return Outcome.RETRY, Reason.UNREACHABLE


def _final(stat: str) -> tuple[Outcome, Reason | None]:
    if stat == DELIVERED:
        return Outcome.DELIVERED, None
    if stat in ("UNKNOWN", ""):
        return Outcome.UNKNOWN, None
    return Outcome.REJECTED, _FINAL_STATES.get(stat, Reason.REFUSED)


@lru_cache(maxsize=256)
def _said(statuses: tuple[int, ...]) -> tuple[Outcome, Reason | None, str]:
    """Nearly every message of a batch is answered alike: work it out once."""
    return (*verdict(statuses), _evidence(statuses))


def _evidence(statuses: Sequence[int]) -> str:
    said: dict[str, int] = {}
    for status in statuses:
        word = (f"submit_sm_resp 0x{status:08x}" if status >= 0 else "no submit_sm_resp" if status == NO_ANSWER
                else "held back after throttling" if status == HELD_BACK else "not sent")
        said[word] = said.get(word, 0) + 1
    return ", ".join(word if count == 1 else f"{word} ×{count}" for word, count in said.items())
