"""Signed documents: what programs of partners get. An alert without a row here was issued when nothing was signed."""

from sqlalchemy import Column, DateTime, ForeignKey, Table, Text, func

from warning.store.tables import metadata

alert_signature = Table(
    "alert_signature", metadata,
    Column("identifier", Text, ForeignKey("alert.identifier"), primary_key=True),
    Column("document", Text),  # the CAP document with its signature; empty while it could not be signed
    Column("fingerprint", Text, nullable=False, server_default=""),
    Column("fault", Text, nullable=False, server_default=""),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)
