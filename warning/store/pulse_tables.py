"""Pulses: how each channel's last self-test and each partner's last heartbeat went."""

from sqlalchemy import Boolean, Column, DateTime, Double, Integer, Table, Text

from warning.store.tables import metadata

pulse = Table(
    "pulse", metadata,
    Column("kind", Text, primary_key=True),  # canary | heartbeat
    Column("target", Text, primary_key=True),  # a channel; of a partner's heartbeat also its number in the settings
    Column("well", Boolean),  # empty: nothing has come back yet
    Column("failures", Integer, nullable=False),  # in a row
    Column("evidence", Text, nullable=False),
    Column("latency_s", Double),
    Column("every_s", Double, nullable=False),
    Column("tried_at", DateTime(timezone=True), nullable=False),
    Column("succeeded_at", DateTime(timezone=True)),
)
