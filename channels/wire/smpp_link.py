"""One bound SMPP connection with a window: callbacks instead of a task for each message, and one write for each read.

A submit leaves as soon as the window has room; ``data_received`` takes every response of a read, refills the window and writes once.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

from channels.wire.smpp_pdu import (
    HEADER,
    HEADER_SIZE,
    MAX_PDU,
    MAX_SEQUENCE,
    Command,
    PduError,
    ShortMessage,
    Status,
    pdu,
    read_id,
    read_message,
)

NOT_SENT = -1
NO_ANSWER = -2
HELD_BACK = -3  # not sent, since the gateway throttles
_IN_FLIGHT = -4

_PAUSES_S = (0.01, 0.05, 0.2, 0.4, 0.8)  # after each throttled answer in a row; then the rest is given back unsent
_MOST_UNACKED = 10_000


class Submission:
    """The parts of one message on their way; ``statuses`` hold a command_status, NOT_SENT, NO_ANSWER or HELD_BACK for each part in the end."""

    __slots__ = ("batch", "ids", "key", "left", "parts", "statuses", "stopped")

    def __init__(self, key: str, parts: list[bytes], batch: "Batch") -> None:
        self.key, self.parts, self.batch = key, parts, batch
        self.ids = [""] * len(parts)
        self.statuses = [NOT_SENT] * len(parts)
        self.left = len(parts)
        self.stopped = False  # a part failed, or nobody waits any more: the parts not yet sent stay at home

    def settle(self, part: int, status: int) -> None:
        self.statuses[part] = status
        self.left -= 1
        if status != Status.OK:
            self.stopped = True
        if not self.left:
            self.batch.settle()


class Batch:
    """Counts submissions down and then lets the sender go on."""

    __slots__ = ("_left", "done")

    def __init__(self, count: int, done: asyncio.Future[None]) -> None:
        self._left, self.done = count, done

    def settle(self) -> None:
        self._left -= 1
        if not self._left and not self.done.done():
            self.done.set_result(None)


class Link(asyncio.Protocol):
    """The connection. ``on_accepted`` hears of every submission with all parts accepted, ``on_deliver`` of every deliver_sm (it calls ``ack``)."""

    def __init__(
        self, *, window: int, timeout_s: float, enquire_link_s: float,
        on_accepted: Callable[[Submission], None], on_deliver: Callable[["Link", int, ShortMessage], None],
    ) -> None:
        self._window, self._timeout_s, self._enquire_link_s = window, timeout_s, enquire_link_s
        self._on_accepted, self._on_deliver = on_accepted, on_deliver
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[str] = self._loop.create_future()  # result: why
        self._bound: asyncio.Future[int] = self._loop.create_future()
        self._unbound = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._queue: deque[tuple[Submission, int]] = deque()
        self._outstanding: dict[int, tuple[Submission, int, float]] = {}
        self._sequence = 0
        self._out: list[bytes] = []
        self._heard_at = self._answered_at = self._loop.time()
        self._enquired_at: float | None = None
        self._throttled_in_a_row = 0
        self._paused = False
        self._unacked = 0
        self._clogged = False
        self._timers: list[asyncio.TimerHandle] = []

    # The life of the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # TCP; other event loops have classes of their own
        self._tick()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"connection lost: {type(exc).__name__}" if exc else "the gateway closed the connection")

    async def bind(self, body: bytes) -> int:
        """Bind as transceiver; gives the command_status. Raises TimeoutError, or ConnectionError when the link is lost meanwhile."""
        self._write(pdu(Command.BIND_TRANSCEIVER, self._next(), body))
        await asyncio.wait((self._bound, self.lost), timeout=self._timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if self._bound.done():
            return self._bound.result()
        if self.lost.done():
            raise ConnectionError(self.lost.result())
        raise TimeoutError(f"no bind response in {self._timeout_s:g} s")

    async def unbind(self) -> None:
        """Say good-bye and wait a second at most for the answer; a gateway that is gone is none the worse for it."""
        if not self.lost.done():
            self._out.append(pdu(Command.UNBIND, self._next()))
            self._flush()
            waiter = asyncio.ensure_future(self._unbound.wait())
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
        for submission, part, _ in outstanding.values():
            submission.settle(part, NO_ANSWER)
        queue, self._queue = self._queue, deque()
        for submission, part in queue:
            submission.settle(part, NOT_SENT)

    # Sending

    @property
    def waits_for_answers(self) -> bool:
        # Also with parts still to be sent: the chunk that empties the window may bring the report of a message whose last part has not left.
        return bool(self._outstanding or self._queue)

    def submit(self, submissions: list[Submission]) -> None:
        """Queue all parts; each submission settles itself."""
        for submission in submissions:
            for part in range(len(submission.parts)):
                self._queue.append((submission, part))
        if self.lost.done():
            queue, self._queue = self._queue, deque()
            for submission, part in queue:
                submission.settle(part, NOT_SENT)
            return
        self._pump()
        self._flush()

    def ack(self, sequence: int) -> None:
        """Acknowledge one deliver_sm, once what it said is in safe hands."""
        if self.lost.done():
            return
        if not self._out:
            self._loop.call_soon(self._flush)  # acknowledgements given in one go leave in one write
        self._out.append(pdu(Command.DELIVER_SM_RESP, sequence, b"\0"))
        self._unacked -= 1
        if self._unacked == _MOST_UNACKED // 2 and not self._clogged and self._transport is not None:
            self._transport.resume_reading()

    def _pump(self) -> None:
        if self._paused or self._clogged:
            return
        queue, outstanding, out = self._queue, self._outstanding, self._out
        room = self._window - len(outstanding)
        now = self._loop.time() if queue else 0.0
        while room > 0 and queue:
            submission, part = queue.popleft()
            if submission.stopped:
                submission.settle(part, NOT_SENT)
                continue
            sequence = self._sequence = self._sequence % MAX_SEQUENCE + 1
            body = submission.parts[part]
            out.append(HEADER.pack(HEADER_SIZE + len(body), 4, 0, sequence))  # 4 = SUBMIT_SM
            out.append(body)
            submission.statuses[part] = _IN_FLIGHT
            outstanding[sequence] = (submission, part, now)
            room -= 1

    def _next(self) -> int:
        self._sequence = self._sequence % MAX_SEQUENCE + 1
        return self._sequence

    def _write(self, octets: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
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
        self._enquired_at = None
        outstanding = self._outstanding
        while end - at >= HEADER_SIZE:
            length, command, status, sequence = HEADER.unpack_from(data, at)
            if not HEADER_SIZE <= length <= MAX_PDU:
                self.drop(f"a PDU of {length} octets is no SMPP")
                return
            if end - at < length:
                break
            body = data[at + HEADER_SIZE:at + length]
            at += length
            if command == Command.SUBMIT_SM_RESP or (command == Command.GENERIC_NACK and sequence in outstanding):
                self._answer(outstanding.pop(sequence, None), status, body)
            else:
                self._other(command, status, sequence, body)
            if self.lost.done():
                return
        self._rest = data[at:]
        self._pump()
        self._flush()

    def _answer(self, entry: tuple[Submission, int, float] | None, status: int, body: bytes) -> None:
        self._answered_at = self._heard_at
        if entry is None:
            return
        submission, part, _ = entry
        if status == 0:
            self._throttled_in_a_row = 0
            submission.ids[part] = read_id(body)
            submission.settle(part, 0)
            if not submission.left and not submission.stopped:
                self._on_accepted(submission)
            return
        submission.settle(part, status)
        if status in (Status.THROTTLED, Status.QUEUE_FULL):
            self._slow_down()
        elif status == Status.NOT_BOUND:
            self.drop("the gateway says that we are not bound")

    def _slow_down(self) -> None:
        if self._paused:
            return
        if self._throttled_in_a_row >= len(_PAUSES_S):
            self._throttled_in_a_row = 0
            queue, self._queue = self._queue, deque()
            for submission, part in queue:
                submission.settle(part, HELD_BACK)
            return
        pause_s = _PAUSES_S[self._throttled_in_a_row]
        self._throttled_in_a_row += 1
        self._paused = True
        self._later(pause_s, self._go_on)

    def _go_on(self) -> None:
        self._paused = False
        self._pump()
        self._flush()

    def _other(self, command: int, status: int, sequence: int, body: bytes) -> None:
        if command == Command.DELIVER_SM:
            try:
                message = read_message(body)
            except PduError:
                self._write(pdu(Command.DELIVER_SM_RESP, sequence, b"\0", status=Status.INVALID_LENGTH))
                return
            self._unacked += 1
            if self._unacked == _MOST_UNACKED and self._transport is not None:
                self._transport.pause_reading()
            self._on_deliver(self, sequence, message)
        elif command == Command.ENQUIRE_LINK:
            self._write(pdu(Command.ENQUIRE_LINK_RESP, sequence))
        elif command == Command.UNBIND:
            self._write(pdu(Command.UNBIND_RESP, sequence))
            self._end("the gateway said good-bye")
            if self._transport is not None:
                self._transport.close()
        elif command in (Command.BIND_TRANSCEIVER_RESP, Command.GENERIC_NACK) and not self._bound.done():
            self._bound.set_result(status)
        elif command == Command.UNBIND_RESP:
            self._unbound.set()
        elif command == Command.GENERIC_NACK:
            self.drop(f"generic_nack 0x{status:08x}")
        elif command not in (Command.ENQUIRE_LINK_RESP, Command.ALERT_NOTIFICATION, Command.BIND_TRANSCEIVER_RESP):
            self._write(pdu(Command.GENERIC_NACK, sequence, status=Status.INVALID_COMMAND))

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
        if late and self._answered_at <= self._outstanding[late[0]][2]:
            self.drop(f"no submit_sm_resp for {self._timeout_s:g} s")
            return
        for sequence in late:
            submission, part, _ = self._outstanding.pop(sequence)
            submission.settle(part, NO_ANSWER)
        if self._enquired_at is not None and self._enquired_at <= overdue:
            self.drop(f"no enquire_link_resp for {self._timeout_s:g} s")
            return
        if self._enquired_at is None and now - self._heard_at >= self._enquire_link_s:
            self._enquired_at = now
            self._write(pdu(Command.ENQUIRE_LINK, self._next()))
        self._pump()
        self._flush()
        self._later(max(0.02, min(self._timeout_s, self._enquire_link_s, 4.0) / 4), self._tick)

    def _later(self, delay_s: float, then: Callable[[], None]) -> None:
        now = self._loop.time()
        self._timers = [t for t in self._timers if not t.cancelled() and t.when() > now]
        self._timers.append(self._loop.call_later(delay_s, then))
