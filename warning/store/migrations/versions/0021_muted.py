"""Whom a stronger warning keeps from a weaker one is found again when the stronger one has run out."""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_crowd_muted', 'crowd', ['identifier'], postgresql_where=sa.text('tally[7] > 0'))


def downgrade() -> None:
    raise RuntimeError("the ledger is never taken down; restore a backup instead")
