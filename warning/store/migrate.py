"""Bring a database to the newest schema; safe to call from several processes at once."""

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from warning.store.database import engine_url

_LOCK = 0x7869616F  # "xiao": one migration at a time on one database


def migrate(url: str) -> None:
    """Apply every missing migration. Raises what the database says when it is not reachable."""
    engine = create_engine(engine_url(url))
    try:
        with as_file(files("warning.store") / "migrations") as folder, engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            connection.commit()
            try:
                config = Config()
                config.set_main_option("script_location", str(folder))
                config.set_main_option("path_separator", "os")
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
            finally:
                connection.rollback()
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
                connection.commit()
    finally:
        engine.dispose()
