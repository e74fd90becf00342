"""What all SMS channels do: refuse what cannot be sent, cut texts, submit crowds and single messages, and say what became of them."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from zlib import crc32

from pydantic import Field

from channels.crowd import Crowd, CrowdReceipt
from channels.message import Limits, Message, Outcome, Reason, Receipt, Reply, Reports
from channels.port import ChannelOptions, Doors, Health, refusal
from channels.wire.dialect import Dialect, Template
from channels.wire.load import Load
from channels.wire.part_reports import DELIVERED, Joined
from channels.wire.sms_session import Endpoint, Incoming, Session, Word
from channels.wire.sms_tally import Tally
from channels.wire.sms_text import UCS2_PART_CHARS, UCS2_SINGLE_CHARS, SmsText
from channels.wire.sms_verdict import evidence, final, verdict

_NO_NUMBER = "the address is not a telephone number that this gateway serves (country code first, as in 8613800138000): correct it in the register"
_MOST_VERDICTS = 1000
_BATCH = 1000  # a fiftieth of a second at full speed

_Wanted = tuple[str, bool]
"""A text, and whether it is to flash: what decides how it is cut."""


class SmsOptions(ChannelOptions):
    """What every SMS account can be told."""

    host: str = Field(min_length=1, description="host name or address of the gateway")
    window: int = Field(default=10, ge=1, le=10_000, description="submits that may be unanswered at one time, by agreement with the gateway")
    rate_per_s: float = Field(default=0.0, ge=0, description="speed of the contract, SMS parts a second; 0 = as fast as the window allows")
    max_parts: int = Field(default=6, ge=1, le=255, description="longest message, in SMS parts of 67 Chinese characters (70 if there is one part)")
    flash: bool = Field(default=False, description="send as class 0: shown at once over whatever is on the screen, and kept by no handset")
    reconnect_max_s: float = Field(default=30.0, gt=0, description="longest pause between two attempts to connect, seconds")
    remember_s: float = Field(default=7200.0, gt=0, description="how long a part's gateway id is remembered here; later reports are resolved by the desk")
    report_within_s: float = Field(default=120.0, gt=0, description="messages without a report after so many seconds count against the gateway's health")


class SmsChannel:
    """One logged-in session. A channel's own file adds its options and its dialect."""

    def __init__(self, options: SmsOptions, doors: Doors, dialect: Dialect, *, port: int, probe_after_s: float, reports: bool) -> None:
        self._options, self._doors, self._dialect = options, doors, dialect
        self._verdicts: dict[tuple[int, ...], tuple[Outcome, Reason | None, str]] = {}
        self._tally = Tally(report_within_s=options.report_within_s, reports=reports)
        self._session = Session(
            dialect,
            Endpoint(host=options.host, port=port, window=options.window, rate_per_s=options.rate_per_s, timeout_s=options.timeout_s,
                     probe_after_s=probe_after_s, reconnect_max_s=options.reconnect_max_s, remember_s=options.remember_s,
                     expects_reports=reports),
            on_words=self._hear, on_text=self._hear_text)

    @property
    def limits(self) -> Limits:
        parts = self._options.max_parts
        return Limits(max_chars=UCS2_SINGLE_CHARS if parts == 1 else parts * UCS2_PART_CHARS, batch=_BATCH)

    async def open(self) -> None:
        """Connect and log in; a dead gateway is tried again in the background."""
        await self._session.open()

    async def close(self) -> None:
        """Log out; a second call does nothing."""
        await self._session.close()

    def health(self) -> Health:
        """The last hour of this gateway, and in words what is wrong with it."""
        return self._tally.health(asyncio.get_running_loop().time(), trouble=self.trouble)

    @property
    def trouble(self) -> str:
        """Why nothing leaves, or no report can come; empty when all is well."""
        return self._session.trouble

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """One receipt per message, in order; returns when every part has its answer or is given up."""
        now = self._doors.now()
        receipts: dict[int, Receipt] = {}
        texts: dict[_Wanted, SmsText] = {}
        shared: dict[tuple[str, int, datetime, bool], list[Template]] = {}
        runs: list[tuple[int, int, list[int], list[bytes]]] = []  # parts, priority, places, bodies: neighbours of equal parts are one load
        for place, message in enumerate(messages):
            refused = self._refuse(message, now, texts)
            if refused is not None:
                receipts[place] = refused
                continue
            text = texts[self._wanted(message)]
            if not runs or runs[-1][:2] != (len(text.pieces), message.priority):
                runs.append((len(text.pieces), message.priority, [], []))
            runs[-1][2].append(place)
            same = (message.text, message.priority, message.expires, message.flash)
            templates = shared.get(same)
            if templates is None:
                templates = self._templates(message, text)
                if not text.concatenated:  # nothing in it is this message's own
                    shared[same] = templates
            number = self._dialect.number(message.address.removeprefix("+"))
            runs[-1][3].extend([before + number + after for before, after in templates])
        loads = await asyncio.gather(*(
            self._submit([messages[place].key for place in places].__getitem__, bodies, parts=parts, priority=priority)
            for parts, priority, places, bodies in runs))
        now = self._doors.now()
        for load, (_, _, places, _) in zip(loads, runs, strict=True):
            for index, place in enumerate(places):
                outcome, reason, words = self._said(load.answers(index))
                receipts[place] = Receipt(key=messages[place].key, outcome=outcome, at=now, reason=reason, evidence=words,
                                          external_id=load.external_id(index))
        return [receipts[place] for place in range(len(messages))]

    async def send_crowd(self, crowd: Crowd) -> CrowdReceipt:
        """One text for many numbers: encoded once, each submit a template with a number put in."""
        addresses = crowd.addresses
        said = CrowdReceipt(outcomes=[Outcome.REJECTED] * len(addresses), external_ids=[""] * len(addresses))
        fits = self._dialect.numbers.fullmatch
        places = [place for place, address in enumerate(addresses) if fits(address)]
        for place in set(range(len(addresses))).difference(places) if len(places) < len(addresses) else ():
            said.reasons[place], said.evidence[place] = Reason.BAD_ADDRESS, _NO_NUMBER
        now = self._doors.now()
        texts: dict[_Wanted, SmsText] = {}
        refused = refusal(crowd.message, lane=self._options.lane, now=now) or self._fit(crowd.message, now, texts)
        if refused is not None:
            said.common = refused.evidence
            said.reasons |= dict.fromkeys(places, refused.reason or Reason.REFUSED)
            return said
        templates = self._templates(crowd.message, texts[self._wanted(crowd.message)])
        number = self._dialect.number
        fields = [number(addresses[place].removeprefix("+")) for place in places]
        bodies = [before + field + after for field in fields for before, after in templates]
        load = await self._submit(lambda index: crowd.key(places[index]), bodies, parts=len(templates), priority=crowd.message.priority)
        _, _, said.common = self._said((0,) * load.parts)
        all_accepted = not any(load.statuses)
        for index, place in enumerate(places):
            said.external_ids[place] = load.external_id(index)
            outcome, reason, words = (Outcome.ACCEPTED, None, "") if all_accepted else self._said(load.answers(index))
            said.outcomes[place] = outcome
            if outcome is not Outcome.ACCEPTED:
                said.evidence[place] = words
            if reason is not None:
                said.reasons[place] = reason
        return said

    async def _submit(self, key_of: Callable[[int], str], bodies: Sequence[bytes], *, parts: int, priority: int) -> Load:
        now_s = asyncio.get_running_loop().time()
        load = await self._session.submit(key_of, bodies, parts=parts, priority=priority, cohort=self._tally.cohort(now_s))
        if load.statuses and max(load.statuses) >= 0:
            self._tally.last_answer_at = self._doors.now()
        return load

    def _refuse(self, message: Message, now: datetime, texts: dict[_Wanted, SmsText]) -> Receipt | None:
        """The receipt of what cannot be sent; otherwise its text is in ``texts``, cut once for all who get the same words."""
        fence = refusal(message, lane=self._options.lane, now=now)
        if fence is not None:
            return fence
        if not self._dialect.numbers.fullmatch(message.address):
            return Receipt(key=message.key, outcome=Outcome.REJECTED, at=now, reason=Reason.BAD_ADDRESS, evidence=_NO_NUMBER)
        return self._fit(message, now, texts)

    def _fit(self, message: Message, now: datetime, texts: dict[_Wanted, SmsText]) -> Receipt | None:
        wanted = self._wanted(message)
        text = texts.get(wanted)
        if text is None:
            try:
                text = texts[wanted] = self._dialect.cut(message.text, flash=wanted[1])
            except ValueError as error:
                return Receipt(key=message.key, outcome=Outcome.REJECTED, at=now, reason=Reason.TOO_LONG, evidence=str(error))
        if len(text.pieces) > self._options.max_parts:
            few = self._dialect.misfits(message.text)
            hint = f", or write it without {' '.join(few)}, for which every part holds less than half" if few else ""
            return Receipt(key=message.key, outcome=Outcome.REJECTED, at=now, reason=Reason.TOO_LONG,
                           evidence=f"the text needs {len(text.pieces)} SMS parts, {self._options.max_parts} are allowed: shorten it{hint}")
        return None

    def _wanted(self, message: Message) -> _Wanted:
        return message.text, self._options.flash or message.flash

    def _templates(self, message: Message, text: SmsText) -> list[Template]:
        # The same reference on every attempt: a handset that has half of an earlier attempt can complete it.
        return self._dialect.templates(text, ref=crc32(message.key.encode()), priority=message.priority, expires=message.expires,
                                       flash=self._wanted(message)[1])

    def _said(self, statuses: tuple[int, ...]) -> tuple[Outcome, Reason | None, str]:
        """Nearly every message of a batch is answered alike: work it out once."""
        found = self._verdicts.get(statuses)
        if found is None:
            if len(self._verdicts) >= _MOST_VERDICTS:
                self._verdicts.clear()
            found = self._verdicts[statuses] = (*verdict(statuses, self._dialect.faults), evidence(statuses, self._dialect.said))
        outcome, reason, words = found
        trouble = "" if outcome is Outcome.ACCEPTED else self.trouble
        return outcome, reason, f"{words}; {trouble}" if trouble else words

    # What comes later

    async def _hear(self, words: Sequence[Word]) -> None:
        now, cohort = self._doors.now(), self._tally.cohort(asyncio.get_running_loop().time())
        groups: dict[tuple[str, int], tuple[list[str], list[str]]] = {}
        for word in words:
            if isinstance(word, Joined):
                keys, ids = groups.setdefault((word.stat, word.load.parts), ([], []))
                keys.append(word.load.key_of(word.message))
                ids.append(word.load.external_id(word.message))
            else:
                keys, ids = groups.setdefault((word.stat, 0), ([], []))
                keys.append("")
                ids.append(word.message_id)
                cohort.strays += word.stat == DELIVERED
        reports = []
        for (stat, parts), (keys, ids) in groups.items():
            outcome, reason = final(stat)
            of = " of one part" if not parts else f" ×{parts}" if stat == DELIVERED else ""
            reports.append(Reports(outcome=outcome, at=now, reason=reason, keys=keys, external_ids=ids,
                                   evidence=f"{self._dialect.report_word} stat:{stat}{of}"))
        await self._doors.on_reports(reports)

    async def _hear_text(self, text: Incoming) -> None:
        await self._doors.on_reply(Reply(channel="sms", address=text.source.removeprefix("+"), text=text.text, at=self._doors.now()))
