"""Letters to posts about their duties: one for each post of the roster in a response, and each way by which it goes."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from warning.store.tables import metadata

duty_letter = Table(
    "duty_letter", metadata,
    Column("id", Uuid, primary_key=True),
    Column("response_id", Uuid, ForeignKey("response.id"), nullable=False),
    Column("post_id", BigInteger, ForeignKey("roster_post.id"), nullable=False),
    Column("post", Text, nullable=False),
    Column("duties", ARRAY(BigInteger), nullable=False),
    Column("refuges", JSONB, nullable=False),  # [zh, en]
    Column("token_hash", Text, nullable=False, unique=True),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("response_id", "post_id"),
)

duty_step = Table(
    "duty_step", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("letter_id", Uuid, ForeignKey("duty_letter.id"), nullable=False),
    Column("person", Text, nullable=False),
    Column("rank", SmallInteger, nullable=False),
    Column("channel", Text, nullable=False),
    Column("subscription_id", BigInteger, ForeignKey("subscription.id"), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False, server_default="planned"),  # planned | sent | stopped
    Column("sent_at", DateTime(timezone=True)),
    Column("word_id", BigInteger),  # the message, forgotten after a day
    Index(None, "letter_id"),
    Index("ix_duty_step_due", "due_at", postgresql_where=text("state = 'planned'")),
)
