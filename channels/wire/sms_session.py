"""A client that stays logged in: connect, submit through the window, hand reports and replies on in bulk, come back after a fault.

A delivery is acknowledged after the door has taken what it says, so a crash before that makes the gateway send it again.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol

from channels.wire.dialect import Dialect, Report, Text
from channels.wire.load import NOT_SENT, Load
from channels.wire.part_reports import DELIVERED, ON_THE_WAY, Entry, Joined, PartReports
from channels.wire.sms_joiner import Joiner
from channels.wire.sms_link import Link
from channels.wire.sms_tally import Cohort

_FIRST_PAUSE_S = 0.2
_EARLY_S = 2.0  # a report may overtake its submit response by this much; later, or another session's, the desk finds it by the gateway's id
_MAX_EARLY = 2000  # unacknowledged: far below what makes the link stop reading
_DOOR_PAUSE_S = 1.0
_MAX_IDS = 500_000  # two generations of about 250 octets each: 250 MB at the very most
_BULK = 5000  # reports handed on in one go


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the gateway is; how many submits may be unanswered, how many may leave in a second (0 = no limit), how long an answer may take."""

    host: str
    port: int
    window: int
    rate_per_s: float
    timeout_s: float
    probe_after_s: float
    reconnect_max_s: float
    remember_s: float
    expects_reports: bool


class Stray(NamedTuple):
    """A report of a part that this process does not know (it was sent before a restart, or long ago)."""

    message_id: str
    stat: str


class Bearer(Protocol):
    """Where deliveries came from and their acknowledgements go: our link, or a caller at our listener."""

    def acks(self, acks: list[bytes]) -> None: ...


class Incoming(NamedTuple):
    """A whole text that a person sent to us."""

    source: str
    text: str


Word = Joined | Stray


class Session:
    """``open`` starts it and never fails; ``submit`` settles a load; ``on_words`` hears what became of messages, ``on_text`` what people write."""

    def __init__(
        self, dialect: Dialect, endpoint: Endpoint, *, on_words: Callable[[Sequence[Word]], Awaitable[None]],
        on_text: Callable[[Incoming], Awaitable[None]],
    ) -> None:
        self._dialect, self._endpoint = dialect, endpoint
        self._on_words, self._on_text = on_words, on_text
        self._reports = PartReports(keep_s=endpoint.remember_s, max_ids=_MAX_IDS)
        self._early: dict[str, tuple[Bearer, bytes, str, float]] = {}
        self._joiner = Joiner()
        self._link: Link | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._drainer: asyncio.Task[None] | None = None
        self._words: deque[tuple[Bearer, bytes, Word | None]] = deque()
        self._texts: deque[tuple[Bearer, bytes, Incoming | None]] = deque()
        self._filled = asyncio.Event()
        self._tried = asyncio.Event()
        self._trouble = "not opened"

    @property
    def trouble(self) -> str:
        """Why we are not logged in, in words without addresses; empty while we are."""
        link = self._link
        if link is None:
            return self._trouble
        return link.lost.result() if link.lost.done() else ""

    async def open(self) -> None:
        """Start, and wait for the first attempt; a dead gateway is tried again in the background. A second call does nothing."""
        if self._keeper is not None:
            return
        self._keeper = asyncio.create_task(self._keep_logged_in(), name="sms keeper")
        self._start_drainer()
        await self._tried.wait()

    async def close(self) -> None:
        """Log out and stop; whatever is under way is settled. A second call does nothing."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        keeper.cancel()
        await asyncio.wait((keeper,))
        link, self._link = self._link, None
        if link is not None:
            await link.part()
        self._trouble = "closed"
        drainer, self._drainer = self._drainer, None
        if drainer is not None:
            drainer.cancel()
            await asyncio.wait((drainer,))

    async def submit(
        self, key_of: Callable[[int], str], bodies: Sequence[bytes], *, parts: int, priority: int, cohort: Cohort,
    ) -> Load:
        """Send ``parts`` submits for each message; gives the load back settled. While we are not logged in nothing is sent.

        If the caller is cancelled, the parts that have not left stay at home.
        """
        load = Load(key_of, bodies, parts=parts, priority=priority, cohort=cohort)
        link = self._link
        if link is None:
            load.give_back(NOT_SENT)
        if link is None or not bodies:
            return load
        self._reports.turn(asyncio.get_running_loop().time())
        link.submit(load)
        try:
            await load.done
        except asyncio.CancelledError:
            load.abandon()
            raise
        return load

    # Staying logged in

    async def _keep_logged_in(self) -> None:
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
            await asyncio.sleep(min(pause_s, self._endpoint.reconnect_max_s) * random.uniform(0.75, 1.0))
            pause_s = min(pause_s * 2, self._endpoint.reconnect_max_s)

    async def _connect(self) -> Link | None:
        endpoint = self._endpoint
        loop = asyncio.get_running_loop()
        link = Link(self._dialect, window=endpoint.window, rate_per_s=endpoint.rate_per_s, timeout_s=endpoint.timeout_s,
                    probe_after_s=endpoint.probe_after_s, on_accepted=self._accepted, early=self._early, on_complete=self._completed,
                    on_deliveries=self.heard)
        try:
            async with asyncio.timeout(endpoint.timeout_s):
                await loop.create_connection(lambda: link, endpoint.host, endpoint.port)
                status = await link.login()
        except (OSError, UnicodeError) as error:  # TimeoutError and ConnectionError too; UnicodeError for a host name like "a..b"
            self._trouble = f"no connection: {type(error).__name__}"
            link.drop(self._trouble)
            return None
        except asyncio.CancelledError:
            link.drop("closed by us")
            raise
        if not self._dialect.welcome(status):
            self._trouble = self._dialect.login_said(status)
            link.drop(self._trouble)
            return None
        return link

    # What comes in

    def _accepted(self, message_id: str, entry: Entry) -> None:
        if not self._endpoint.expects_reports:
            return
        self._reports.expect(message_id, entry)

    def _completed(self, load: Load, message: int) -> None:
        """A message has all its answers: the reports that came before them have their turn."""
        first = message * load.parts
        for slot in range(first, first + load.parts):
            early = self._early.pop(load.ids[slot], None)
            if early is not None:
                link, ack, stat, _ = early
                self._words.append((link, ack, self._reports.report((load, slot, 0.0), stat)))
                self._filled.set()

    def heard(self, link: Bearer, deliveries: list[tuple[bytes, Report | Text]]) -> None:
        """Take what one read brought, by the link we send on or by a listener."""
        now_s = asyncio.get_running_loop().time()
        for ack, said in deliveries:
            if isinstance(said, Text):
                whole = self._joiner.take((said.source, said.ref, said.total), said.seq, said.text, now_s=now_s)
                self._texts.append((link, ack, None if whole is None else Incoming(said.source, whole)))
            else:
                self._words_of(link, ack, said, now_s)
        self._filled.set()

    def _words_of(self, link: Bearer, ack: bytes, said: Report, now_s: float) -> None:
        message_id, stat = said
        word: Word | None = None
        if stat not in ON_THE_WAY and message_id:
            entry = self._reports.find(message_id)
            sending = self._link
            if entry is not None:
                load, slot, _ = entry
                if stat == DELIVERED or not load.unanswered[slot // load.parts]:
                    word = self._reports.report(entry, stat)
                elif message_id not in self._early:  # failed, while other parts are under way: the answer comes first
                    self._early[message_id] = (link, ack, stat, now_s)
                    return
            elif sending is not None and sending.waits_for_answers and len(self._early) < _MAX_EARLY:
                if message_id not in self._early:
                    self._early[message_id] = (link, ack, stat, now_s)
                    return
            else:
                word = Stray(message_id, stat)
        self._words.append((link, ack, word))

    async def _drain(self) -> None:
        while True:
            # With early reports waiting, look again soon; otherwise sleep until something comes.
            with suppress(TimeoutError):
                async with asyncio.timeout(_EARLY_S / 4 if self._early else None):
                    await self._filled.wait()
            self._filled.clear()
            self._give_up_early()
            while self._words or self._texts:
                await self._hand_on_words()
                await self._hand_on_text()

    async def _hand_on_words(self) -> None:
        count = min(len(self._words), _BULK)
        if not count:
            return
        bulk = list(islice(self._words, count))
        words = [word for _, _, word in bulk if word is not None]
        if words:
            await self._on_words(words)
        acks: dict[Bearer, list[bytes]] = {}
        for link, ack, _ in bulk:
            self._words.popleft()
            acks.setdefault(link, []).append(ack)
        for link, octets in acks.items():
            link.acks(octets)

    async def _hand_on_text(self) -> None:
        if self._texts:
            link, ack, text = self._texts[0]
            if text is not None:
                await self._on_text(text)
            self._texts.popleft()
            link.acks([ack])

    def _drain_ended(self, task: asyncio.Task[None]) -> None:
        """The door failed: say so, and offer the same again in a while, for it is not acknowledged yet."""
        if task.cancelled() or self._drainer is not task:
            return
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": "a receipt or reply could not be handed on; it is offered again", "exception": task.exception()})
        loop.call_later(_DOOR_PAUSE_S, self._start_drainer)

    def _start_drainer(self) -> None:
        if self._keeper is None:
            return
        self._filled.set()
        self._drainer = asyncio.create_task(self._drain(), name="sms inbox")
        self._drainer.add_done_callback(self._drain_ended)

    def _give_up_early(self) -> None:
        overdue = asyncio.get_running_loop().time() - _EARLY_S
        while self._early:  # oldest first
            message_id, (link, ack, stat, at) = next(iter(self._early.items()))
            if at > overdue:
                break
            del self._early[message_id]
            # A part of ours whose message was never accepted as a whole has nothing to add.
            self._words.append((link, ack, None if self._reports.find(message_id) else Stray(message_id, stat)))
