"""The trust desk's tables. All times are the database's own clock."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from warning.store.tables import metadata


def _real(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp())


credential = Table(
    "credential", metadata,
    Column("name", Text, ForeignKey("account.name"), primary_key=True),
    Column("password", Text, nullable=False, server_default=""),  # Argon2id, with its parameters and salt
    Column("factor", Text, nullable=False, server_default=""),  # sealed
    Column("factor_confirmed", Boolean, nullable=False, server_default=text("false")),
    Column("last_step", BigInteger, nullable=False, server_default="0"),  # a code counts once
    _real("changed_at"),
)

session = Table(
    "session", metadata,
    Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("name", Text, ForeignKey("account.name"), nullable=False),
    Column("client", Text, nullable=False, server_default=""),
    _real("opened_at"),
    _real("seen_at"),
    Column("ended_at", DateTime(timezone=True)),
    Index("ix_session_open", "name", postgresql_where=text("ended_at IS NULL")),
)

login_try = Table(
    "login_try", metadata,
    Column("key", Text, primary_key=True),  # a name or a peer, as SHA-256
    Column("failures", Integer, nullable=False),
    _real("last_at"),
)

api_key = Table(
    "api_key", metadata,
    Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
    Column("name", Text, ForeignKey("account.name"), nullable=False),
    Column("label", Text, nullable=False),
    Column("key_hash", Text, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    _real("created_at"),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Index(None, "name"),
)

admin_request = Table(
    "admin_request", metadata,
    Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
    Column("act", Text, nullable=False),  # add | withdraw
    Column("name", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    Column("asked_by", Text, nullable=False),
    _real("asked_at"),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("verdict", Text),  # confirmed | refused
)
