"""Before the first visitor comes: what he would wait for is made, and the garbage collector is spared what stays to the end."""

import asyncio
import gc
import time
from typing import get_args

import httpx
import structlog
from fastapi import FastAPI

from warning.web.console.reading import Watch
from warning.web.words import Lang

log = structlog.get_logger()


async def warm(app: FastAPI) -> None:
    """Once in a process, before it listens: the residents' board and its first pages; of the console the reading and the coarsest borders.

    A database that does not answer now is no reason not to open: the pages say it themselves.
    """
    started, watch = time.monotonic(), getattr(app.state, "watch", None)
    # What a page raises is its own fault, told to whoever asks for it; the server opens all the same.
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        for path in ("/", "/en"):
            answer = await http.get(path, headers={"Accept-Encoding": "gzip"})
            if answer.status_code != 200:
                log.warning("a page could not be made before it is asked for", path=path, status=answer.status_code)
    if isinstance(watch, Watch):
        await watch.reading()
        for lang in get_args(Lang):
            await asyncio.to_thread(watch.ground.sheet, 0, lang)
    log.info("the first pages are made", seconds=round(time.monotonic() - started, 1))


def settle() -> None:
    """For a process that serves to its end: what is there now stays, so no collection walks through it again (all zones and libraries: 0.3 s in which every console stood still)."""
    gc.collect()
    gc.freeze()
