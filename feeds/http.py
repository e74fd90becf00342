"""HTTP: one address polled for newer versions, or a listing of files (a web server's folder) of which each new one is fetched."""

import asyncio
import fnmatch
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from pydantic import Field, HttpUrl

from feeds.backoff import Backoff
from feeds.errors import FeedError
from feeds.fetch import Fetch, FetchOptions, Version
from feeds.incoming import Incoming
from feeds.payload import Payload
from feeds.run_time import TimePattern, run_time_of
from feeds.zone_name import ZoneName


class Options(FetchOptions):
    """What a polled address can be told."""

    url: HttpUrl = Field(description="the file, or with `listing` the folder")
    listing: bool = Field(default=False, description="the address is a folder: a page of links, or plain text with a name a line")
    pattern: str = Field(default="*", min_length=1, description="listing: file names wanted, with * and ?")
    newest: int = Field(default=24, ge=1, description="listing: of a folder full of old files so many of the last (by name) are taken at first")
    again: bool = Field(default=False, description="listing: ask at each poll whether a file fetched before has a newer version")
    poll_s: float = Field(default=60, gt=0, description="seconds between two looks")
    time_pattern: TimePattern = Field(default="", description="regular expression whose groups are the digits of the run time in the name; "
                              "empty = the content tells it")
    time_zone: ZoneName = Field(default="UTC", description="time zone of the digits in the name, such as Asia/Shanghai")


class Source:
    """``payloads()`` runs until it is closed; after a failure it raises, and waits before it begins again."""

    def __init__(
        self, options: Options, *, name: str, now: Callable[[], datetime], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._options, self._name, self._now, self._sleep = options, name, now, sleep
        self._incoming = Incoming(folder=options.folder / name, keep=timedelta(hours=options.keep_h))
        self._backoff = Backoff(first=min(5.0, options.poll_s), longest=options.longest_wait_s)
        self._versions: dict[str, Version] = {}
        self._passed_over: frozenset[str] | None = None  # what the folder was already full of

    async def payloads(self) -> AsyncGenerator[Payload]:
        """Each version once, of a listing by name. Raises SourceUnavailable, Truncated (retry) and FeedError, each with a mend."""
        if self._backoff.wait:
            await self._sleep(self._backoff.wait)
        async with Fetch(self._options, name=self._name) as fetch:
            while True:
                try:
                    for url in await self._wanted(fetch):
                        payload = await self._fetched(fetch, url)
                        if payload is not None:
                            yield payload
                except FeedError:
                    self._backoff.failed()
                    raise
                self._backoff.succeeded()
                await asyncio.to_thread(self._incoming.sweep, now=self._now())
                await self._sleep(self._options.poll_s)

    async def _wanted(self, fetch: Fetch) -> list[str]:
        """The addresses to ask for now."""
        url = str(self._options.url)
        if not self._options.listing:
            return [url]
        folder = url if url.endswith("/") else f"{url}/"
        page = await fetch.text(folder)
        if page is None:
            raise FeedError(f"source {self._name!r}: there is no folder {folder}; mend `url`")
        names = sorted({name for name in names_in(page, folder) if fnmatch.fnmatchcase(name, self._options.pattern)})
        if self._passed_over is None:
            self._passed_over = frozenset(names[: -self._options.newest])
        addresses = [urljoin(folder, name) for name in names if name not in self._passed_over]
        return [address for address in addresses if self._options.again or address not in self._versions]

    async def _fetched(self, fetch: Fetch, url: str) -> Payload | None:
        name = unquote(urlsplit(url).path.rsplit("/", 1)[-1]) or self._name
        part = self._incoming.part(name)
        version = await fetch.download(url, part, known=self._versions.get(url, Version()))
        if version is None:
            return None
        self._versions[url] = version
        now = self._now()
        path, checksum = await asyncio.to_thread(self._incoming.finish, part, name, now=now)
        run_time = await asyncio.to_thread(_run_time, path, self._options)
        return Payload(source=self._name, path=path, fetched_at=now, checksum=checksum, run_time=run_time)


def _run_time(path: Path, options: Options) -> datetime | None:
    return run_time_of(path, pattern=options.time_pattern, zone=options.time_zone)


def names_in(page: str, folder: str) -> set[str]:
    """The files directly in ``folder`` that a page of links names, or a text with one name a line."""
    links = _Links()
    links.feed(page)
    if not links.found and "<" not in page:
        return {line.strip() for line in page.splitlines() if line.strip() and "/" not in line.strip()}
    names = set()
    for link in links.found:
        target = urljoin(folder, link.split("#", 1)[0].split("?", 1)[0])
        name = target.removeprefix(folder)
        if target.startswith(folder) and name and "/" not in name:
            names.add(name)
    return names


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]
