"""Turn: of all processes on one database, the one that watches. The others wait, and take over when it dies."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import psycopg
import structlog

log = structlog.get_logger()

_KEY = 2021487978
"""Of the session-level advisory lock: the server frees it with the connection, also when the process is killed or its machine lost."""

_SOON_MISSED = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
"""A machine that is cut off is missed by the server within half a minute, and the turn is free."""


class Turn:
    """Holds a connection of its own for as long as it lasts. A transaction-pooling proxy before the database cannot keep the lock:
    give ``database_url`` the server's own address."""

    def __init__(self, url: str, *, look_s: float = 1.0) -> None:
        self._url, self._look_s = url, look_s

    async def hold(self, act: Callable[[], Awaitable[None]]) -> None:
        """Wait for the turn, do ``act`` for as long as it is ours; when the connection is lost ``act`` is cancelled and we wait again.

        Ends when ``act`` ends by itself.
        """
        while True:
            try:
                async with self._taken() as connection:
                    acting = asyncio.ensure_future(act())
                    try:
                        while not acting.done():
                            await asyncio.wait({acting}, timeout=self._look_s)
                            await asyncio.wait_for(connection.execute("SELECT 1"), timeout=max(self._look_s, 1.0) * 10)
                        return acting.result()
                    finally:
                        acting.cancel()
                        await asyncio.gather(acting, return_exceptions=True)
            except (psycopg.Error, TimeoutError) as error:
                log.warning("the turn to watch is lost, or not to be had: look at the database", error=type(error).__name__, why=str(error).strip())
                await asyncio.sleep(self._look_s)

    @asynccontextmanager
    async def _taken(self) -> AsyncIterator["psycopg.AsyncConnection[tuple[object, ...]]"]:
        connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True, connect_timeout=10, options=_SOON_MISSED)
        try:
            waiting = False
            while not await self._try(connection):
                if not waiting:
                    log.info("another process watches the feeds; this one takes over when it ends")
                waiting = True
                await asyncio.sleep(self._look_s)
            if waiting:
                log.warning("this process watches the feeds now")
            yield connection
        finally:
            await connection.close()

    async def _try(self, connection: "psycopg.AsyncConnection[tuple[object, ...]]") -> bool:
        cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (_KEY,))
        row = await cursor.fetchone()
        return bool(row and row[0])
