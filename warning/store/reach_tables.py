"""What reach plans are made of and compared with: measured rates, the stored plans, and the channels' canaries."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Double, ForeignKey, Integer, Table, Text, Uuid, func
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

canary = Table(
    "canary", metadata,
    Column("channel", Text, primary_key=True),
    Column("well", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),  # in a row
    Column("evidence", Text, nullable=False),
    Column("latency_s", Double),
    Column("tried_at", DateTime(timezone=True), nullable=False),
    Column("succeeded_at", DateTime(timezone=True)),
)
