"""The tables in Python and the tables that the migrations build are the same."""

import asyncio
import importlib
import uuid
from pathlib import Path

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect
from sqlalchemy.schema import SchemaItem

from tests.database import named
from warning import store
from warning.store.database import engine_url
from warning.store.migrate import migrate
from warning.store.tables import metadata

for found in Path(str(store.__file__)).parent.glob("*_tables.py"):
    importlib.import_module(f"warning.store.{found.stem}")  # each adds its tables to the metadata


def _ours(_item: SchemaItem, name: str | None, kind: str, _reflected: bool, _compared_to: SchemaItem | None) -> bool:
    return not (kind == "table" and (name or "").startswith("procrastinate_"))


def test_the_migrated_database_has_exactly_the_tables_of_the_metadata(database_url: str) -> None:
    engine = create_engine(engine_url(database_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={
            "include_object": _ours, "compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


async def test_two_processes_that_migrate_an_empty_database_at_once_both_succeed(server_url: str) -> None:
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = named(server_url, name)
    await asyncio.gather(asyncio.to_thread(migrate, url), asyncio.to_thread(migrate, url))
    engine = create_engine(engine_url(url))
    with engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
    engine.dispose()
    assert {"audit_link", "session", "resident_change", "feed_watch", "route_state", "crowd"} <= set(metadata.tables)
    assert set(metadata.tables) <= tables
    assert "procrastinate_jobs" in tables


def test_a_migrated_database_is_left_as_it_is(database_url: str) -> None:
    migrate(database_url)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
