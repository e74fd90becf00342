"""The chain over the audit trail: one link an act, written by a trigger at the end of the act's transaction."""

from sqlalchemy import BigInteger, Column, Table, Text

from warning.store.tables import metadata

audit_link = Table(
    "audit_link", metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 … without a gap
    Column("audit_id", BigInteger, nullable=False, unique=True),
    Column("record", Text, nullable=False),  # canonical JSON of the act as it was written
    Column("hash", Text, nullable=False),  # SHA-256, hex, over the hash before, a line feed, and the record
)
