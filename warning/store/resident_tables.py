"""What keeps a resident index up with the registry: a log that triggers write, and the small numbers of what residents want."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, SmallInteger, Table, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY

from warning.store.tables import metadata

resident_change = Table(
    "resident_change", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("xact", BigInteger, nullable=False, index=True),  # pg_current_xact_id() of the change
    Column("subscription_id", BigInteger),  # empty: so much has changed, or been forgotten, that an index is built anew
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)

resident_kind = Table(
    "resident_kind", metadata,
    Column("id", SmallInteger, Identity(), primary_key=True),
    Column("lane", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("min_level", SmallInteger, nullable=False),
    Column("hazards", ARRAY(Text), nullable=False),
    UniqueConstraint("lane", "channel", "min_level", "hazards"),
)
