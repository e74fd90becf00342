"""Calls: who must answer which alert, and every attempt with the moment at which it is due; see warning/answer/call."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from warning.store.tables import metadata

duty_call = Table(
    "duty_call", metadata,
    Column("id", Uuid, primary_key=True),
    Column("identifier", Text, ForeignKey("alert.identifier"), nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("post_id", BigInteger, ForeignKey("roster_post.id")),
    Column("subscription_id", BigInteger, ForeignKey("subscription.id")),  # of an office that must answer for itself
    Column("post", Text, nullable=False),
    Column("zone", Text, nullable=False, server_default=""),
    Column("level", SmallInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("deadline", DateTime(timezone=True), nullable=False),
    Column("answered_at", DateTime(timezone=True)),
    Column("answered_by", Text, nullable=False, server_default=""),
    Column("answered_how", Text, nullable=False, server_default=""),  # link | key | reply | desk
    Column("escalated_to", Text, nullable=False, server_default=""),
    Column("edition", BigInteger, nullable=False, server_default=text("0")),  # that its attempts are made by, see roster_edition and office_edition
    UniqueConstraint("identifier", "post_id", "subscription_id", postgresql_nulls_not_distinct=True),
    Index("ix_duty_call_event", "event_id"),
    Index("ix_duty_call_open", "state", postgresql_where=text("state IN ('waiting', 'overdue')")),
)

call_attempt = Table(
    "call_attempt", metadata,
    Column("id", Uuid, primary_key=True),
    Column("call_id", Uuid, ForeignKey("duty_call.id"), nullable=False),
    Column("person_id", BigInteger, ForeignKey("roster_person.id")),
    Column("subscription_id", BigInteger, ForeignKey("subscription.id")),  # empty: no way to this person, or the duty room
    Column("name", Text, nullable=False),
    Column("channel", Text, nullable=False, server_default=""),
    Column("rank", SmallInteger, nullable=False),
    Column("above", Boolean, nullable=False, server_default=text("false")),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),  # planned | called | no_way | stopped
    Column("called_at", DateTime(timezone=True)),
    Column("tried_at", DateTime(timezone=True)),
    Column("delivery_id", BigInteger, ForeignKey("delivery.id")),
    Column("failed_at", DateTime(timezone=True)),  # nobody can have been reached by it: the next step did not wait, see answer/pull
    Column("why", Text, nullable=False, server_default=""),
    Index("ix_call_attempt_due", "due_at", postgresql_where=text("state = 'planned'")),
    Index(None, "call_id"),
    Index("ix_call_attempt_delivery", "delivery_id", postgresql_where=text("delivery_id IS NOT NULL")),
    Index("ix_call_attempt_told", "subscription_id", postgresql_where=text("state = 'called'")),
)
