"""An SMPP 3.4 client that stays bound: connect, bind, submit through the window, hand receipts and replies on, come back after a fault.

A ``deliver_sm`` is acknowledged after the door has taken what it says, so a crash before that makes the gateway send it again.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from channels.wire.part_reports import ON_THE_WAY, Joined, PartReports
from channels.wire.smpp_link import Batch, Link, Submission
from channels.wire.smpp_pdu import UDHI, ShortMessage, Status, bind_body, read_receipt
from channels.wire.sms_text import decode, split_header

_FIRST_PAUSE_S = 0.2
_EARLY_S = 10.0  # a report may overtake its submit response by this much
_MAX_EARLY = 10_000
_DOOR_PAUSE_S = 1.0
_MAX_IDS = 250_000  # two generations of about 200 octets each: 100 MB at the very most


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where the gateway is and who we are there; how many submits may be unanswered, and how long an answer may take."""

    host: str
    port: int
    system_id: str
    password: str
    window: int
    timeout_s: float
    enquire_link_s: float
    reconnect_max_s: float
    remember_s: float
    expects_reports: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StrayReport:
    """A report of a part that this process does not know (it was sent before a restart, or long ago)."""

    message_id: str
    stat: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A text that a person sent to us."""

    source: str
    text: str


Event = Joined | StrayReport | Incoming


class SmppClient:
    """``open`` starts it and never fails; ``submit`` gives each message's parts back settled; ``on_event`` hears what comes in, in order."""

    def __init__(self, account: Account, *, on_event: Callable[[Event], Awaitable[None]]) -> None:
        self._account = account
        self._on_event = on_event
        self._reports = PartReports(keep_s=account.remember_s, max_ids=_MAX_IDS)
        self._early: dict[str, tuple[Link, int, str, float]] = {}
        self._link: Link | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._drainer: asyncio.Task[None] | None = None
        self._inbox: deque[tuple[Link, int, Event | None]] = deque()
        self._inbox_filled = asyncio.Event()
        self._tried = asyncio.Event()
        self._trouble = "not opened"

    @property
    def trouble(self) -> str:
        """Why we are not bound, in words without addresses; empty while we are."""
        link = self._link
        if link is None:
            return self._trouble
        return link.lost.result() if link.lost.done() else ""

    async def open(self) -> None:
        """Start, and wait for the first attempt; a dead gateway is tried again in the background. A second call does nothing."""
        if self._keeper is not None:
            return
        self._keeper = asyncio.create_task(self._keep_bound(), name="smpp keeper")
        self._start_drainer()
        await self._tried.wait()

    async def close(self) -> None:
        """Unbind and stop; whatever is under way is settled. A second call does nothing."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        keeper.cancel()
        await asyncio.wait((keeper,))
        link, self._link = self._link, None
        if link is not None:
            await link.unbind()
        self._trouble = "closed"
        drainer, self._drainer = self._drainer, None
        if drainer is not None:
            drainer.cancel()
            await asyncio.wait((drainer,))

    async def submit(self, messages: Sequence[tuple[str, list[bytes]]]) -> list[Submission]:
        """Send ``(key, submit_sm bodies)``; gives back the settled submissions in order. When we are not bound nothing is sent.

        If the caller is cancelled, the parts that have not left stay at home.
        """
        batch = Batch(len(messages), asyncio.get_running_loop().create_future())
        submissions = [Submission(key, parts, batch) for key, parts in messages]
        link = self._link
        if link is None or not submissions:
            return submissions
        link.submit(submissions)
        try:
            await batch.done
        except asyncio.CancelledError:
            for submission in submissions:
                submission.stopped = True
            raise
        return submissions

    # Staying bound

    async def _keep_bound(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            link = await self._connect()
            self._tried.set()
            if link is not None:
                pause_s = _FIRST_PAUSE_S
                self._link = link
                why = await asyncio.shield(link.lost)
                self._link = None
                self._trouble = why
            # Spread out, so that a hundred workers do not knock at a reviving gateway in the same moment.
            await asyncio.sleep(min(pause_s, self._account.reconnect_max_s) * random.uniform(0.75, 1.0))
            pause_s = min(pause_s * 2, self._account.reconnect_max_s)

    async def _connect(self) -> Link | None:
        account = self._account
        loop = asyncio.get_running_loop()
        link = Link(window=account.window, timeout_s=account.timeout_s, enquire_link_s=account.enquire_link_s,
                    on_accepted=self._accepted, on_deliver=self._delivered)
        try:
            async with asyncio.timeout(account.timeout_s):
                await loop.create_connection(lambda: link, account.host, account.port)
                status = await link.bind(bind_body(system_id=account.system_id, password=account.password))
        except (OSError, UnicodeError) as error:  # TimeoutError and ConnectionError too; UnicodeError for a host name like "a..b"
            self._trouble = f"no connection: {type(error).__name__}"
            link.drop(self._trouble)
            return None
        except asyncio.CancelledError:
            link.drop("closed by us")
            raise
        if status not in (Status.OK, Status.ALREADY_BOUND):
            self._trouble = f"bind_transceiver_resp 0x{status:08x}"
            link.drop(self._trouble)
            return None
        return link

    # What comes in

    def _accepted(self, submission: Submission) -> None:
        if not self._account.expects_reports:
            return
        now_s = asyncio.get_running_loop().time()
        self._reports.expect(submission.key, submission.ids, now_s=now_s)
        if self._early:
            for message_id in submission.ids:
                early = self._early.pop(message_id, None)
                if early is not None:
                    link, sequence, stat, _ = early
                    self._put(link, sequence, self._reports.report(message_id, stat))

    def _delivered(self, link: Link, sequence: int, message: ShortMessage) -> None:
        if not message.is_receipt:
            octets = split_header(message.octets).octets if message.esm_class & UDHI else message.octets
            self._put(link, sequence, Incoming(source=message.source, text=decode(message.data_coding, octets)))
            return
        message_id, stat = read_receipt(message)
        if stat in ON_THE_WAY or not message_id:
            self._put(link, sequence, None)
        elif self._reports.knows(message_id):
            self._put(link, sequence, self._reports.report(message_id, stat))
        elif link.waits_for_answers and len(self._early) < _MAX_EARLY and message_id not in self._early:
            now_s = asyncio.get_running_loop().time()
            self._early[message_id] = (link, sequence, stat, now_s)
            self._inbox_filled.set()
        else:
            self._put(link, sequence, StrayReport(message_id=message_id, stat=stat))

    def _put(self, link: Link, sequence: int, event: Event | None) -> None:
        self._inbox.append((link, sequence, event))
        self._inbox_filled.set()

    async def _drain(self) -> None:
        while True:
            # With early reports waiting, look again soon; otherwise sleep until something comes.
            with suppress(TimeoutError):
                async with asyncio.timeout(_EARLY_S / 4 if self._early else None):
                    await self._inbox_filled.wait()
            self._inbox_filled.clear()
            self._give_up_early()
            while self._inbox:
                link, sequence, event = self._inbox[0]
                if event is not None:
                    await self._on_event(event)
                self._inbox.popleft()
                link.ack(sequence)

    def _drain_ended(self, task: asyncio.Task[None]) -> None:
        """The door failed: say so, and offer the same event again in a while, for it is not acknowledged yet."""
        if task.cancelled() or self._drainer is not task:
            return
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": "a receipt or reply could not be handed on; it is offered again", "exception": task.exception()})
        loop.call_later(_DOOR_PAUSE_S, self._start_drainer)

    def _start_drainer(self) -> None:
        if self._keeper is None:
            return
        self._inbox_filled.set()
        self._drainer = asyncio.create_task(self._drain(), name="smpp inbox")
        self._drainer.add_done_callback(self._drain_ended)

    def _give_up_early(self) -> None:
        overdue = asyncio.get_running_loop().time() - _EARLY_S
        while self._early:  # oldest first
            message_id, (link, sequence, stat, at) = next(iter(self._early.items()))
            if at > overdue:
                break
            del self._early[message_id]
            self._put(link, sequence, StrayReport(message_id=message_id, stat=stat))
