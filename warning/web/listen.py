"""Listening: the application is open to callers inside one block, and is ended by whoever opened the block."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from warning.errors import ConfigError
from warning.settings import Settings

_BACKLOG = 2048
_GRACE_S = 5
"""So long may an answer under way take after the end was asked for; a stream of news would never end by itself."""


class _Server(uvicorn.Server):
    """Signals belong to the command line: uvicorn would catch them, and raise them a second time into the closing of everything else."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bound(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. ConfigError says why not and names the mend."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigError(f"port {port} of {host} cannot be listened on ({error.strerror}); choose another with --port, 0 takes a free one") from None


def described(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """What ``X-Forwarded-For`` and ``-Proto`` say of a caller is believed from the proxies that the settings trust, and from nobody else: whoever tries
    passwords, or documents of partners, is counted by where they really come from."""
    return uvicorn.Config(
        app, log_level="warning", access_log=False, proxy_headers=True, forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=_GRACE_S)


@asynccontextmanager
async def served(config: uvicorn.Config, listening: socket.socket) -> AsyncIterator[asyncio.Task[None]]:
    """Callers are answered inside the block, on a socket that is closed with it; the task ends early only if the server does."""
    server = _Server(config)
    with listening:
        task = asyncio.create_task(server.serve(sockets=[listening]), name="web")
        try:
            while not server.started:
                if task.done():
                    await task
                    raise ConfigError("the web server ended before it listened; see the message above")
                await asyncio.sleep(0.02)
            yield task
        finally:
            server.should_exit = True
            await asyncio.gather(task, return_exceptions=True)
