"""Poll: look at a partner's feed with ETag and Last-Modified, and take what is new in it.

What a feed names is first written down and then fetched: a link is owed until its document was taken, so that neither an answer of 503 nor the
end of this process loses it, whatever the feed's ETag says afterwards. A round fetches at most ``MOST_LINKS`` and lasts at most ``ROUND_S``;
the rest is owed to the next one. One bad link holds up no other, and no partner another partner.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from typing import Protocol
from urllib.parse import urljoin

import structlog

from channels.wire.http_get import Fetched, Unfetched, fetch
from warning.capxml import FeedScan, scan_feed
from warning.errors import CapError
from warning.exchange.desk import IntakeDesk
from warning.exchange.work import Fate, Partner, Taken
from warning.xml import MAX_BYTES

log = structlog.get_logger()

MOST_LINKS = 100
"""Documents fetched in one round, those tried least first, then in the feed's own order."""
MOST_NAMED = 5_000
"""Links that are remembered of one feed; what stands below them is said to be too much."""
ROUND_S = 50.0
LINK_S = 20.0
_AT_ONCE = 8
_PARTNERS_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a server said of its feed when everything in it was written down."""

    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A feed that was read: its links (with what it says of their version), and why some of what stands inside it cannot be read."""

    mark: Mark
    links: tuple[tuple[str, str], ...] = ()
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of one link. ``fault`` empty = its document was taken; ``final``: fetched, but no alert, so it is not asked for again."""

    url: str
    fault: str = ""
    final: bool = False


class Links(Protocol):
    """The memory of partners' feeds."""

    async def mark(self, partner: str) -> Mark: ...

    async def read(self, partner: str, found: Reading) -> None: ...

    async def failed(self, partner: str, fault: str) -> None: ...

    async def owed(self, partner: str, *, most: int) -> list[str]: ...

    async def answered(self, partner: str, found: Answered) -> None: ...

    async def told(self, partner: str) -> None: ...


class Polling:
    """Looks at every partner that has a feed; called by the ticker."""

    def __init__(self, links: Links, desk: IntakeDesk, *, allow_private: bool) -> None:
        self._links = links
        self._desk = desk
        self._allow_private = allow_private

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The roots of this machine: read when the first partner is asked, for most deployments have none."""
        return ssl.create_default_context()

    async def look(self) -> int:
        """Returns how many alerts came in that wait or went out. First of all it takes up what a dead process left half done."""
        await self._desk.resume()
        slots = asyncio.Semaphore(_PARTNERS_AT_ONCE)

        async def one(partner: Partner) -> list[Taken]:
            async with slots:
                return await self._round(partner)

        async with asyncio.TaskGroup() as group:
            rounds = [group.create_task(one(partner)) for partner in self._desk.polled]
        return sum(taken.fate in (Fate.HELD, Fate.REDISTRIBUTED) for found in rounds for taken in found.result())

    async def _round(self, partner: Partner) -> list[Taken]:
        """One look: the feed where it has changed, then what it owes. A feed that has not changed costs one answer of 304."""
        ends = asyncio.get_running_loop().time() + ROUND_S
        taken: list[Taken] = []
        mark = await self._links.mark(partner.name)
        try:
            answer = await self._get(partner.url, {name: value for name, value in (
                ("If-None-Match", mark.etag), ("If-Modified-Since", mark.modified)) if value})
            if answer.status == 200:
                scan = scan_feed(answer.body)
                inside, odd = await self._take(partner, scan.documents)
                taken += inside
                # Only now: had we died before, the whole feed would be read again.
                await self._links.read(partner.name, Reading(
                    mark=Mark(etag=answer.etag, modified=answer.modified), links=_named(partner, scan), odd=(*scan.refused, *odd, *_too_many(scan))))
            elif answer.status != 304:
                await self._links.failed(partner.name, f"the feed answered HTTP {answer.status}")
            else:
                await self._links.failed(partner.name, "")
        except (Unfetched, CapError) as error:
            await self._links.failed(partner.name, str(error)[:200])
        taken += await self._owed(partner, ends)
        await self._links.told(partner.name)
        return taken

    async def _owed(self, partner: Partner, ends: float) -> list[Taken]:
        """Fetch what is owed, some at once, and take it in the order in which it was sent: an end must not come before its start."""
        urls = iter(await self._links.owed(partner.name, most=MOST_LINKS))
        found: list[tuple[str, bytes]] = []

        async def work() -> None:
            for url in urls:
                left = ends - asyncio.get_running_loop().time()
                if left <= 0:
                    return
                try:
                    answer = await self._get(url, {}, timeout_s=min(LINK_S, left))
                except Unfetched as error:
                    await self._links.answered(partner.name, Answered(url=url, fault=str(error)[:200]))
                    continue
                if answer.status == 200:
                    found.append((url, answer.body))
                else:
                    await self._links.answered(partner.name, Answered(url=url, fault=f"HTTP {answer.status}"))

        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(work())
        taken: list[Taken] = []
        for url, body in sorted(found, key=lambda one: _sent(one[1])):
            done, odd = await self._take(partner, [body])
            taken += done
            await self._links.answered(partner.name, Answered(url=url, fault=odd[0] if odd else "", final=bool(odd)))
        return taken

    async def _take(self, partner: Partner, documents: Sequence[bytes]) -> tuple[list[Taken], list[str]]:
        """What became of each, and why some cannot be read."""
        taken: list[Taken] = []
        odd: list[str] = []
        for document in sorted(documents, key=_sent):
            try:
                taken.append(await self._desk.take(document, partner, how="poll"))
            except CapError as error:
                odd.append(str(error)[:200])
                log.warning("a partner's document cannot be read", partner=partner.name, why=str(error)[:200])
        return taken, odd

    async def _get(self, url: str, head: Mapping[str, str], *, timeout_s: float = LINK_S) -> Fetched:
        return await fetch(url, tls=self._tls, allow_private=self._allow_private, timeout_s=timeout_s, max_bytes=MAX_BYTES, headers=head)


def _sent(document: bytes) -> str:
    """When it says that it was sent, to put documents in order; what cannot be read comes first and is told by whoever takes it."""
    try:
        return max((result.alert.sent.astimezone(UTC).isoformat() for result in scan_feed(document).read), default="")
    except CapError:
        return ""


def _named(partner: Partner, scan: FeedScan) -> tuple[tuple[str, str], ...]:
    return tuple({urljoin(partner.url, link): scan.stamps.get(link, "") for link in scan.links[:MOST_NAMED]}.items())


def _too_many(scan: FeedScan) -> tuple[str, ...]:
    return (f"it names {len(scan.links)} links, of which {MOST_NAMED} are read",) if len(scan.links) > MOST_NAMED else ()
