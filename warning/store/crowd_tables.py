"""The tables of the mass lane: a batch of residents is one row that carries its outcomes as columns, one place a person."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from warning.store.tables import metadata

crowd = Table(
    "crowd", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("root", BigInteger, nullable=False),  # the first batch of these people in this event: versions meet under it
    Column("identifier", Text, ForeignKey("alert.identifier"), nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("district", Text, nullable=False),
    Column("role", Text, nullable=False),  # start | change | end
    Column("priority", Integer, nullable=False),  # of its job, see dispatch/rank
    Column("size", Integer, nullable=False),
    Column("members", ARRAY(BigInteger), nullable=False),  # ascending: a person is the smallest subscription of an address
    Column("first_id", BigInteger, nullable=False),
    Column("last_id", BigInteger, nullable=False),
    Column("codes", LargeBinary, nullable=False),  # a state a person, see dispatch/mass/sheet
    Column("tries", LargeBinary, nullable=False),
    Column("said", JSONB, nullable=False),  # [[reason, evidence], …]: what was said, once
    Column("said_by", LargeBinary, nullable=False),  # whose words they are: the place in ``said``, two bytes a person
    Column("tally", ARRAY(Integer), nullable=False),  # how many in each state, in the order of the codes
    Column("faults", JSONB, nullable=False, server_default=text("'{}'")),  # how many failed, by reason
    Column("twice", Integer, nullable=False, server_default="0"),
    Column("open", Boolean, nullable=False),  # something is owed
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("lease_until", DateTime(timezone=True)),
    Column("next_try_at", DateTime(timezone=True)),
    Column("unknown_at", DateTime(timezone=True)),
    Column("accepted_at", DateTime(timezone=True)),
    Column("fall_back_at", DateTime(timezone=True)),
    Column("asleep_until", DateTime(timezone=True)),  # its people have quiet hours until then (the engine's clock); nobody takes it up before
    Column("told_later", Boolean, nullable=False, server_default=text("false")),  # on purpose: after quiet hours, or when a stronger warning has gone; no stage's time is measured by it
    Column("falls_from", BigInteger),  # the batch whose people this one tells on another channel
    Column("places", LargeBinary),  # their places there, two bytes a person
    Column("real_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Index(None, "identifier", "channel"),
    Index(None, "event_id", "channel", "first_id"),
    Index(None, "root"),
    Index("ix_crowd_open", "real_at", postgresql_where=text("open")),
    Index("ix_crowd_muted", "identifier", postgresql_where=text("tally[7] > 0")),
    Index("ix_crowd_asleep", "asleep_until", postgresql_where=text("asleep_until IS NOT NULL")),
    Index("ix_crowd_fall_back", "fall_back_at", postgresql_where=text("fall_back_at IS NOT NULL")),
)

crowd_ids = Table(
    "crowd_ids", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("crowd_id", BigInteger, ForeignKey("crowd.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("numbers", ARRAY(Integer), nullable=False),
    Column("ids", Text, nullable=False),  # the gateway's ids, a line a person; parts of one message with commas
    Column("real_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Index(None, "crowd_id"),
)

expansion = Table(
    "expansion", metadata,
    Column("identifier", Text, ForeignKey("alert.identifier"), primary_key=True),
    Column("cursor", JSONB, nullable=False),  # how far the audience is worked out, see store/muster
)
