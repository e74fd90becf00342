"""What a proposal rests on is kept with it, so that it can be explained when the files are gone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('proposal_basis',
    sa.Column('proposal_id', sa.Uuid(), nullable=False),
    sa.Column('basis', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['proposal_id'], ['proposal.id'], name=op.f('fk_proposal_basis_proposal_id_proposal')),
    sa.PrimaryKeyConstraint('proposal_id', name=op.f('pk_proposal_basis'))
    )


def downgrade() -> None:
    raise RuntimeError("the ledger is never taken down; restore a backup instead")
