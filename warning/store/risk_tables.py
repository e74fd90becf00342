"""Risk notices to the owners of sites, what is open, and who has signed a pack."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from warning.store.tables import metadata

risk_state = Table(
    "risk_state", metadata,
    Column("pack", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False),
)

risk_notice = Table(
    "risk_notice", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("pack", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("act", Text, nullable=False),  # opened | raised | lowered | ended
    Column("level", SmallInteger, nullable=False),
    Column("class", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("status", Text, nullable=False),  # CAP's Actual, Exercise, Test
    Column("texts", JSONB, nullable=False),
    Column("evidence", JSONB),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),  # as dispatch/delivery
    Column("reason", Text, nullable=False, server_default=""),
    Column("outcome", Text, nullable=False, server_default=""),
    Column("external_id", Text, nullable=False, server_default=""),  # the gateway's ids of its parts, with commas
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try_at", DateTime(timezone=True)),
    Column("lease_until", DateTime(timezone=True)),
    Column("real_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    UniqueConstraint("event_id", "version"),
    Index("ix_risk_notice_due", "state", "next_try_at"),
)

pack_signature = Table(
    "pack_signature", metadata,
    Column("pack", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("submitted_by", Text, nullable=False),
    Column("submitted_at", DateTime(timezone=True), nullable=False),
    Column("approved_by", Text),
    Column("approved_at", DateTime(timezone=True)),
)
