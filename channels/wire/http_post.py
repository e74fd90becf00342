"""Courier: one worker's keep-alive HTTP/1.1 connections, made for thousands of small POSTs a second to checked addresses.

Only what a warning needs: POST with a known length, the status, Retry-After. Nothing is unbounded: the whole exchange has one time limit,
a head is at most 16 kB, at most 64 kB of body are read (to keep the connection) and thrown away, redirects are never followed. A general
client spends several times longer on each request and looks a name up again after it was checked.
"""

import asyncio
import ssl
from dataclasses import dataclass, replace

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
    """The peer's status and, where it said one, its Retry-After (printable, at most 40 characters). ``words``: the body, for those who asked for it."""

    status: int
    retry_after: str = ""
    words: bytes = b""


class PostFault(Exception):
    """No status came. ``retry`` False: this address is refused for good. The text never quotes the address."""

    def __init__(self, evidence: str, *, reason: Reason, retry: bool) -> None:
        super().__init__(evidence)
        self.evidence = evidence
        self.reason = reason
        self.retry = retry


class Courier:
    """One letter at a time. Not for concurrent use: make one for each worker. ``words``: answers are wanted with their body."""

    def __init__(self, *, timeout_s: float, allow_private: bool, tls: ssl.SSLContext, words: bool = False) -> None:
        self._timeout_s = timeout_s
        self._allow_private = allow_private
        self._tls = tls
        self._words = words
        self._kept: dict[tuple[str, str, int], _Connection] = {}

    async def post(self, target: Target, request: bytes) -> Answer:
        """Send what :func:`written` gave and return the status; raises PostFault when none came within ``timeout_s`` in all.

        Of ``target`` only the origin is used: the path stands in the request.
        """
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        kept = self._kept.pop(target.origin, None)
        if kept is not None and kept.usable():
            try:
                return await self._exchange(kept, request, target, deadline)
            except _Stale:
                pass  # the peer closed the idle connection before it read anything: once more on a fresh one
        try:
            return await self._exchange(await self._connect(target, deadline), request, target, deadline)
        except _Stale as closed:
            # The request was written, so it may have been taken: no other route may have it.
            raise PostFault("the connection was closed without an answer", reason=Reason.BROKEN_REPLY, retry=True) from closed

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
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(share_s):  # TimeoutError is an OSError
            if target.scheme == "https":
                _, connection = await loop.create_connection(
                    lambda: _Connection(loop), address, target.port, ssl=self._tls, server_hostname=target.host)
            else:
                _, connection = await loop.create_connection(lambda: _Connection(loop), address, target.port)
        return connection

    async def _exchange(self, connection: "_Connection", request: bytes, target: Target, deadline: float) -> Answer:
        keep = False
        try:
            answer = await connection.ask(request, deadline)
            keep = connection.usable() or await connection.drained(deadline)
            if self._words:
                answer = replace(answer, words=connection.words)
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


class _Connection(asyncio.Protocol):
    """A connection that is asked, answers with a status, and is at rest again once the answer's body has been read away.

    A Protocol and not a pair of streams: bytes are looked at where they arrive, with one timer for all its exchanges, which is half the cost.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._closed: asyncio.Future[None] = loop.create_future()
        self._buffer = b""
        self._asked: asyncio.Future[Answer] | None = None
        self._body: _Body | None = None
        self._rest: asyncio.Future[None] | None = None
        self._reusable = True
        self.words = b""
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def usable(self) -> bool:
        """At rest: everything of the last answer has been read, and the peer has not said good-bye."""
        return self._reusable and self._body is None and self._transport is not None and not self._transport.is_closing()

    def drop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        self.drop()
        if self._transport is not None:
            await self._closed

    async def ask(self, request: bytes, deadline: float) -> Answer:
        """Write the request; the final answer's status. Raises TimeoutError at ``deadline`` (the loop's time), _Stale and PostFault."""
        assert self._transport is not None
        if self._closed.done():
            raise _Stale
        asked: asyncio.Future[Answer] = self._loop.create_future()
        self._asked = asked
        self._reusable = False
        self.words = b""
        self._deadline = deadline
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._due)
        # In the next turn of the loop, so that the requests of many couriers leave together: each alone would wake the peer.
        self._loop.call_soon(self._transport.write, request)
        return await asked

    async def drained(self, deadline: float) -> bool:
        """Wait for the rest of the body: the status is known, so a slow or broken body costs the connection, never the answer."""
        if self._body is None:
            return False
        self._rest = self._loop.create_future()
        try:
            async with asyncio.timeout_at(min(deadline, self._loop.time() + _DRAIN_S)):
                await self._rest
        except TimeoutError:
            return False
        finally:
            self._rest = None
        return self.usable()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 the loop's form; how it ended tells nothing more
        self.drop()
        self._fail(_broken("the answer ended in its head") if self._buffer else _Stale())
        self._ended(reusable=False)
        if not self._closed.done():
            self._closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if self._asked is not None:
            self._head()
        elif self._body is None:
            self.drop()  # nobody asked
        if self._body is not None:
            self._drain(self._body)

    def _head(self) -> None:
        for _ in range(_MAX_INTERIM):
            end = self._buffer.find(b"\r\n\r\n", 0, MAX_HEAD)
            if end < 0:
                if len(self._buffer) >= MAX_HEAD:
                    self._fail(_broken("the answer's head is larger than 16 kB"))
                return
            head, self._buffer = self._buffer[:end], self._buffer[end + 4:]
            try:
                status, headers = _parse_head(head)
            except PostFault as broken:
                self._fail(broken)
                return
            if status >= 200:
                self._body = _body(status, headers)
                if self._asked is not None and not self._asked.done():
                    self._asked.set_result(_answer(status, headers))
                self._asked = None
                return
            if status == 101:
                break
        self._fail(_broken("interim answers without a final one"))

    def _drain(self, left: "_Body") -> None:
        """Read the body away, at most MAX_BODY; where the connection then stands at the start of a next answer it is reusable."""
        if left.length is not None:
            if left.length > MAX_BODY:
                self._ended(reusable=False)
            elif len(self._buffer) >= left.length:
                self.words = self._buffer[:left.length]
                self._ended(reusable=not left.close and len(self._buffer) == left.length)
        elif left.chunked:
            try:
                end = _chunks_end(self._buffer)
            except ValueError:
                self._ended(reusable=False)
                return
            if end is not None:
                self.words = _joined(self._buffer[:end])
                self._ended(reusable=not left.close and len(self._buffer) == end)
        else:
            self._ended(reusable=False)

    def _ended(self, *, reusable: bool) -> None:
        self._body = None
        self._buffer = b""
        self._reusable = reusable
        if self._rest is not None and not self._rest.done():
            self._rest.set_result(None)

    def _fail(self, error: Exception) -> None:
        if self._asked is not None and not self._asked.done():
            self._asked.set_exception(error)
        self._asked = None

    def _due(self) -> None:
        """The one timer: set for the first exchange, moved on to the deadline of the newest each time it rings too early."""
        self._timer = None
        if self._asked is None:
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._due)
        else:
            self._fail(TimeoutError())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    length: int | None
    chunked: bool
    close: bool


def _chunks_end(data: bytes) -> int | None:
    """Where a chunked body (RFC 9112 §7.1) ends; None = not yet. Raises ValueError: broken, longer than MAX_BODY, or with trailers."""
    position = 0
    while True:
        line = data.find(b"\r\n", position)
        if line < 0:
            if len(data) - position > 4096:
                raise ValueError("a chunk's first line without an end")
            return None
        size = int(data[position:line].split(b";", 1)[0], 16)
        position = line + 2 + size + 2
        if size < 0 or position > MAX_BODY:
            raise ValueError("more than is read away")
        if len(data) < position:
            return None
        if data[position - 2:position] != b"\r\n":
            raise ValueError("a chunk without its end, or trailers")
        if size == 0:
            return position


def _joined(data: bytes) -> bytes:
    """What a whole chunked body says."""
    position, found = 0, list[bytes]()
    while True:
        line = data.index(b"\r\n", position)
        size = int(data[position:line].split(b";", 1)[0], 16)
        if size == 0:
            return b"".join(found)
        found.append(data[line + 2:line + 2 + size])
        position = line + 2 + size + 2


def written(letter: Letter, *, allow_private: bool) -> tuple[Target, bytes]:
    """The letter as :meth:`Courier.post` takes it; raises PostFault where it must not or cannot be sent."""
    try:
        check_url(letter.url, allow_private=allow_private)
        target = parse_target(letter.url)
    except BadTarget as refused:
        raise PostFault(str(refused), reason=Reason.BAD_ADDRESS, retry=False) from refused
    return target, _request(target, letter)


def _request(target: Target, letter: Letter) -> bytes:
    lines = [f"POST {target.path} HTTP/1.1", f"Host: {target.authority}", "User-Agent: xiaoxishu", f"Content-Length: {len(letter.body)}"]
    lines += [f"{name}: {value}" for name, value in letter.headers]
    if any("\r" in line or "\n" in line or "\0" in line for line in lines):
        raise PostFault("a header would hold a line break", reason=Reason.REFUSED, retry=False)
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + letter.body


def _parse_head(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    first, *rest = head.split(b"\r\n")
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
    if b"retry-after" not in headers:
        return Answer(status=status)
    said = headers[b"retry-after"].decode("ascii", "replace")
    return Answer(status=status, retry_after="".join(c for c in said if c.isprintable())[:40])


def _body(status: int, headers: dict[bytes, bytes]) -> _Body:
    close = b"close" in headers.get(b"connection", b"").lower()
    length = headers.get(b"content-length", b"")
    if status in (204, 304) or (length == b"0" and b"transfer-encoding" not in headers):
        return _NOTHING_MORE if close else _NOTHING
    if b"transfer-encoding" in headers:
        return _Body(length=None, chunked=headers[b"transfer-encoding"].lower() == b"chunked", close=close)
    return _Body(length=int(length) if length.isdigit() and len(length) < 10 else None, chunked=False, close=close)


_NOTHING = _Body(length=0, chunked=False, close=False)
_NOTHING_MORE = _Body(length=0, chunked=False, close=True)


def _broken(evidence: str) -> PostFault:
    return PostFault(evidence, reason=Reason.BROKEN_REPLY, retry=True)
