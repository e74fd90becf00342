"""What partners sent: every document as it came, with what became of it; how far each feed was read, and which of its links are still owed."""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, LargeBinary, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY

from warning.store.tables import metadata

CLAIMS = "fate IN ('taking', 'held', 'redistributed')"
"""Fates that claim a message (CAP 1.2 §3.2.1: sender, identifier and sent together name it); the others are on record only."""

intake = Table(
    "intake", metadata,
    Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
    Column("partner", Text, nullable=False),
    Column("how", Text, nullable=False),  # push | poll
    Column("form", Text, nullable=False, server_default="cap"),  # cap | national
    Column("sender", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("sent", DateTime(timezone=True), nullable=False),
    Column("msg_type", Text, nullable=False),
    Column("cap_status", Text, nullable=False, server_default=""),
    Column("document", LargeBinary, nullable=False),  # as it came; of a refused one the beginning
    Column("digest", LargeBinary, nullable=False),  # SHA-256 of the whole
    Column("standing", Text, nullable=False, server_default=""),  # see warning.signature.Standing
    Column("repairs", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("refers_to", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("fate", Text, nullable=False),  # see warning.exchange.work.Fate
    Column("why", Text, nullable=False, server_default=""),
    Column("proposals", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),  # begun for it, be they made yet or not
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("claimed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("times", Integer, nullable=False, server_default=text("1")),  # how often this very document came to this end
    Column("last_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Index("uq_intake_claim", "sender", "identifier", "sent", unique=True, postgresql_where=text(CLAIMS)),
    Index("uq_intake_on_record", "partner", "sender", "identifier", "sent", "digest", "fate", unique=True, postgresql_where=text("fate IN ('kept', 'refused')")),
    Index("ix_intake_name", "sender", "identifier"),
    Index("ix_intake_refers_to", "refers_to", postgresql_using="gin"),
    Index("ix_intake_newest", "at"),
)

partner_feed = Table(
    "partner_feed", metadata,
    Column("partner", Text, primary_key=True),
    Column("etag", Text, nullable=False, server_default=""),
    Column("modified", Text, nullable=False, server_default=""),
    Column("fault", Text, nullable=False, server_default=""),
    Column("odd", ARRAY(Text), nullable=False, server_default=text("'{}'")),  # why documents inside the feed could not be read
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)

partner_link = Table(
    "partner_link", metadata,
    Column("partner", Text, primary_key=True),
    Column("key", LargeBinary, primary_key=True),  # SHA-256 of the URL: it may be longer than an index takes
    Column("url", Text, nullable=False),
    Column("stamp", Text, nullable=False, server_default=""),  # what the feed says of its version; empty = it says nothing
    Column("place", Integer, nullable=False),  # in the feed, the first is 0
    Column("listed", Boolean, nullable=False, server_default=text("true")),  # while the feed names it
    Column("state", Text, nullable=False, server_default="owed"),  # owed | taken | odd
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("fault", Text, nullable=False, server_default=""),
    Column("next_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Index("ix_partner_link_owed", "partner", "next_at", postgresql_where=text("state = 'owed'")),
)
