"""WIS2: notifications over MQTT from a Global Broker; the data are fetched, verified and handed on."""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

import aiomqtt
import structlog
from pydantic import Field

from feeds.backoff import Backoff
from feeds.errors import FeedError, SourceUnavailable
from feeds.fetch import Fetch, FetchOptions
from feeds.incoming import Incoming
from feeds.owed import Owed, by_link
from feeds.payload import Arrears, Payload
from feeds.run_time import run_time_of
from feeds.wis2_message import Announcement, parse

log = structlog.get_logger()

_WAITING = 10_000  # notifications that wait for a slow download; the broker's are dropped beyond that, with a word in the log
_REMEMBERED = 20_000  # notifications: a day of a busy topic; several brokers announce the same
_OWED = 1_000  # of them whose data could not be had: a note on the disk each


class Options(FetchOptions):
    """Which broker, which topics. ``user`` and ``password`` are the broker's (everyone/everyone at the Global Brokers)."""

    host: str = Field(min_length=1, description="the broker, such as globalbroker.meteo.fr")
    port: int = Field(default=8883, ge=1, le=65535, description="8883 with TLS, 1883 without")
    tls: bool = Field(default=True, description="encrypted, the broker's certificate checked")
    topics: tuple[str, ...] = Field(min_length=1, description="such as cache/a/wis2/cn-cma/data/core/weather/#")
    pattern: str = Field(default="*", min_length=1, description="data_id wanted, with * and ?")
    hosts: tuple[str, ...] = Field(default=("*",), min_length=1, description="servers from which data may be fetched, with * and ?")
    allow_private: bool = Field(default=False, description="follow links into private networks (drills only)")
    client_id: str = Field(default="", description="empty = one at random; with a fixed one the broker keeps what came while we were away")
    unverified: bool = Field(default=True, description="use data whose notification gives no checksum; they are told in the log")
    poll_s: float = Field(default=5, gt=0, description="seconds before the first new try when the broker, or a server of data, is away")
    owed_h: float = Field(default=24, gt=0, description="hours for which announced data that cannot be had are tried again; the Global Caches keep them "
                          "for 24")


class Source:
    """``payloads()`` runs until it is closed or the broker goes; then it raises, and waits before it begins again."""

    def __init__(
        self, options: Options, *, name: str, now: Callable[[], datetime], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._options, self._name, self._now, self._sleep = options, name, now, sleep
        self._incoming = Incoming(folder=options.folder / name, keep=timedelta(hours=options.keep_h))
        self._backoff = Backoff(first=options.poll_s, longest=options.longest_wait_s)
        self._owed = Owed(folder=options.folder / name / ".owed", keep=timedelta(hours=options.owed_h), most=_OWED, first=options.poll_s,
                          longest=options.longest_wait_s)  # fmt: skip
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._files: OrderedDict[str, Path] = OrderedDict()

    @property
    def arrears(self) -> Arrears:
        """What was announced and could not be had."""
        return self._owed.arrears(now=self._now())

    async def payloads(self) -> AsyncGenerator[Payload]:
        """One payload an announcement, each once by data_id and publication time. One whose data cannot be had now is owed and tried again;
        one that may not be followed is told in the log and passed over: it is one of thousands. Raises SourceUnavailable when the broker
        is away."""
        if self._backoff.wait:
            await self._sleep(self._backoff.wait)
        options = self._options
        fetching = options.model_copy(update={"user": "", "headers": {}})  # the broker's password is not for the data's servers
        try:
            async with Fetch(fetching, name=self._name, outside=not options.allow_private) as fetch, self._broker() as broker:
                for topic in options.topics:
                    await broker.subscribe(topic, qos=1)
                self._backoff.succeeded()
                await asyncio.to_thread(self._owed.recall)
                async with aclosing(self._heard(fetch, broker)) as heard:
                    async for payload in heard:
                        yield payload
        except (aiomqtt.MqttError, OSError) as fault:
            self._backoff.failed()
            raise SourceUnavailable(f"source {self._name!r}: the broker {options.host}:{options.port} cannot be had ({fault}); "
                                    f"it is tried again; look at host, port, tls, user and password") from fault

    async def _heard(self, fetch: Fetch, broker: aiomqtt.Client) -> AsyncGenerator[Payload]:
        """What messages bring, and between them what is owed: neither waits for the other's end."""
        clock = asyncio.get_running_loop().time
        coming: asyncio.Future[aiomqtt.Message] | None = None
        try:
            while True:
                coming = coming or asyncio.ensure_future(anext(broker.messages))
                await asyncio.wait({coming}, timeout=self._owed.wait(now=self._now(), at=clock()))
                if coming.done():
                    message, coming = coming.result(), None
                    payload = await self._taken(fetch, bytes(message.payload) if isinstance(message.payload, bytes | bytearray) else b"")
                    if payload is not None:
                        yield payload
                debt = self._owed.next(now=self._now(), at=clock())
                payload = None if debt is None else await self._had(fetch, by_link(debt), debt.message)
                if payload is not None:
                    yield payload
        finally:
            if coming is not None:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)

    def _broker(self) -> aiomqtt.Client:
        options = self._options
        return aiomqtt.Client(
            options.host, options.port, username=options.user or None, password=options.password.get_secret_value() or None,
            tls_context=ssl.create_default_context() if options.tls else None, identifier=options.client_id or None,
            clean_session=not options.client_id, timeout=options.timeout_s, max_queued_incoming_messages=_WAITING, protocol=aiomqtt.ProtocolVersion.V311)

    async def _taken(self, fetch: Fetch, message: bytes) -> Payload | None:
        try:
            announced = parse(message)
        except FeedError as fault:
            log.warning("a WIS2 notification was not understood", source=self._name, why=str(fault))
            return None
        if not fnmatchcase(announced.data_id, self._options.pattern) or (announced.data_id, announced.pubtime) in self._seen:
            return None
        if announced.act == "deletion":
            self._withdraw(announced)
            return None
        return None if self._owed.has(announced) else await self._had(fetch, announced, message)

    async def _had(self, fetch: Fetch, announced: Announcement, message: bytes) -> Payload | None:
        """The data; None when they cannot be had: what can later is owed. Only what is here is known as seen: another broker's cache may
        have it meanwhile."""
        try:
            payload = await self._fetched(fetch, announced)
        except FeedError as fault:
            log.warning("a WIS2 notification was not followed", source=self._name, why=str(fault), again=fault.retry)
            if fault.retry:
                self._owed.add(announced, message, str(fault), now=self._now(), at=asyncio.get_running_loop().time())
            else:
                self._owed.drop(announced)
            return None
        self._saw(announced)
        self._owed.settle(announced)
        if announced.content is None:
            self._owed.answered(announced)
        return payload

    def _saw(self, announced: Announcement) -> None:
        self._seen[announced.data_id, announced.pubtime] = None
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)

    def _withdraw(self, announced: Announcement) -> None:
        self._saw(announced)
        self._owed.settle(announced)  # nothing more is to come of what was announced before
        path = self._files.pop(announced.data_id, None)
        if path is not None:
            path.unlink(missing_ok=True)  # a desk that starts anew does not read it again
        log.warning("its publisher has withdrawn data", source=self._name, data_id=announced.data_id, was_here=path is not None)

    async def _fetched(self, fetch: Fetch, announced: Announcement) -> Payload:
        if not announced.digest:
            if not self._options.unverified:
                raise FeedError(f"the notification of {announced.data_id!r} gives no checksum, and `unverified` is off")
            log.info("data without a checksum", source=self._name, data_id=announced.data_id)
        part = self._incoming.part(announced.name)
        if announced.content is not None:
            part.write_bytes(announced.content)
        else:
            self._may_fetch(announced.href)
            part.unlink(missing_ok=True)
            await fetch.download(announced.href, part)
        try:
            announced.verify(part.read_bytes())
        except FeedError:
            part.unlink(missing_ok=True)
            raise
        now = self._now()
        path, checksum = await asyncio.to_thread(self._incoming.finish, part, announced.name, now=now)
        self._files[announced.data_id] = path
        while len(self._files) > _REMEMBERED:
            self._files.popitem(last=False)
        await asyncio.to_thread(self._incoming.sweep, now=now)
        return Payload(source=self._name, path=path, fetched_at=now, checksum=checksum, run_time=await asyncio.to_thread(run_time_of, path))

    def _may_fetch(self, href: str) -> None:
        parts = urlsplit(href)
        if parts.scheme not in ("http", "https"):
            raise FeedError(f"a link leads to {parts.scheme}:, which is refused")
        if not any(fnmatchcase(parts.hostname or "", host) for host in self._options.hosts):
            raise FeedError(f"a link leads to {parts.hostname!r}, which is none of `hosts`")
