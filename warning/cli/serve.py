"""Serving: the faces of a deployment, and its watch over the feeds."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Annotated

import structlog
import typer
from sqlalchemy.exc import SQLAlchemyError

from feeds.errors import FeedError
from feeds.payload import Arrears, Indebted, Source
from warning.adapters import build_source
from warning.app import opened, register_broadcasts
from warning.cli.options import Config, run
from warning.errors import ConfigError
from warning.parts import Parts
from warning.schedule import ticking
from warning.settings import ExportSettings, Settings, load_settings
from warning.store.turn import Turn
from warning.web.export import export
from warning.web.listen import bound, described, served
from warning.web.server import create
from warning.web.warm import settle, warm

log = structlog.get_logger()

_WATCH_AGAIN_S = 5.0

commands = typer.Typer()


@commands.command()
def web(
    config: Config = None,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on; 0 takes a free one and says which")] = 8000,
) -> None:
    """Serve API, public page and console, and watch the feeds named in the settings. One process."""
    run(_web(load_settings(config), host, port))


async def _web(settings: Settings, host: str, port: int) -> None:
    async with opened(settings, channels=False) as parts:
        await register_broadcasts(parts)
        app = create(parts)
        await warm(app)
        scheduler = ticking(parts)
        scheduler.start()
        if settings.feeds:
            log.info("the watch desk has rehearsed", seconds=round(await parts.watch.rehearse(), 1))
        sources = {feed.source: build_source(feed, clock=parts.clock) for feed in settings.feeds}
        for name in sources:  # before the turn: a feed that nobody gets to watch is silent too
            await parts.feeds.began(name, now=parts.clock.now())
        settle()
        beside = [asyncio.create_task(Turn(parts.database.url).hold(lambda: _watch_all(parts, sources))),
                  asyncio.create_task(_copy(parts, settings.export))]
        try:
            listening = bound(host, port)
            async with served(described(app, settings), listening) as serving:
                log.info("listening", host=host, port=listening.getsockname()[1])
                await serving
        finally:
            scheduler.shutdown(wait=False)
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)


async def _copy(parts: Parts, wanted: ExportSettings | None) -> None:
    """Keep the copy of the public pages young. A fault is told and the copy grows old, which it says itself."""
    while wanted is not None:
        try:
            await export(parts, wanted.folder, good_for=timedelta(seconds=wanted.good_for_s))
        except (ConfigError, SQLAlchemyError) as error:
            log.error("the copy of the public pages could not be made", why=str(error) if isinstance(error, ConfigError) else type(error).__name__)
        await asyncio.sleep(wanted.every_s)


async def _watch_all(parts: Parts, sources: Mapping[str, Source]) -> None:
    """All feeds side by side, one payload at a time: each is judged with what the ones before it left."""
    desk_is_free = asyncio.Lock()
    async with asyncio.TaskGroup() as group:
        for name, source in sources.items():
            group.create_task(_watch(parts, name, source, desk_is_free))
            if isinstance(source, Indebted):
                group.create_task(tell_arrears(parts, name, source))


async def tell_arrears(parts: Parts, name: str, source: Indebted, *, every_s: float = _WATCH_AGAIN_S) -> None:
    """Tell the operators of data that were announced and could not be had, as often as that changes."""
    told: Arrears | None = None
    while True:
        arrears = source.arrears
        try:
            if arrears != told:
                await parts.feeds.owes(name, arrears, now=parts.clock.now())
                told = arrears
        except SQLAlchemyError as away:
            log.warning("what a feed owes could not be written down", source=name, error=type(away).__name__)
        await asyncio.sleep(every_s)


async def _watch(parts: Parts, name: str, source: Source, desk_is_free: asyncio.Lock) -> None:
    """Watch one feed for ever: what goes wrong is told and tried again, because a watch that ends in silence warns nobody."""
    while True:
        try:
            async with aclosing(source.payloads()) as payloads:
                async for payload in payloads:
                    async with desk_is_free:
                        await parts.watch.take(payload)
            return
        except FeedError as error:
            why = str(error)
            log.error("the watch of a feed failed and begins again", source=name, why=why)
        except Exception as error:
            why = f"{type(error).__name__}, see the log"
            log.exception("the watch of a feed failed and begins again", source=name, error=type(error).__name__)
        try:
            await parts.feeds.failed(name, why, now=parts.clock.now())
        except SQLAlchemyError as away:
            log.warning("the fault of a feed could not be written down", source=name, error=type(away).__name__)
        await asyncio.sleep(_WATCH_AGAIN_S)
