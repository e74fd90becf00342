"""A small SMS centre for drills and tests: it takes logins and submits, sends delivery reports, and fails in the ways asked for.

SMPP 3.4 unless another ``Speech`` is given. It reads and answers in bulk: it is no slower than the client that it drills.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from struct import Struct
from typing import cast

from channels.wire.dialect import PduError
from channels.wire.smpp_speech import SmppSpeech
from channels.wire.sms_joiner import Joiner
from channels.wire.speech import Due, Ruling, Speech, Words
from channels.wire.token_bucket import TokenBucket

_START = Struct("!II")
_MOST_DUE = 1_000_000
_BULK = 2000  # reports in one go
_CALL_AGAIN_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How the centre misbehaves; none by default.

    ``dead`` cuts every connection; ``mute`` never answers a submit; ``black_hole`` accepts and never reports; ``throttle_every`` n answers each
    n-th submit with "slow down", ``rate_per_s`` those above a speed, ``pace_per_s`` answers no faster than that; ``refuse_prefixes`` are destinations refused as bad numbers;
    ``undelivered_prefixes`` are accepted and then reported UNDELIV; ``slow_s`` holds each answer back for so many seconds; ``hold_reports``
    keeps the reports until it is healed, ``early_reports`` sends each before the answer; ``repeat_reports`` sends each so many times more,
    ``reorder_reports`` the newest first; ``foreign_reports`` adds to each one the report of an id that nobody has.
    """

    dead: bool = False
    mute: bool = False
    black_hole: bool = False
    throttle_every: int = 0
    rate_per_s: float = 0.0
    pace_per_s: float = 0.0
    refuse_prefixes: tuple[str, ...] = ()
    undelivered_prefixes: tuple[str, ...] = ()
    slow_s: float = 0.0
    hold_reports: bool = False
    early_reports: bool = False
    repeat_reports: int = 0
    reorder_reports: bool = False
    foreign_reports: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """One whole message as a handset would show it."""

    source: str
    destination: str
    text: str
    parts: int
    validity: str
    flash: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Where a client listens for the reports of its account (empty: of every one), and the octets with which the centre logs in there."""

    account: str
    host: str
    port: int
    greeting: bytes


class Smsc:
    """The centre. ``received`` counts accepted parts, ``caught`` holds the last ``keep`` whole messages."""

    def __init__(
        self, *, now: Callable[[], datetime], accounts: dict[str, str] | None = None, receipt_delay_s: float = 0.05,
        faults: Faults | None = None, keep: int = 1000, speech: Speech | None = None,
        calls: Sequence[Call] = (),
    ) -> None:
        """``accounts`` maps names to passwords; None lets everyone in. ``keep`` 0 counts only, for long runs.

        ``calls``: where to take reports and replies, for protocols in which the centre connects to the client.
        """
        self._now, self._accounts, self._receipt_delay_s, self._keep = now, accounts, receipt_delay_s, keep
        self._speech: Speech = speech or SmppSpeech()
        self._calls, self._callers = calls, set[asyncio.Task[None]]()
        self._server: asyncio.Server | None = None
        self._sessions: set[_Session] = set()
        self._faults = Faults()
        self._bucket: TokenBucket | None = None
        self._joiner = Joiner()
        self._next_s = 0.0
        self._due: deque[Due] = deque(maxlen=_MOST_DUE)
        self._held: dict[str, deque[Due]] = {}  # reports for accounts that are not logged in now
        self._timer: asyncio.TimerHandle | None = None
        self.misbehave(faults or Faults())
        self.caught: deque[Caught] = deque(maxlen=keep)
        self.received = 0
        self.submits = 0
        self.reports_sent = 0
        self.acks = 0
        self.binds = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; gives the port (a free one for 0)."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Session(self, self._speech), host, port)
        self._callers = {asyncio.create_task(self._keep_calling(call), name="sms centre calls") for call in self._calls}
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and cut every connection. A second call does nothing."""
        server, self._server = self._server, None
        for caller in self._callers:
            caller.cancel()
        await asyncio.gather(*self._callers, return_exceptions=True)
        self._callers.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.cut()
        if server is not None:
            server.close()
            await server.wait_closed()

    @property
    def faults(self) -> Faults:
        return self._faults

    def misbehave(self, faults: Faults) -> None:
        """From now on fail like this; ``Faults()`` heals it."""
        self._faults = faults
        self._bucket = TokenBucket(faults.rate_per_s) if faults.rate_per_s else None
        if faults.dead:
            self.cut()
        self.plan()

    def cut(self) -> None:
        """Cut every connection once, as a restart of the gateway does."""
        for session in list(self._sessions):
            session.cut()

    def texts(self, destination: str) -> list[str]:
        """The kept texts for one number, oldest first."""
        return [c.text for c in self.caught if c.destination == destination]

    def say(self, *, source: str, destination: str, text: str) -> int:
        """A person writes back: to every session that may receive; gives how many heard it."""
        hearers = [s for s in self._sessions if s.may_receive]
        sms = self._speech.cut(text)
        for session in hearers:
            for part in sms.parts(ref=self.submits):
                session.put(self._speech.text(session.next(), source=source, destination=destination, coding=sms.data_coding,
                                              header=sms.concatenated, octets=part))
            session.flush()
        return len(hearers)

    async def _keep_calling(self, call: Call) -> None:
        loop = asyncio.get_running_loop()
        while True:
            lost = loop.create_future()
            session = _Session(self, self._speech, call=call, lost=lost)
            with suppress(OSError):
                await loop.create_connection(lambda session=session: session, call.host, call.port)  # type: ignore[misc]  # bound now
                await lost
            await asyncio.sleep(_CALL_AGAIN_S)

    # What sessions ask

    def now(self) -> datetime:
        return self._now().replace(second=0, microsecond=0)  # a report tells minutes

    @property
    def accounts(self) -> dict[str, str] | None:
        return self._accounts

    def joined(self, session: "_Session") -> None:
        self._sessions.add(session)

    def left(self, session: "_Session") -> None:
        self._sessions.discard(session)

    def bound(self, account: str) -> None:
        self.binds += 1
        for held in [account] if account else list(self._held):
            self._due.extendleft(reversed(self._held.pop(held, ())))
        self.plan()

    def rule(self, destination: str) -> Ruling:
        """What becomes of one submit."""
        faults = self._faults
        self.submits += 1
        if faults.throttle_every and self.submits % faults.throttle_every == 0:
            return Ruling.THROTTLED
        if self._bucket is not None:
            if not self._bucket.most(1, asyncio.get_running_loop().time()):
                return Ruling.THROTTLED
            self._bucket.take(1)
        if faults.refuse_prefixes and destination.startswith(faults.refuse_prefixes):
            return Ruling.BAD_NUMBER
        self.received += 1
        return Ruling.OK

    def turn(self, now_s: float) -> float:
        """When the next answer is due at the pace that is kept."""
        self._next_s = max(self._next_s, now_s) + 1 / self._faults.pace_per_s
        return self._next_s

    def take(self, account: str, destination: str, words: Words, message_id: bytes, at_s: float, at: datetime) -> None:
        """Keep an accepted submit, and owe its report."""
        faults = self._faults
        if self._keep:
            self._read(destination, words)
        if not words.wants_report or faults.black_hole:
            return
        failed = bool(faults.undelivered_prefixes) and destination.startswith(faults.undelivered_prefixes)
        due = Due(at_s + (0.0 if faults.early_reports else self._receipt_delay_s), account, message_id, words.source, destination,
                  "UNDELIV" if failed else "DELIVRD", at)
        if faults.reorder_reports:
            self._due.appendleft(due)
        else:
            self._due.append(due)
        if faults.early_reports:
            self._report()

    def _read(self, destination: str, words: Words) -> None:
        text, ref, total, seq = self._speech.read(words)
        whole = self._joiner.take((words.source, destination, ref, total), seq, text, now_s=asyncio.get_running_loop().time())
        if whole is not None:
            self.caught.append(Caught(source=words.source, destination=destination, text=whole, parts=total, validity=words.validity,
                                      flash=words.coding & 0xF3 == 0x10))

    def plan(self) -> None:
        """See to it that due reports are sent."""
        if self._timer is None and self._due and not self._faults.hold_reports:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(self._due[0].at_s, loop.time()), self._report)

    def _report(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if self._faults.hold_reports:
            return
        now_s = asyncio.get_running_loop().time()
        hearers = {s.account: s for s in self._sessions if s.may_receive}
        done = self.now()
        for _ in range(_BULK):
            if not self._due or self._due[0].at_s > now_s:
                break
            due = self._due[0]
            session = hearers.get(due.account) or hearers.get("")
            if session is not None and session.clogged:
                return  # it says when it reads again
            self._due.popleft()
            if session is None:
                self._held.setdefault(due.account, deque(maxlen=_MOST_DUE)).append(due)
                continue
            self._send(session, due, done)
        for session in hearers.values():
            session.flush()
        self.plan()

    def _send(self, session: "_Session", due: Due, done: datetime) -> None:
        copies = [due] * (1 + self._faults.repeat_reports)
        if self._faults.foreign_reports:
            copies.append(due._replace(message_id=bytes((due.message_id[0] ^ 0x40,)) + due.message_id[1:]))
        for copy in copies:
            session.put(self._speech.report(session.next(), copy, done=done))
            self.reports_sent += 1


class _Session(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, smsc: Smsc, speech: Speech, *, call: Call | None = None, lost: asyncio.Future[None] | None = None) -> None:
        self._smsc, self._speech, self._call, self._lost = smsc, speech, call, lost
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._out: list[bytes] = []
        self._sequence = 0
        self.account = ""
        self.may_receive = False
        self.clogged = False
        self._may_send = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._smsc.joined(self)
        if self._smsc.faults.dead:
            self.cut()
        elif self._call is not None:
            self._write(self._call.greeting)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.may_receive = False
        self._smsc.left(self)
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(None)

    def pause_writing(self) -> None:
        self.clogged = True

    def resume_writing(self) -> None:
        self.clogged = False
        self._smsc.plan()

    def cut(self) -> None:
        self.may_receive = False
        if self._transport is not None:
            self._transport.abort()

    def next(self) -> int:
        """A sequence for a request of ours."""
        self._sequence += 1
        return self._sequence

    def put(self, octets: bytes) -> None:
        self._out.append(octets)

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        speech, smallest, largest, submit = self._speech, self._speech.header_size, self._speech.max_pdu, self._speech.submit
        now_s, now = asyncio.get_running_loop().time(), self._smsc.now()
        while end - at >= smallest:
            length, command = _START.unpack_from(data, at)
            if not smallest <= length <= largest:
                self._write(speech.complain(b""))
                self.cut()
                return
            if end - at < length:
                break
            try:
                if command == submit:
                    self._submit(data, at, length, now_s, now)
                else:
                    self._other(command, data[at:at + length])
            except PduError:
                self._out.append(speech.complain(data[at:at + length]))
            at += length
        self._rest = data[at:]
        self.flush()
        self._smsc.plan()

    def _other(self, command: int, pdu: bytes) -> None:
        entrance = None if self.account or self._call is not None else self._speech.enter(command, pdu, self._smsc.accounts)
        if entrance is not None:
            self._out.append(entrance.reply)
            self.flush()
            if entrance.let_in:
                self.account, self.may_receive, self._may_send = entrance.name, entrance.may_receive, entrance.may_send
                self._smsc.bound(self.account)
            return
        said = self._speech.hear(command, pdu)
        self._smsc.acks += said.acks
        if said.welcomed and self._call is not None:
            self.account, self.may_receive = self._call.account, True
            self._smsc.bound(self.account)
        if said.reply:
            self._out.append(said.reply)
        if said.parts:
            self.may_receive = self._may_send = False
            self.flush()
            if self._transport is not None:
                self._transport.close()

    def _submit(self, data: bytes, at: int, length: int, now_s: float, now: datetime) -> None:
        smsc, speech = self._smsc, self._speech
        if not self._may_send:
            self._out.append(speech.answer(data, at, Ruling.NOT_LOGGED_IN, 0)[0])
            return
        if smsc.faults.mute:
            smsc.submits += 1
            return
        destination, words = speech.read_submit(data, at, length)
        ruling = smsc.rule(destination)
        answer, message_id = speech.answer(data, at, ruling, smsc.received)
        if ruling is Ruling.OK:
            smsc.take(self.account, destination, words, message_id, now_s, now)
        if smsc.faults.slow_s:
            asyncio.get_running_loop().call_later(smsc.faults.slow_s, self._write, answer)
        elif smsc.faults.pace_per_s:
            asyncio.get_running_loop().call_at(smsc.turn(now_s), self._write, answer)
        else:
            self._out.append(answer)

    def flush(self) -> None:
        if self._out:
            octets = b"".join(self._out)
            self._out.clear()
            self._write(octets)

    def _write(self, octets: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(octets)
