"""What shows whether a process holds the secret that this database was begun with."""

from sqlalchemy import Boolean, CheckConstraint, Column, Table, Text

from warning.store.tables import metadata

secret_witness = Table(
    "secret_witness", metadata,
    Column("single", Boolean, primary_key=True),
    Column("sealed", Text, nullable=False),  # a known word under the deployment's secret
    CheckConstraint("single", name="one_row"),
)
