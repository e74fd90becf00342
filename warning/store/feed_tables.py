"""What is known of each feed beside its payloads: since when it is watched, and what went wrong last."""

from sqlalchemy import Column, DateTime, Table, Text

from warning.store.tables import metadata

feed_watch = Table(
    "feed_watch", metadata,
    Column("source", Text, primary_key=True),
    Column("since", DateTime(timezone=True), nullable=False),  # of the first watch ever: a watch that dies and begins again wins no time
    Column("fault", Text, nullable=False, server_default=""),
    Column("fault_at", DateTime(timezone=True)),
)
