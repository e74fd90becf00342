"""A small SMS centre for drills and tests: it takes SMPP 3.4 binds and submits, sends delivery reports, and fails in the ways asked for."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from channels.wire.smpp_pdu import (
    HEADER,
    HEADER_SIZE,
    MAX_PDU,
    RECEIPT,
    UDHI,
    Command,
    PduError,
    ShortMessage,
    Status,
    message_head,
    message_tail,
    pdu,
    read_bind,
    read_message,
    receipt_octets,
)
from channels.wire.sms_text import decode, encode, split_header

_BINDS = (Command.BIND_TRANSCEIVER, Command.BIND_RECEIVER, Command.BIND_TRANSMITTER)
_MOST_HALVES = 10_000
_MOST_DUE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How the centre misbehaves; none by default.

    ``dead`` cuts every connection; ``mute`` never answers a submit; ``black_hole`` accepts and never reports; ``throttle_every`` n answers each
    n-th submit with ESME_RTHROTTLED; ``refuse_prefixes`` are destinations answered with ESME_RINVDSTADR; ``undelivered_prefixes`` are accepted
    and then reported UNDELIV; ``slow_s`` holds each answer back for so many seconds; ``early_reports`` sends the report before the answer.
    """

    dead: bool = False
    mute: bool = False
    black_hole: bool = False
    throttle_every: int = 0
    refuse_prefixes: tuple[str, ...] = ()
    undelivered_prefixes: tuple[str, ...] = ()
    slow_s: float = 0.0
    early_reports: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """One whole message as a handset would show it."""

    source: str
    destination: str
    text: str
    parts: int
    validity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    at_s: float
    system_id: str
    message_id: str
    source: str
    destination: str
    stat: str
    submitted: datetime


class Smsc:
    """The centre. ``received`` counts accepted parts, ``caught`` holds the last ``keep`` whole messages."""

    def __init__(
        self, *, now: Callable[[], datetime], accounts: dict[str, str] | None = None, receipt_delay_s: float = 0.05,
        faults: Faults | None = None, keep: int = 1000,
    ) -> None:
        """``accounts`` maps system_id to password; None lets everyone in. ``keep`` 0 counts only, for long runs."""
        self._now, self._accounts, self._receipt_delay_s, self._keep = now, accounts, receipt_delay_s, keep
        self._faults = faults or Faults()
        self._server: asyncio.Server | None = None
        self._sessions: set[_Session] = set()
        self._halves: dict[tuple[str, str, int, int], dict[int, str]] = {}
        self._due: deque[_Due] = deque(maxlen=_MOST_DUE)
        self._held: dict[str, deque[_Due]] = {}  # reports for accounts that are not bound now
        self._timer: asyncio.TimerHandle | None = None
        self.caught: deque[Caught] = deque(maxlen=keep)
        self.received = 0
        self.submits = 0
        self.reports_sent = 0
        self.acks = 0
        self.binds = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; gives the port (a free one for 0)."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Session(self), host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and cut every connection. A second call does nothing."""
        server, self._server = self._server, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for session in list(self._sessions):
            session.cut()
        if server is not None:
            server.close()
            await server.wait_closed()

    @property
    def faults(self) -> Faults:
        return self._faults

    def misbehave(self, faults: Faults) -> None:
        """From now on fail like this; ``Faults()`` heals it."""
        self._faults = faults
        if faults.dead:
            self.cut()

    def cut(self) -> None:
        """Cut every connection once, as a restart of the gateway does."""
        for session in list(self._sessions):
            session.cut()

    def texts(self, destination: str) -> list[str]:
        """The kept texts for one number, oldest first."""
        return [c.text for c in self.caught if c.destination == destination]

    def say(self, *, source: str, destination: str, text: str) -> int:
        """A person writes back: to every bound session that may receive; gives how many heard it."""
        hearers = [s for s in self._sessions if s.may_receive]
        sms = encode(text)
        for session in hearers:
            for part in sms.parts(ref=self.submits):
                session.deliver(message_head(source=source, destination=destination) + message_tail(
                    part, esm_class=UDHI if sms.concatenated else 0, priority=0, valid=b"", registered=0, data_coding=sms.data_coding))
            session.flush()
        return len(hearers)

    # What sessions ask

    def joined(self, session: "_Session") -> None:
        self._sessions.add(session)

    def left(self, session: "_Session") -> None:
        self._sessions.discard(session)

    def admits(self, system_id: str, password: str) -> bool:
        return self._accounts is None or self._accounts.get(system_id) == password

    def bound(self, system_id: str) -> None:
        self.binds += 1
        self._due.extendleft(reversed(self._held.pop(system_id, ())))
        self._plan()

    def take(self, system_id: str, message: ShortMessage) -> tuple[int, str]:
        """``(command_status, message id)`` for one submit."""
        faults = self._faults
        self.submits += 1
        if faults.throttle_every and self.submits % faults.throttle_every == 0:
            return Status.THROTTLED, ""
        if faults.refuse_prefixes and message.destination.startswith(faults.refuse_prefixes):
            return Status.INVALID_DESTINATION, ""
        self.received += 1
        message_id = f"{self.received:010x}"
        if self._keep:
            self._read(message)
        if message.registered_delivery & 1 and not faults.black_hole:
            failed = bool(faults.undelivered_prefixes) and message.destination.startswith(faults.undelivered_prefixes)
            loop_s = asyncio.get_running_loop().time()
            self._due.append(_Due(at_s=loop_s + (0.0 if faults.early_reports else self._receipt_delay_s), system_id=system_id,
                                  message_id=message_id, source=message.source, destination=message.destination,
                                  stat="UNDELIV" if failed else "DELIVRD", submitted=self._now()))
            if faults.early_reports:
                self._report()
            else:
                self._plan()
        return Status.OK, message_id

    def _read(self, message: ShortMessage) -> None:
        if not message.esm_class & UDHI:
            self._catch(message, decode(message.data_coding, message.octets), 1)
            return
        part = split_header(message.octets)
        text = decode(message.data_coding, part.octets)
        name = (message.source, message.destination, part.ref, part.total)
        halves = self._halves.setdefault(name, {})
        halves[part.seq] = text
        if len(halves) == part.total:
            del self._halves[name]
            self._catch(message, "".join(halves[i] for i in sorted(halves)), part.total)
        elif len(self._halves) > _MOST_HALVES:
            del self._halves[next(iter(self._halves))]

    def _catch(self, message: ShortMessage, text: str, parts: int) -> None:
        self.caught.append(Caught(source=message.source, destination=message.destination, text=text, parts=parts, validity=message.validity))

    def _plan(self) -> None:
        if self._timer is None and self._due:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(self._due[0].at_s, loop.time()), self._report)

    def _report(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        now_s = asyncio.get_running_loop().time()
        hearers = {s.system_id: s for s in self._sessions if s.may_receive}
        done = self._now()
        while self._due and self._due[0].at_s <= now_s:
            due = self._due.popleft()
            session = hearers.get(due.system_id)
            if session is None:
                self._held.setdefault(due.system_id, deque(maxlen=_MOST_DUE)).append(due)
                continue
            text = receipt_octets(message_id=due.message_id, stat=due.stat, submitted=due.submitted, done=done)
            session.deliver(message_head(source=due.destination, destination=due.source) + message_tail(
                text, esm_class=RECEIPT, priority=0, valid=b"", registered=0, data_coding=0))
            self.reports_sent += 1
        for session in hearers.values():
            session.flush()
        self._plan()


class _Session(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, smsc: Smsc) -> None:
        self._smsc = smsc
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._out: list[bytes] = []
        self._sequence = 0
        self.system_id = ""
        self.may_receive = False
        self._may_send = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._smsc.joined(self)
        if self._smsc.faults.dead:
            self.cut()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.may_receive = False
        self._smsc.left(self)

    def cut(self) -> None:
        self.may_receive = False
        if self._transport is not None:
            self._transport.abort()

    def deliver(self, body: bytes) -> None:
        self._sequence += 1
        self._out.append(pdu(Command.DELIVER_SM, self._sequence, body))

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        while end - at >= HEADER_SIZE:
            length, command, status, sequence = HEADER.unpack_from(data, at)
            if not HEADER_SIZE <= length <= MAX_PDU:
                self._write(pdu(Command.GENERIC_NACK, 0, status=Status.INVALID_COMMAND_LENGTH))
                self.cut()
                return
            if end - at < length:
                break
            body = data[at + HEADER_SIZE:at + length]
            at += length
            try:
                self._handle(command, sequence, body)
            except PduError:
                self._out.append(pdu(Command.GENERIC_NACK, sequence, status=Status.INVALID_LENGTH))
        self._rest = data[at:]
        self.flush()

    def _handle(self, command: int, sequence: int, body: bytes) -> None:
        if command == Command.SUBMIT_SM:
            self._submit(sequence, body)
        elif command == Command.DELIVER_SM_RESP:
            self._smsc.acks += 1
        elif command == Command.ENQUIRE_LINK:
            self._out.append(pdu(Command.ENQUIRE_LINK_RESP, sequence))
        elif command in _BINDS:
            self._bind(command, sequence, body)
        elif command == Command.UNBIND:
            self.may_receive = self._may_send = False
            self._out.append(pdu(Command.UNBIND_RESP, sequence))
            self.flush()
            if self._transport is not None:
                self._transport.close()
        elif not command & Command.GENERIC_NACK:  # an answer needs none
            self._out.append(pdu(Command.GENERIC_NACK, sequence, status=Status.INVALID_COMMAND))

    def _bind(self, command: int, sequence: int, body: bytes) -> None:
        system_id, password = read_bind(body)
        status = Status.ALREADY_BOUND if self.system_id else Status.OK if self._smsc.admits(system_id, password) else Status.INVALID_PASSWORD
        self._out.append(pdu(command | Command.GENERIC_NACK, sequence, b"xiaoxishu\0", status=status))
        self.flush()
        if status == Status.OK:
            self.system_id = system_id
            self.may_receive = command != Command.BIND_TRANSMITTER
            self._may_send = command != Command.BIND_RECEIVER
            self._smsc.bound(system_id)

    def _submit(self, sequence: int, body: bytes) -> None:
        if not self._may_send:
            self._out.append(pdu(Command.SUBMIT_SM_RESP, sequence, b"\0", status=Status.NOT_BOUND))
            return
        faults = self._smsc.faults
        if faults.mute:
            self._smsc.submits += 1
            return
        status, message_id = self._smsc.take(self.system_id, read_message(body))
        answer = pdu(Command.SUBMIT_SM_RESP, sequence, message_id.encode() + b"\0", status=status)
        if faults.slow_s:
            asyncio.get_running_loop().call_later(faults.slow_s, self._write, answer)
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
