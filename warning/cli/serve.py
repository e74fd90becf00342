"""Serving: the two kinds of processes of a deployment, faces and workers."""

import asyncio
from typing import Annotated

import structlog
import typer
import uvicorn

from feeds.payload import Source
from warning.app import Parts, build_source, opened, register_broadcasts
from warning.cli.options import Config, run
from warning.schedule import ticking
from warning.settings import Settings, load_settings
from warning.web.server import create

log = structlog.get_logger()

_WATCH_AGAIN_S = 5.0

commands = typer.Typer()


@commands.command()
def web(
    config: Config = None,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = 8000,
) -> None:
    """Serve API, public page and console, and watch the feeds named in the settings. One process."""
    run(_web(load_settings(config), host, port))


@commands.command()
def work(config: Config = None, name: Annotated[str, typer.Option(help="worker's name in the logs")] = "worker") -> None:
    """Send what is due: start as many of these, on as many machines, as you like; all share one database."""
    run(_work(load_settings(config), name))


async def _web(settings: Settings, host: str, port: int) -> None:
    async with opened(settings, channels=False) as parts:
        await register_broadcasts(parts)
        scheduler = ticking(parts)
        scheduler.start()
        sources = {feed.source: build_source(feed, clock=parts.clock) for feed in settings.feeds}
        watchers = [asyncio.create_task(_watch(parts, name, source)) for name, source in sources.items()]
        server = uvicorn.Server(uvicorn.Config(
            create(parts), host=host, port=port, log_level="warning", access_log=False, proxy_headers=True,
            forwarded_allow_ips=settings.trusted_proxies))
        try:
            await server.serve()
        finally:
            scheduler.shutdown(wait=False)
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)


async def _watch(parts: Parts, name: str, source: Source) -> None:
    """Watch one feed for ever: what goes wrong is logged and tried again, because a watch that ends in silence warns nobody."""
    while True:
        try:
            async for payload in source.payloads():
                await parts.watch.take(payload)
            return
        except Exception as error:
            log.exception("the watch of a feed failed and begins again", source=name, error=type(error).__name__)
            await asyncio.sleep(_WATCH_AGAIN_S)


async def _work(settings: Settings, name: str) -> None:
    async with opened(settings) as parts:
        scheduler = ticking(parts)
        scheduler.start()
        try:
            await parts.jobs.work(concurrency=settings.concurrency, name=name)
        finally:
            scheduler.shutdown(wait=False)
