"""Poll: look at a partner's feed with ETag and Last-Modified, and take what is new in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urljoin

import httpx
import structlog

from channels.wire.ssrf import BadTarget, check_url
from warning.capxml import scan_feed
from warning.errors import CapError
from warning.exchange.desk import IntakeDesk
from warning.exchange.work import Fate, Partner, Taken
from warning.xml import MAX_BYTES

log = structlog.get_logger()

MOST_LINKS = 100
"""Documents fetched in one round; a feed that names more is read on in the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a server said of its feed when it was read last."""

    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """``fault`` empty = the feed answered. ``taken`` are new and known alike."""

    mark: Mark
    taken: tuple[Taken, ...] = ()
    fault: str = ""


class Marks(Protocol):
    async def mark(self, partner: str) -> Mark: ...

    async def looked(self, partner: str, found: Round) -> None: ...


class Polling:
    """Looks at every partner that has a feed, one after the other; called by the ticker."""

    def __init__(self, marks: Marks, desk: IntakeDesk, *, allow_private: bool) -> None:
        self._marks = marks
        self._desk = desk
        self._allow_private = allow_private

    async def look(self) -> int:
        """Returns how many new alerts came in."""
        fresh = 0
        async with httpx.AsyncClient(timeout=20) as http:
            for partner in self._desk.polled:
                found = await poll(self._desk, partner, await self._marks.mark(partner.name), http=http, allow_private=self._allow_private)
                await self._marks.looked(partner.name, found)
                fresh += sum(one.fate is not Fate.KNOWN for one in found.taken)
        return fresh


async def poll(desk: IntakeDesk, partner: Partner, mark: Mark, *, http: httpx.AsyncClient, allow_private: bool) -> Round:
    """One look. A feed that has not changed costs one answer of 304; a document that cannot be read is told and stops nothing."""
    head = {name: value for name, value in (("If-None-Match", mark.etag), ("If-Modified-Since", mark.modified)) if value}
    try:
        answer = await _get(http, partner.url, head, allow_private=allow_private)
        if answer.status_code == 304:
            return Round(mark=mark)
        if answer.status_code != 200:
            return Round(mark=mark, fault=f"the feed answered HTTP {answer.status_code}")
        scan = scan_feed(answer.content)
        taken, refused, documents = [], list(scan.refused), list(scan.documents)
        for link in scan.links[:MOST_LINKS]:
            found = await _get(http, urljoin(partner.url, link), {}, allow_private=allow_private)
            documents += [found.content] if found.status_code == 200 else []
        for document in documents:
            try:
                taken.append(await desk.take(document, partner, how="poll"))
            except CapError as error:
                refused.append(str(error))
    except (httpx.HTTPError, BadTarget, CapError) as error:
        return Round(mark=mark, fault=f"{type(error).__name__}: {error}"[:200])
    for why in refused:
        log.warning("a partner's document was refused", partner=partner.name, why=why)
    return Round(mark=Mark(etag=answer.headers.get("etag", ""), modified=answer.headers.get("last-modified", "")), taken=tuple(taken))


async def _get(http: httpx.AsyncClient, url: str, head: Mapping[str, str], *, allow_private: bool) -> httpx.Response:
    """Without following redirects, which could lead inside; never more than a document may have."""
    check_url(url, allow_private=allow_private)
    async with http.stream("GET", url, headers=dict(head), follow_redirects=False) as answer:
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                raise CapError(f"{url} has more than {MAX_BYTES} bytes; it was not read")
        return httpx.Response(answer.status_code, headers=answer.headers, content=bytes(body), request=answer.request)
