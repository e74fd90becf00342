"""Consultation: notes on proposals, which are only ever added to, and the reviews that alerts of the fast lane owe."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, Table, Text, Uuid, func, text

from warning.store.tables import metadata

proposal_note = Table(
    "proposal_note", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("proposal_id", Uuid, ForeignKey("proposal.id"), nullable=False, index=True),
    Column("who", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("real_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)

fast_review = Table(
    "fast_review", metadata,
    Column("identifier", Text, ForeignKey("alert.identifier"), primary_key=True),
    Column("issued_by", Text, nullable=False),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("reviewed_by", Text),
    Column("reviewed_at", DateTime(timezone=True)),
    Column("verdict", Text, nullable=False, server_default=""),  # confirmed | contested; empty = owed
    Column("remark", Text, nullable=False, server_default=""),
    Index("ix_fast_review_owed", "due_at", postgresql_where=text("reviewed_at IS NULL")),
)
