"""The roster: posts by place, people, shifts; each way to a person is a subscription of kind ``duty``, told only when it is called."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from warning.store.tables import metadata

roster_post = Table(
    "roster_post", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("lane", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),  # see roster.post.Kind
    Column("hazards", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("above", Text, nullable=False, server_default=""),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("lane", "zone", "name"),
)

roster_person = Table(
    "roster_person", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("lane", Text, nullable=False),
    Column("key", Text, nullable=False),  # name and first address: the same person at however many posts
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False, server_default=""),
    UniqueConstraint("lane", "key"),
)

roster_seat = Table(
    "roster_seat", metadata,
    Column("post_id", BigInteger, ForeignKey("roster_post.id"), primary_key=True),
    Column("person_id", BigInteger, ForeignKey("roster_person.id"), primary_key=True),
    Column("rank", SmallInteger, nullable=False),
)

roster_contact = Table(
    "roster_contact", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("person_id", BigInteger, ForeignKey("roster_person.id"), nullable=False),
    Column("subscription_id", BigInteger, ForeignKey("subscription.id"), nullable=False),
    Column("rank", SmallInteger, nullable=False),
    Column("expires", Date),
    Column("proved_at", DateTime(timezone=True)),
    Column("proved_how", Text, nullable=False, server_default=""),
    UniqueConstraint("person_id", "subscription_id"),
    Index(None, "subscription_id"),
)

roster_shift = Table(
    "roster_shift", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("post_id", BigInteger, ForeignKey("roster_post.id"), nullable=False),
    Column("person", Text, nullable=False),
    Column("instead_of", Text, nullable=False, server_default=""),
    Column("starts", DateTime(timezone=True), nullable=False),
    Column("ends", DateTime(timezone=True), nullable=False),
    Index(None, "post_id"),
)

# How often the list was written: an open call that was made by an earlier one gains what this one has, whatever happened in between.
roster_edition = Table(
    "roster_edition", metadata,
    Column("lane", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

roster_place = Table(
    "roster_place", metadata,
    Column("lane", Text, primary_key=True),
    Column("zone", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("rule", Text, nullable=False, server_default=""),  # the document that says who does what (有制度)
    Column("rule_on", Date),
    Column("lat", Double),
    Column("lon", Double),
)
