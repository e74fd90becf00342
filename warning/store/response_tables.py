"""Responses that warnings have opened, their duties, and which versions of events were looked at for them."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from warning.store.tables import metadata

response_seen = Table(
    "response_seen", metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
)

response = Table(
    "response", metadata,
    Column("id", Uuid, primary_key=True),
    Column("plan", Text, nullable=False),
    Column("name", JSONB, nullable=False),  # [zh, en], as the plan said on that day
    Column("event_id", Uuid, nullable=False),
    Column("identifier", Text, ForeignKey("alert.identifier"), nullable=False),
    Column("issuer", Text, nullable=False),
    Column("hazard", Text, nullable=False),
    Column("warning", SmallInteger, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("zones", ARRAY(Text), nullable=False),
    Column("status", Text, nullable=False),  # CAP's Actual, Exercise, Test
    Column("state", Text, nullable=False),  # open | over | closed
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("expires", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("closed_who", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Column("edition", BigInteger, nullable=False, server_default=text("0")),  # of the roster by which its duties are held, see roster_edition
    UniqueConstraint("event_id", "plan"),
    Index("ix_response_state", "state", "expires"),
)

response_duty = Table(
    "response_duty", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("response_id", Uuid, ForeignKey("response.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("zone", Text, nullable=False),  # "" = the whole area
    Column("level", SmallInteger, nullable=False),
    Column("words", JSONB, nullable=False),  # {"post": [zh, en], "what": [zh, en], "checks": [[zh, en], …], "held": [titles of posts]}
    Column("posts", ARRAY(BigInteger), nullable=False, server_default="{}"),  # of the roster: they are written to, see store/letters
    Column("ticked", JSONB, nullable=False, server_default="{}"),  # {"0": {"who": …, "at": …}}
    Column("state", Text, nullable=False),  # waiting | acknowledged | done | not_needed
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("acknowledge_by", DateTime(timezone=True), nullable=False),
    Column("done_by", DateTime(timezone=True), nullable=False),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("acknowledged_who", Text, nullable=False, server_default=""),
    Column("done_at", DateTime(timezone=True)),
    Column("done_who", Text, nullable=False, server_default=""),
    Column("remark", Text, nullable=False, server_default=""),
    UniqueConstraint("response_id", "key", "zone"),
    Index("ix_response_duty_open", "state", "acknowledge_by"),
)
