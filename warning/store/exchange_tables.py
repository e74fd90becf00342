"""What partners sent: every document as it came, with what became of it; and how far each feed was read."""

from sqlalchemy import Column, DateTime, ForeignKey, Index, Table, Text, UniqueConstraint, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY

from warning.store.tables import metadata

intake = Table(
    "intake", metadata,
    Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
    Column("partner", Text, nullable=False),
    Column("how", Text, nullable=False),  # push | poll
    Column("sender", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("sent", DateTime(timezone=True), nullable=False),
    Column("msg_type", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("standing", Text, nullable=False, server_default=""),  # see warning.signature.Standing
    Column("repairs", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("refers_to", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("fate", Text, nullable=False),  # see warning.exchange.work.Fate
    Column("why", Text, nullable=False, server_default=""),
    Column("proposal_id", Uuid, ForeignKey("proposal.id")),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    UniqueConstraint("sender", "identifier", "sent"),
    Index("ix_intake_newest", "at"),
)

partner_feed = Table(
    "partner_feed", metadata,
    Column("partner", Text, primary_key=True),
    Column("etag", Text, nullable=False, server_default=""),
    Column("modified", Text, nullable=False, server_default=""),
    Column("fault", Text, nullable=False, server_default=""),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)
