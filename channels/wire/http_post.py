"""Courier: one worker's keep-alive HTTP/1.1 connections, made for thousands of small POSTs a second to checked addresses.

Only what a warning needs: POST with a known length, the status, Retry-After. Nothing is unbounded: the whole exchange has one time limit,
a head is at most 16 kB, at most 64 kB of body are read (to keep the connection) and thrown away, redirects are never followed. A general
client spends several times longer on each request and looks a name up again after it was checked.
"""

import asyncio
import ssl
from dataclasses import dataclass

from channels.message import Reason
from channels.wire.ssrf import BadTarget, Target, check_url, parse_target, resolve

MAX_HEAD = 16 * 1024
MAX_BODY = 64 * 1024
_KEPT_CONNECTIONS = 8
_DRAIN_S = 2.0
_MAX_ADDRESSES = 4
_MAX_INTERIM = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One POST to make. Header values are latin-1 without line breaks; Host, Content-Length and User-Agent are added."""

    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The peer's status and, where it said one, its Retry-After (printable, at most 40 characters)."""

    status: int
    retry_after: str = ""


class PostFault(Exception):
    """No status came. ``retry`` False: this address is refused for good. The text never quotes the address."""

    def __init__(self, evidence: str, *, reason: Reason, retry: bool) -> None:
        super().__init__(evidence)
        self.evidence = evidence
        self.reason = reason
        self.retry = retry


class Courier:
    """One letter at a time. Not for concurrent use: make one for each worker."""

    def __init__(self, *, timeout_s: float, allow_private: bool, tls: ssl.SSLContext) -> None:
        self._timeout_s = timeout_s
        self._allow_private = allow_private
        self._tls = tls
        self._kept: dict[tuple[str, str, int], _Connection] = {}

    async def post(self, letter: Letter) -> Answer:
        """Send and give back the status; raises PostFault when none came within ``timeout_s`` in all."""
        try:
            check_url(letter.url, allow_private=self._allow_private)
            target = parse_target(letter.url)
            request = _request(target, letter)
        except BadTarget as refused:
            raise PostFault(str(refused), reason=Reason.BAD_ADDRESS, retry=False) from refused
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        kept = self._kept.pop(target.origin, None)
        if kept is not None:
            if kept.usable():
                try:
                    return await self._exchange(kept, request, target, deadline)
                except _Stale:
                    pass  # the peer closed the idle connection before it read anything: once more on a fresh one
            else:
                kept.drop()
        try:
            return await self._exchange(await self._connect(target, deadline), request, target, deadline)
        except _Stale as closed:
            raise PostFault("the connection was closed without an answer", reason=Reason.UNREACHABLE, retry=True) from closed

    async def close(self) -> None:
        while self._kept:
            _, connection = self._kept.popitem()
            await connection.close()

    async def _connect(self, target: Target, deadline: float) -> "_Connection":
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(deadline):
                addresses = (await resolve(target, allow_private=self._allow_private))[:_MAX_ADDRESSES]
                for rest in range(len(addresses), 0, -1):
                    # An address that swallows packets (often IPv6) gets its share of the time, not all of it.
                    share = (deadline - loop.time()) / rest
                    try:
                        return await self._open(addresses[-rest], target, share)
                    except OSError:
                        if rest == 1:
                            raise
        except BadTarget as refused:
            raise PostFault(str(refused), reason=Reason.BAD_ADDRESS, retry=False) from refused
        except TimeoutError as late:
            raise PostFault("no connection in time", reason=Reason.UNREACHABLE, retry=True) from late
        except ssl.SSLError as wrong:
            raise PostFault("TLS failed: " + (wrong.reason or "no reason given").lower().replace("_", " "),
                            reason=Reason.UNREACHABLE, retry=True) from wrong
        except OSError as dead:
            raise PostFault(f"no connection: {type(dead).__name__}", reason=Reason.UNREACHABLE, retry=True) from dead
        raise PostFault("no connection: no address", reason=Reason.UNREACHABLE, retry=True)

    async def _open(self, address: str, target: Target, share_s: float) -> "_Connection":
        async with asyncio.timeout(share_s):  # TimeoutError is an OSError
            if target.scheme == "https":
                pair = await asyncio.open_connection(
                    address, target.port, limit=MAX_HEAD, ssl=self._tls, server_hostname=target.host)
            else:
                pair = await asyncio.open_connection(address, target.port, limit=MAX_HEAD)
        return _Connection(*pair)

    async def _exchange(self, connection: "_Connection", request: bytes, target: Target, deadline: float) -> Answer:
        keep = False
        try:
            async with asyncio.timeout_at(deadline):
                answer, left = await connection.ask(request)
            keep = await _drained(connection, left, deadline)
        except TimeoutError as late:
            raise PostFault("no answer in time", reason=Reason.TIMEOUT, retry=True) from late
        finally:
            if keep:
                self._kept[target.origin] = connection
                if len(self._kept) > _KEPT_CONNECTIONS:
                    self._kept.pop(next(iter(self._kept))).drop()
            else:
                connection.drop()
        return answer


class _Stale(Exception):
    """The peer closed the connection before the first byte of an answer."""


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def usable(self) -> bool:
        return not self._writer.is_closing() and not self._reader.at_eof()

    def drop(self) -> None:
        self._writer.close()

    async def close(self) -> None:
        self._writer.close()
        try:
            async with asyncio.timeout(_DRAIN_S):
                await self._writer.wait_closed()
        except OSError:
            pass  # it is gone either way

    async def ask(self, request: bytes) -> "tuple[Answer, _Body]":
        """Write the request and read the head of the final answer; what is left to read is described by the second value."""
        try:
            self._writer.write(request)
            await self._writer.drain()
            for _ in range(_MAX_INTERIM):
                head = await self._reader.readuntil(b"\r\n\r\n")
                status, headers = _parse_head(head)
                if status >= 200:
                    return _answer(status, headers), _body(status, headers)
                if status == 101:
                    break
        except asyncio.IncompleteReadError as ended:
            if ended.partial:
                raise _broken("the answer ended in its head") from ended
            raise _Stale from ended
        except asyncio.LimitOverrunError as large:
            raise _broken("the answer's head is larger than 16 kB") from large
        except TimeoutError:
            raise
        except OSError as reset:
            raise _Stale from reset
        raise _broken("interim answers without a final one")

    async def drain(self, left: "_Body") -> bool:
        """Read the body away, at most MAX_BODY; True when the connection stands at the start of a next answer."""
        if left.length is not None:
            if left.length > MAX_BODY:
                return False
            await self._reader.readexactly(left.length)
            return not left.close
        if not left.chunked:
            return False
        read = 0
        while True:
            line = await self._reader.readuntil(b"\r\n")
            size = int(line.split(b";", 1)[0], 16)
            read += size
            if size < 0 or read > MAX_BODY:
                return False
            if size == 0:
                return await self._reader.readuntil(b"\r\n") == b"\r\n" and not left.close  # trailers: let the connection go
            await self._reader.readexactly(size + 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    length: int | None
    chunked: bool
    close: bool


async def _drained(connection: _Connection, left: _Body, deadline: float) -> bool:
    """The status is already known, so a slow or broken body costs the connection, never the answer."""
    until = min(deadline, asyncio.get_running_loop().time() + _DRAIN_S)
    try:
        async with asyncio.timeout_at(until):
            return await connection.drain(left)
    except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return False


def _request(target: Target, letter: Letter) -> bytes:
    lines = [f"POST {target.path} HTTP/1.1", f"Host: {target.authority}", "User-Agent: xiaoxishu", f"Content-Length: {len(letter.body)}"]
    lines += [f"{name}: {value}" for name, value in letter.headers]
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        raise PostFault("a header would hold a line break", reason=Reason.REFUSED, retry=False)
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + letter.body


def _parse_head(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    first, *rest = head[:-4].split(b"\r\n")
    if not first.startswith(b"HTTP/1.") or not first[9:12].isdigit() or first[8:9] != b" ":
        raise _broken("the answer is no HTTP/1.1")
    headers: dict[bytes, bytes] = {}
    for line in rest:
        name, _, value = line.partition(b":")
        name = name.lower()
        value = value.strip()
        headers[name] = headers[name] + b", " + value if name in headers else value
    if first.startswith(b"HTTP/1.0"):
        headers.setdefault(b"connection", b"close")
    return int(first[9:12]), headers


def _answer(status: int, headers: dict[bytes, bytes]) -> Answer:
    said = headers.get(b"retry-after", b"").decode("ascii", "replace")
    return Answer(status=status, retry_after="".join(c for c in said if c.isprintable())[:40])


def _body(status: int, headers: dict[bytes, bytes]) -> _Body:
    close = b"close" in headers.get(b"connection", b"").lower()
    if status in (204, 304):
        return _Body(length=0, chunked=False, close=close)
    if b"transfer-encoding" in headers:
        return _Body(length=None, chunked=headers[b"transfer-encoding"].lower() == b"chunked", close=close)
    length = headers.get(b"content-length", b"")
    return _Body(length=int(length) if length.isdigit() and len(length) < 10 else None, chunked=False, close=close)


def _broken(evidence: str) -> PostFault:
    return PostFault(evidence, reason=Reason.BROKEN_REPLY, retry=True)
