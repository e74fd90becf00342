"""What a proposal rests on, beside it: read only when somebody asks for an explanation."""

from sqlalchemy import Column, ForeignKey, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from warning.store.tables import metadata

proposal_basis = Table(
    "proposal_basis", metadata,
    Column("proposal_id", Uuid, ForeignKey("proposal.id"), primary_key=True),
    Column("basis", JSONB, nullable=False),  # watch/basis.Basis
)
