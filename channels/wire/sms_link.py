"""One session's connection with a window: no task or future for each message, and one write for each read.

A submit leaves as soon as the window and the contract's speed have room; ``data_received`` takes every answer of a read, refills the window
and writes once. The protocol spoken is the ``Dialect``'s affair.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from struct import Struct
from typing import cast

from channels.wire.dialect import MAX_SEQUENCE, Act, Dialect, PduError, Report, Text
from channels.wire.load import HELD_BACK, NO_ANSWER, NOT_SENT, Load
from channels.wire.part_reports import Entry
from channels.wire.token_bucket import TokenBucket

_START = Struct("!II")  # every PDU begins with its length and its command
_SEQUENCE = Struct("!I")
_PAUSES_S = (0.01, 0.05, 0.2, 0.4, 0.8)  # after each throttled answer in a row; then the rest is given back unsent
_MOST_UNACKED = 10_000


class Link(asyncio.Protocol):
    """The connection. ``on_accepted`` hears the id of every accepted part, ``on_complete`` of each message with all its answers while a report
    waits in ``early``, ``on_deliveries`` what one read brought (its acknowledgements are given to ``acks`` later)."""

    def __init__(
        self, dialect: Dialect, *, window: int, rate_per_s: float, timeout_s: float, probe_after_s: float,
        on_accepted: Callable[[str, Entry], None], early: Mapping[str, object], on_complete: Callable[[Load, int], None],
        on_deliveries: Callable[["Link", list[tuple[bytes, Report | Text]]], None],
    ) -> None:
        self._dialect = dialect
        self._window, self._timeout_s, self._probe_after_s = window, timeout_s, probe_after_s
        self._bucket = TokenBucket(rate_per_s) if rate_per_s else None
        self._on_accepted, self._early, self._on_complete, self._on_deliveries = on_accepted, early, on_complete, on_deliveries
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[str] = self._loop.create_future()  # result: why
        self._logged_in: asyncio.Future[int] = self._loop.create_future()
        self._parted = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._queue: deque[Load] = deque()
        self._outstanding: dict[int, Entry] = {}
        self._sequence = dialect.first_sequence
        self._out: list[bytes] = []
        self._heard_at = self.answered_at = self._loop.time()
        self._probed_at: float | None = None
        self._throttled_in_a_row = 0
        self._paused = False  # the gateway throttles
        self._metered = False  # the contract's speed is reached; a timer goes on
        self._unacked = 0
        self._clogged = False
        self._timers: list[asyncio.TimerHandle] = []

    # The life of the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # TCP; other event loops have classes of their own
        self._tick()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"connection lost: {type(exc).__name__}" if exc else "the gateway closed the connection")

    async def login(self) -> int:
        """Say who we are; gives the status. Raises TimeoutError, or ConnectionError when the link is lost meanwhile."""
        self._write(self._dialect.login(self._next()))
        await asyncio.wait((self._logged_in, self.lost), timeout=self._timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if self._logged_in.done():
            return self._logged_in.result()
        if self.lost.done():
            raise ConnectionError(self.lost.result())
        raise TimeoutError(f"no answer to the login in {self._timeout_s:g} s")

    async def part(self) -> None:
        """Say good-bye and wait a second at most for the answer; a gateway that is gone is none the worse for it."""
        if not self.lost.done():
            self._out.append(self._dialect.logout(self._next()))
            self._flush()
            waiter = asyncio.ensure_future(self._parted.wait())
            await asyncio.wait((waiter, self.lost), timeout=min(self._timeout_s, 1.0), return_when=asyncio.FIRST_COMPLETED)
            waiter.cancel()
        self.drop("closed by us")

    def drop(self, why: str) -> None:
        """End it now: what was sent has no answer, what was queued was not sent."""
        self._end(why)
        if self._transport is not None:
            self._transport.abort()

    def _end(self, why: str) -> None:
        if self.lost.done():
            return
        self.lost.set_result(why)
        for timer in self._timers:
            timer.cancel()
        outstanding, self._outstanding = self._outstanding, {}
        for load, slot, _ in outstanding.values():
            load.settle(slot, NO_ANSWER)
        self._give_back(NOT_SENT)

    def _give_back(self, status: int) -> None:
        queue, self._queue = self._queue, deque()
        for load in queue:
            load.give_back(status)

    # Sending

    @property
    def waits_for_answers(self) -> bool:
        # Also with parts still to be sent: the chunk that empties the window may bring the report of a message whose last part has not left.
        return bool(self._outstanding or self._queue)

    def submit(self, load: Load) -> None:
        """Queue a load before those of lower priority; it settles itself."""
        if self.lost.done():
            load.give_back(NOT_SENT)
            return
        place = len(self._queue)
        while place and self._queue[place - 1].priority < load.priority:
            place -= 1
        self._queue.insert(place, load)
        self._pump()
        self._flush()

    def acks(self, acks: list[bytes]) -> None:
        """Acknowledge deliveries, once what they said is in safe hands."""
        if self.lost.done():
            return
        if not self._out:
            self._loop.call_soon(self._flush)  # acknowledgements given in one go leave in one write
        self._out += acks
        before, self._unacked = self._unacked, self._unacked - len(acks)
        if before > _MOST_UNACKED // 2 >= self._unacked and not self._clogged and self._transport is not None:
            self._transport.resume_reading()

    def _pump(self) -> None:
        queue = self._queue
        room = self._window - len(self._outstanding)
        if not queue or room <= 0 or self._paused or self._clogged:
            return
        now = self._loop.time()
        if self._bucket is not None:
            room = self._bucket.most(room, now)
        left = room
        outstanding, out, sequence = self._outstanding, self._out, self._sequence
        frame, pack = self._dialect.frame, _SEQUENCE.pack
        while left and queue:
            load = queue[0]
            bodies, slot, size = load.bodies, load.cursor, len(load.statuses)
            while slot < size and left:
                if load.troubled and load.stopped[slot // load.parts]:
                    load.settle(slot, NOT_SENT)
                else:
                    sequence = sequence % MAX_SEQUENCE + 1
                    body = bodies[slot]
                    out += (frame(len(body)), pack(sequence), body)
                    outstanding[sequence] = (load, slot, now)
                    left -= 1
                slot += 1
            load.cursor = slot
            if slot == size:
                queue.popleft()
        self._sequence = sequence
        if self._bucket is not None:
            self._bucket.take(room - left)
            if queue and len(outstanding) < self._window and not self._metered:
                self._metered = True
                self._later(self._bucket.wait_s, self._next_token)

    def _next(self) -> int:
        self._sequence = self._sequence % MAX_SEQUENCE + 1
        return self._sequence

    def _write(self, octets: bytes) -> None:
        if octets and self._transport is not None and not self._transport.is_closing():
            self._transport.write(octets)

    def _flush(self) -> None:
        if self._out:
            octets = b"".join(self._out)
            self._out.clear()
            self._write(octets)

    def pause_writing(self) -> None:
        # The gateway does not read: stop reading too, or our acknowledgements pile up without end.
        self._clogged = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._clogged = False
        if self._transport is not None and self._unacked < _MOST_UNACKED:
            self._transport.resume_reading()
        self._pump()
        self._flush()

    # Receiving

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        self._heard_at = self._loop.time()
        self._probed_at = None
        dialect = self._dialect
        answer, deliveries, smallest, largest = dialect.answer, dialect.deliveries, dialect.header_size, dialect.max_pdu
        said: list[tuple[bytes, Report | Text]] = []
        while end - at >= smallest:
            length, command = _START.unpack_from(data, at)
            if not smallest <= length <= largest:
                self.drop(f"a PDU of {length} octets: the other side does not speak this protocol")
                return
            if end - at < length:
                break
            try:
                if command == answer:
                    self._answer(*dialect.read_answer(data, at, length))
                elif command in deliveries:
                    self._delivery(data[at:at + length], said)
                else:
                    self._other(command, data[at:at + length])
            except PduError as error:
                self.drop(f"an unreadable PDU: {error}")
                return
            at += length
            if self._transport is None or self._transport.is_closing():
                break
        self._rest = data[at:]
        if said:
            self._unacked += len(said)
            if self._unacked >= _MOST_UNACKED and self._transport is not None:
                self._transport.pause_reading()
            self._on_deliveries(self, said)
        self._pump()
        self._flush()

    def _answer(self, sequence: int, status: int, message_id: str) -> None:
        self.answered_at = self._heard_at
        entry = self._outstanding.pop(sequence, None)
        if entry is None:
            return
        load, slot, _ = entry
        if not status:
            self._throttled_in_a_row = 0
            load.ids[slot] = message_id
            self._on_accepted(message_id, entry)
            if load.settle(slot, 0) and self._early:
                self._on_complete(load, slot // load.parts)
            return
        load.settle(slot, status)
        if status in self._dialect.throttled:
            self._slow_down()
        elif status in self._dialect.unbound:
            self.drop("the gateway says that we are not logged in")

    def _delivery(self, pdu: bytes, said: list[tuple[bytes, Report | Text]]) -> None:
        try:
            said.append(self._dialect.read_delivery(pdu))
        except PduError:
            self._write(self._dialect.refuse_delivery(pdu))

    def _slow_down(self) -> None:
        if self._paused:
            return
        if self._throttled_in_a_row >= len(_PAUSES_S):
            self._throttled_in_a_row = 0
            self._give_back(HELD_BACK)
            return
        pause_s = _PAUSES_S[self._throttled_in_a_row]
        self._throttled_in_a_row += 1
        self._paused = True
        self._later(pause_s, self._go_on)

    def _next_token(self) -> None:
        self._metered = False
        self._pump()
        self._flush()

    def _go_on(self) -> None:
        self._paused = False
        self._pump()
        self._flush()

    def _other(self, command: int, pdu: bytes) -> None:
        heard = self._dialect.hear(command, pdu)
        self._write(heard.reply)
        if heard.act is Act.GOODBYE:
            self._end("the gateway said good-bye")
            if self._transport is not None:
                self._transport.close()
        elif heard.act is Act.PARTED:
            self._parted.set()
        elif heard.act is Act.LOGGED_IN:
            if not self._logged_in.done():
                self._logged_in.set_result(heard.status)
        elif heard.act is Act.REFUSED:
            if heard.sequence in self._outstanding:
                self._answer(heard.sequence, heard.status, "")
            elif not self._logged_in.done():
                self._logged_in.set_result(heard.status)
            else:
                self.drop(f"the gateway refuses what we say: {self._dialect.said(heard.status)}")

    # Time

    def _tick(self) -> None:
        """Overdue answers and a link gone silent: one timer for all of them."""
        now = self._loop.time()
        overdue = now - self._timeout_s
        # Oldest first: sequence numbers and dict order agree.
        late = []
        for sequence, (_, _, sent_at) in self._outstanding.items():
            if sent_at > overdue:
                break
            late.append(sequence)
        if late and self.answered_at <= self._outstanding[late[0]][2]:
            self.drop(f"no answer to a submit for {self._timeout_s:g} s")
            return
        for sequence in late:
            load, slot, _ = self._outstanding.pop(sequence)
            load.settle(slot, NO_ANSWER)
        if self._probed_at is not None and self._probed_at <= overdue:
            self.drop(f"no answer to the keep-alive for {self._timeout_s:g} s")
            return
        if self._probed_at is None and now - self._heard_at >= self._probe_after_s:
            probe = self._dialect.probe(self._next())
            self._probed_at = now if probe else None
            self._write(probe)
        self._pump()
        self._flush()
        self._later(max(0.02, min(self._timeout_s, self._probe_after_s, 4.0) / 4), self._tick)

    def _later(self, delay_s: float, then: Callable[[], None]) -> None:
        now = self._loop.time()
        self._timers = [t for t in self._timers if not t.cancelled() and t.when() > now]
        self._timers.append(self._loop.call_later(delay_s, then))
