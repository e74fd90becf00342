"""What reach plans are made of and compared with: measured rates and the stored plans."""

from sqlalchemy import BigInteger, Column, DateTime, Double, ForeignKey, Table, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB

from warning.store.tables import metadata

channel_rate = Table(
    "channel_rate", metadata,
    Column("channel", Text, primary_key=True),
    Column("worker", Text, primary_key=True),
    Column("minute", DateTime(timezone=True), primary_key=True),
    Column("messages", BigInteger, nullable=False),
    Column("parts", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("delivered", BigInteger, nullable=False),
    Column("busy_s", Double, nullable=False),
    Column("quick_s", Double, nullable=False),
    Column("quick_n", BigInteger, nullable=False),
)

reach_plan = Table(
    "reach_plan", metadata,
    Column("proposal_id", Uuid, ForeignKey("proposal.id"), primary_key=True),
    Column("identifier", Text, ForeignKey("alert.identifier"), nullable=False, unique=True),
    Column("plan", JSONB, nullable=False),
    Column("real_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)
