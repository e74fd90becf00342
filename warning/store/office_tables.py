"""An office's own tables: what else it wished, its pauses, every attempt to reach it, and its test messages."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from warning.store.tables import metadata


def _real(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp())


office_wish = Table(
    "office_wish", metadata,
    Column("subscription_id", BigInteger, ForeignKey("subscription.id"), primary_key=True, autoincrement=False),
    Column("sectors", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("form", Text, nullable=False, server_default="json"),  # json | cap
    Column("former_secret", Text, nullable=False, server_default=""),  # signs too until former_until, so that a secret changes without a gap
    Column("former_until", DateTime(timezone=True)),
    _real("changed_at"),
)

# How often an office was changed: an open call that was made by an earlier edition gains what this one has, whatever happened in between.
office_edition = Table(
    "office_edition", metadata,
    Column("subscription_id", BigInteger, ForeignKey("subscription.id"), primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("readdressed", Boolean, nullable=False),  # its open call is yet to be told at the new address
)

office_pause = Table(
    "office_pause", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("subscription_id", BigInteger, ForeignKey("subscription.id"), nullable=False),
    Column("cover_id", BigInteger, ForeignKey("subscription.id")),  # empty: nobody is told
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("made_by", Text, nullable=False),
    _real("real_at"),
    _real("counted_at"),  # by when its beginning and its end were counted in open calls: the deployment's time
    Index(None, "subscription_id", "ends_at"),
)

attempt = Table(
    "attempt", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("delivery_id", BigInteger, ForeignKey("delivery.id"), nullable=False),
    Column("number", SmallInteger, nullable=False),
    _real("began_at"),
    Column("seconds", Double),
    Column("outcome", Text, nullable=False, server_default=""),  # empty = under way; lost = the worker ended before an answer; else the delivery's state
    Column("reason", Text, nullable=False, server_default=""),
    Column("evidence", Text, nullable=False, server_default=""),
    Column("next_try_at", DateTime(timezone=True)),
    Index(None, "delivery_id"),
    Index(None, "began_at"),
)

trial = Table(
    "trial", metadata,
    Column("id", Uuid, primary_key=True),
    Column("subscription_id", BigInteger, ForeignKey("subscription.id"), nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    _real("asked_at"),
    Column("state", Text, nullable=False, server_default="waiting"),  # waiting → claimed → accepted | delivered | rejected | retry | unknown
    Column("lease_until", DateTime(timezone=True)),
    Column("began_at", DateTime(timezone=True)),
    Column("seconds", Double),
    Column("reason", Text, nullable=False, server_default=""),
    Column("evidence", Text, nullable=False, server_default=""),
    Column("external_id", Text, nullable=False, server_default=""),
    Column("answered_at", DateTime(timezone=True)),
    Column("answered_by", Text, nullable=False, server_default=""),
    Index(None, "subscription_id", "asked_at"),
    Index("ix_trial_due", "asked_at", postgresql_where=text("state IN ('waiting', 'claimed')")),
)
