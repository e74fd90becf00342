"""Fetch: the one door of the feeds to HTTP: conditional, resumed, limited, with redirects that stay within http and https."""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from feeds.errors import FeedError, SourceUnavailable, Truncated

_REDIRECTS = 5
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class FetchOptions(BaseModel):
    """What every source over HTTP can be told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(default=Path("var/incoming"), description="where fetched files are kept, in a folder of the source's name")
    keep_h: float = Field(default=120, gt=97, description="hours a fetched file is kept; the desk looks back over 97")
    timeout_s: float = Field(default=30, gt=0, description="longest silence of a server")
    max_mb: float = Field(default=2048, gt=0, description="a larger file is refused")
    longest_wait_s: float = Field(default=600, gt=0, description="after failures the pause doubles up to this")
    user: str = Field(default="", description="user name, where the server asks for one")
    password: SecretStr = Field(default=SecretStr(""), description="its password")
    headers: Mapping[str, SecretStr] = Field(default={}, description="further headers, such as an API key; never sent to another host")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a server calls the version of a file, to ask for a newer one."""

    etag: str = ""
    modified: str = ""


class Fetch:
    """Opened for as long as a source runs. ``outside``: the URLs come from strangers, so private addresses are refused."""

    def __init__(self, options: FetchOptions, *, name: str, outside: bool = False) -> None:
        self._options, self._name, self._outside = options, name, outside
        self._limit = int(options.max_mb * 1_000_000)

    async def __aenter__(self) -> Self:
        # Outside, a connection is known by the judged address alone: none is kept for another name at it, and no proxy calls another.
        self._client = httpx.AsyncClient(
            timeout=self._options.timeout_s, follow_redirects=False, trust_env=not self._outside, headers={"User-Agent": "xiaoxishu", "Accept-Encoding": "identity"},
            limits=httpx.Limits(max_connections=4, max_keepalive_connections=0 if self._outside else 4))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._client.aclose()

    async def text(self, url: str) -> str | None:
        """A small document; None for 404. Raises SourceUnavailable, FeedError."""
        async with self.opened(url, {}) as answer:
            if answer.status_code == 404:
                return None
            self._good(answer, url)
            return (await self._body(answer, url)).decode(answer.encoding or "utf-8", errors="replace")

    async def download(self, url: str, to: Path, *, known: Version = Version()) -> Version | None:
        """The file at ``to``, whole; None when the server has nothing newer than ``known``. Goes on where ``to`` ends, when that is the
        same version still. Raises SourceUnavailable, Truncated, FeedError."""
        note = to.with_name(to.name + ".version")
        have = _held(to, note)
        headers = {"If-None-Match": known.etag} if known.etag else {"If-Modified-Since": known.modified} if known.modified else {}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": note.read_text(encoding="utf-8")}
        async with self.opened(url, headers) as answer:
            if answer.status_code == 304:
                return None
            if answer.status_code == 416:  # what we have is as long as the whole, or longer: begin again
                _forget(to, note)
                raise Truncated(f"source {self._name!r}: {_shown(url)} is not longer than what is here; it is fetched anew")
            self._good(answer, url)
            version = Version(etag=answer.headers.get("etag", ""), modified=answer.headers.get("last-modified", ""))
            strong = version.etag if version.etag and not version.etag.startswith("W/") else version.modified
            if strong:
                note.write_text(strong, encoding="utf-8")
            await self._write(answer, to, url, go_on=answer.status_code == 206)
        _forget(note)
        return version

    async def piece(self, url: str, start: int, length: int | None) -> bytes:
        """``length`` bytes from ``start`` (None = to the end). Raises SourceUnavailable, also when the server knows no ranges."""
        end = "" if length is None else start + length - 1
        async with self.opened(url, {"Range": f"bytes={start}-{end}"}) as answer:
            self._good(answer, url)
            if answer.status_code != 206 or not answer.headers.get("content-range", "").startswith(f"bytes {start}-"):
                raise SourceUnavailable(f"source {self._name!r}: {_shown(url)} does not give the part that was asked for; use a mirror that knows ranges")
            body = await self._body(answer, url)
        if length is not None and len(body) != length:
            raise Truncated(f"source {self._name!r}: {_shown(url)} gave {len(body)} of {length} bytes; it is fetched again")
        return body

    @asynccontextmanager
    async def opened(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        """A GET, its redirects followed: to http and https only, never from https down to http, and no secret goes to another host."""
        origin, at = urlsplit(url)[:2], url
        for _ in range(_REDIRECTS + 1):
            where, name, more = await self._judged(at) if self._outside else (at, {}, {})
            ours = urlsplit(at)[:2] == origin
            secret = {name: value.get_secret_value() for name, value in self._options.headers.items()} if ours else {}
            auth = (self._options.user, self._options.password.get_secret_value()) if self._options.user and ours else None
            try:
                async with self._client.stream("GET", where, headers={**headers, **secret, **name}, auth=auth, extensions=more) as answer:
                    if not answer.has_redirect_location:
                        yield answer
                        return
                    target = urljoin(at, answer.headers["location"])
            except httpx.HTTPError as fault:
                raise SourceUnavailable(f"source {self._name!r}: {_shown(at)} cannot be had ({type(fault).__name__}: {fault}); it is tried again") from fault
            schemes = urlsplit(at).scheme, urlsplit(target).scheme
            if schemes[1] not in ("http", "https") or schemes == ("https", "http"):
                raise FeedError(f"source {self._name!r}: {_shown(at)} sends us on to {schemes[1]}:, which is refused; name the real address in `url`")
            at = target
        raise FeedError(f"source {self._name!r}: {_shown(url)} sends us on more than {_REDIRECTS} times; name the real address in `url`")

    def _good(self, answer: httpx.Response, url: str) -> None:
        status = answer.status_code
        if status in (401, 403):
            raise FeedError(f"source {self._name!r}: {_shown(url)} answers {status}: mend user, password or headers")
        if status not in (200, 206):
            raise SourceUnavailable(f"source {self._name!r}: {_shown(url)} answers {status}; it is tried again")
        told = answer.headers.get("content-length", "")
        if told.isdigit() and int(told) > self._limit:
            raise self._too_large(url)

    async def _body(self, answer: httpx.Response, url: str) -> bytes:
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > self._limit:
                raise self._too_large(url)
        return bytes(body)

    async def _write(self, answer: httpx.Response, to: Path, url: str, *, go_on: bool) -> None:
        with to.open("ab" if go_on else "wb") as file:
            async for chunk in answer.aiter_bytes():
                file.write(chunk)
                if file.tell() > self._limit:
                    raise self._too_large(url)

    def _too_large(self, url: str) -> FeedError:
        return FeedError(f"source {self._name!r}: {_shown(url)} is larger than {self._options.max_mb:g} MB; raise max_mb or leave it out by the pattern")

    async def _judged(self, url: str) -> tuple[str, dict[str, str], dict[str, str]]:
        """A stranger's URL at an address that was judged, with the name for Host and for TLS; one that leads into a private network is refused.

        The name is looked up this once: whoever answers otherwise a moment later (DNS rebinding) is not asked.
        """
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as fault:
            raise SourceUnavailable(f"source {self._name!r}: host {host!r} of a link is not known; it is tried with the next message") from fault
        addresses = [ipaddress.ip_address(str(entry[4][0])) for entry in found]
        if not addresses or not all(one.is_global and not one.is_multicast for address in addresses for one in (address, *_inside(address))):
            raise FeedError(f"source {self._name!r}: a link leads to the private address of {host!r} and is not followed; "
                            f"set allow_private if that server is yours")
        at = f"[{addresses[0]}]" if addresses[0].version == 6 else str(addresses[0])
        name = f"[{host}]" if ":" in host else host
        return (parts._replace(netloc=f"{at}:{port}").geturl(), {"Host": name if parts.port is None else f"{name}:{port}"}, {"sni_hostname": host})


def _inside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """What an IPv6 address wraps and leads to: IPv4-mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    nat64 = [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)] if address in _NAT64 else []
    return [one for one in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()), *nat64) if one is not None]


def _held(to: Path, note: Path) -> int:
    """Bytes that can be gone on from: of a file whose version is known."""
    return to.stat().st_size if to.exists() and note.exists() else 0


def _forget(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _shown(url: str) -> str:
    """Without what may be secret: user, query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
