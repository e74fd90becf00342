"""Batches whose people are told later on purpose, so that no stage's time is measured by them."""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('crowd', sa.Column('told_later', sa.Boolean(), server_default=sa.text('false'), nullable=False))


def downgrade() -> None:
    op.drop_column('crowd', 'told_later')
