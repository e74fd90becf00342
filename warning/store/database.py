"""One pool of connections, and the transaction every ledger writes in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry


def engine_url(url: str) -> str:
    """A libpq URL (``postgresql://…``) as SQLAlchemy wants it, on psycopg 3."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


class Database:
    """Opened once per process. ``begin`` is the only way to write."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            engine_url(url), pool_size=pool_size, max_overflow=10, pool_pre_ping=True,
        )

        @event.listens_for(self.engine.sync_engine, "connect")
        def _in_utc(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
            cursor = connection.cursor()
            cursor.execute("SET TIME ZONE 'UTC'")
            cursor.close()
            connection.commit()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: commits at the end of the block, rolls back on an error."""
        async with self.engine.begin() as connection:
            yield connection

    async def close(self) -> None:
        await self.engine.dispose()


async def raw(connection: AsyncConnection) -> "psycopg.AsyncConnection[object]":
    """The psycopg connection below, for COPY and for jobs that are deferred inside our transaction."""
    pooled = await connection.get_raw_connection()
    driver = pooled.driver_connection
    if not isinstance(driver, psycopg.AsyncConnection):
        raise TypeError(f"the database driver is {type(driver).__name__}, psycopg.AsyncConnection is needed")
    return driver
