"""Alembic's door: runs on the connection that store.migrate hands in."""

from alembic import context

from warning.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
