"""The tables of residents' registrations: what waits for its code, and the short words that go to one person."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, SmallInteger, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB

from warning.store.tables import metadata


def _moment(name: str, *, required: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=not required)


registration = Table(
    "registration", metadata,
    Column("id", Uuid, primary_key=True),
    Column("lane", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),  # sealed, see trust/address
    Column("wish", JSONB, nullable=False),  # what is stored once the address is proven; the place is a cell already
    Column("code_hash", Text, nullable=False),
    Column("next_hash", Text, nullable=False, server_default=""),  # of the code that went to the next channel's address
    Column("tries", SmallInteger, nullable=False, server_default="0"),
    _moment("at", required=True),
    _moment("expires", required=True),
    _moment("confirmed_at"),
    Column("pass_hash", Text, nullable=False, server_default=""),  # of the word that opens the places of this address for a while
    _moment("pass_until"),
    Index(None, "address", "at"),
    Index("ix_registration_pass", "pass_hash", postgresql_where=text("pass_hash <> ''")),
)

word = Table(
    "word", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("lane", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),  # sealed
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),  # sealed: a code stands in it
    Column("language", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="queued"),  # queued → claimed → accepted → delivered | failed | expired
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("evidence", Text, nullable=False, server_default=""),
    Column("external_id", Text, nullable=False, server_default=""),  # the gateway's ids of its parts of which a report is owed, with commas
    _moment("at", required=True),
    _moment("expires", required=True),
    _moment("next_try_at"),
    _moment("ended_at"),
    Column("real_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Index("ix_word_waiting", "id", postgresql_where=text("state IN ('queued', 'claimed')")),
    Index(None, "address", "at"),
)
