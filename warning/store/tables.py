"""The tables of the ledger; the migrations build them, and a test holds the two against each other."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _moment(name: str, *, required: bool = False, real: bool = False) -> Column[object]:
    """A time column; ``real`` ones are filled by the database's own clock, which all machines share."""
    default = func.clock_timestamp() if real else None
    return Column(name, DateTime(timezone=True), nullable=not required, server_default=default)


payload = Table(
    "payload", metadata,
    Column("id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("checksum", Text, nullable=False),
    _moment("run_time"),
    _moment("fetched_at", required=True),
    _moment("real_at", required=True, real=True),
    Column("state", Text, nullable=False),  # received → watched | refused
    Column("detail", Text, nullable=False, server_default=""),
    UniqueConstraint("source", "checksum"),
    Index("ix_payload_fed", "source", "fetched_at", postgresql_where=text("state = 'watched'")),
    Index("ix_payload_run", "source", "run_time", postgresql_where=text("state = 'watched'")),
)

watch_memory = Table(
    "watch_memory", metadata,
    Column("issuer", Text, primary_key=True),
    Column("memory", JSONB, nullable=False),
    _moment("at", required=True),
)

proposal = Table(
    "proposal", metadata,
    Column("id", Uuid, primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("hazard", Text, nullable=False),
    Column("event_code", Text, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("status", Text, nullable=False),  # see issue/state
    Column("event_id", Uuid),
    Column("cap_status", Text, nullable=False),
    Column("zones", ARRAY(Text), nullable=False),
    Column("body", JSONB, nullable=False),
    Column("texts", JSONB, nullable=False),
    Column("polygon", JSONB),
    Column("payload_id", Uuid, ForeignKey("payload.id")),
    _moment("data_time"),
    _moment("onset", required=True),
    _moment("expires", required=True),
    _moment("created_at", required=True),
    Column("submitted_by", Text),
    _moment("submitted_at"),
    Column("changes", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("revision", Integer, nullable=False, server_default="1"),
    Index("ix_proposal_live", "status", "issuer", "hazard"),
)

approval = Table(
    "approval", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("proposal_id", Uuid, ForeignKey("proposal.id"), nullable=False),
    Column("verdict", Text, nullable=False),  # approved | returned
    Column("submitted_by", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("changes", JSONB, nullable=False),
    Column("scripted", Boolean, nullable=False),
    _moment("at", required=True),
    _moment("real_at", required=True, real=True),
)

alert = Table(
    "alert", metadata,
    Column("identifier", Text, primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("msg_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("hazard", Text, nullable=False),
    Column("event_code", Text, nullable=False),
    Column("level", SmallInteger, nullable=False),
    _moment("sent", required=True),
    _moment("onset", required=True),
    _moment("expires", required=True),
    Column("zones", ARRAY(Text), nullable=False),
    Column("polygon", JSONB),
    Column("headlines", JSONB, nullable=False),  # {"zh-CN": …, "en-US": …}
    Column("cap_xml", Text, nullable=False),
    Column("proposal_id", Uuid, ForeignKey("proposal.id"), nullable=False),
    _moment("real_at", required=True, real=True),
    _moment("expanded_at"),
    UniqueConstraint("event_id", "version"),
    Index("ix_alert_in_force", "hazard", "expires"),
    Index("ix_alert_expires", "expires"),
)

subscription = Table(
    "subscription", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Text, nullable=False),  # resident | office | broadcast
    Column("lane", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("owner", Text, nullable=False, server_default=""),
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),  # a resident's is sealed: see trust/address
    Column("secret", Text, nullable=False, server_default=""),
    Column("language", Text, nullable=False, server_default="zh-CN"),
    Column("hazards", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("min_level", SmallInteger, nullable=False, server_default="1"),
    Column("zones", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("polygon", JSONB),
    Column("cell", Text),
    Column("district", Text),
    Column("escalates_to", BigInteger),
    Column("person", BigInteger),  # where an address is registered for several places: the smallest id, kept by a trigger
    Column("falls_back_to", BigInteger, ForeignKey("subscription.id")),
    Column("standby", Boolean, nullable=False, server_default=text("false")),  # told only when another channel had no receipt, or another post no answer
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("quiet_from", SmallInteger),  # a resident's quiet hours, minutes of the local day: see dispatch/quiet
    Column("quiet_until", SmallInteger),
    _moment("created_at", required=True, real=True),
    UniqueConstraint("lane", "channel", "address", "cell", "name", postgresql_nulls_not_distinct=True),
    Index("ix_subscription_muster", "lane", "district", "channel", "language", "id",
          postgresql_where=text("kind = 'resident' AND active AND NOT standby AND person IS NULL")),
    Index("ix_subscription_person", "person", postgresql_where=text("person IS NOT NULL")),
    Index("ix_subscription_asked", "lane", postgresql_where=text("kind <> 'resident'")),
    Index("ix_subscription_falls_back", "id", postgresql_where=text("falls_back_to IS NOT NULL")),
    Index("ix_subscription_quiet", "id", postgresql_where=text("quiet_from IS NOT NULL")),
    Index("ix_subscription_open", "id", postgresql_where=text("kind = 'resident' AND left(address, 3) <> 's1.'")),
)

batch = Table(
    "batch", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("identifier", Text, ForeignKey("alert.identifier"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("priority", Integer, nullable=False),  # of its job, see dispatch/rank
    Column("size", Integer, nullable=False),
    _moment("real_at", required=True, real=True),
    Index(None, "identifier"),
)

delivery = Table(
    "delivery", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("batch_id", BigInteger, ForeignKey("batch.id")),
    Column("identifier", Text, ForeignKey("alert.identifier"), nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("subscription_id", BigInteger, ForeignKey("subscription.id"), nullable=False),
    Column("role", Text, nullable=False),  # start | change | end | call (told of a change before, now asked to answer)
    Column("state", Text, nullable=False),  # see dispatch/delivery
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("maybe_twice", Boolean, nullable=False, server_default=text("false")),
    Column("reason", Text, nullable=False, server_default=""),
    Column("evidence", Text, nullable=False, server_default=""),
    Column("external_id", Text),
    _moment("lease_until"),
    _moment("next_try_at"),
    _moment("accepted_at"),
    _moment("ended_at"),
    UniqueConstraint("event_id", "version", "channel", "subscription_id"),
    Index(None, "batch_id"),
    Index("ix_delivery_count", "identifier", "channel", "state"),
    Index(None, "subscription_id"),
    Index("ix_delivery_external", "external_id", postgresql_where=text("external_id IS NOT NULL")),
    Index("ix_delivery_waiting", "batch_id", "next_try_at",
          postgresql_where=text("state IN ('queued','claimed','unknown')")),
)

stage_event = Table(
    "stage_event", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("chain", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("channel", Text, nullable=False, server_default=""),
    _moment("at", required=True),
    _moment("real_at", required=True, real=True),
    Column("seconds", Double),
    UniqueConstraint("chain", "stage", "channel"),
)

account = Table(
    "account", metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),  # viewer | forecaster | approver | office | admin
    Column("token_hash", Text, nullable=False, unique=True),
    Column("hazards", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("area", Text, nullable=False, server_default=""),
    Column("scripted", Boolean, nullable=False, server_default=text("false")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    _moment("created_at", required=True, real=True),
)

audit = Table(
    "audit", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _moment("at", required=True),
    _moment("real_at", required=True, real=True),
    Column("who", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Index("ix_audit_object", "object"),
)

notice = Table(
    "notice", metadata,
    Column("key", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("next_step", Text, nullable=False),
    _moment("at", required=True),
    _moment("cleared_at"),
)

drill_clock = Table(
    "drill_clock", metadata,
    Column("id", SmallInteger, primary_key=True),
    _moment("at", required=True),
    _moment("real_at", required=True),
    Column("speed", Double, nullable=False),
)
