"""Routes as workers report them, and what operators have said of them."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Double, Integer, Table, Text, text

from warning.store.tables import metadata

route_state = Table(
    "route_state", metadata,
    Column("channel", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("worker", Text, primary_key=True),
    Column("circuit", Text, nullable=False),  # closed | half_open | open
    Column("since", DateTime(timezone=True), nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("weight", Integer, nullable=False, server_default=text("1")),
    Column("rate_per_s", Double),  # null = as fast as it takes them
    Column("under_way", BigInteger, nullable=False, server_default=text("0")),
    Column("place", Integer, nullable=False, server_default=text("1")),
    Column("real_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
)

route_order = Table(
    "route_order", metadata,
    Column("channel", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("skipped", Boolean, nullable=False, server_default=text("false")),
    Column("tried", BigInteger, nullable=False, server_default=text("0")),  # how often an operator has said: try now
    Column("said", Text, nullable=False, server_default=""),  # who ordered what last, and why
)
