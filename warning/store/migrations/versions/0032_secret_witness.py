"""A process that holds another secret than its database is told at its start."""

import sqlalchemy as sa
from alembic import op

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'secret_witness',
        sa.Column('single', sa.Boolean(), nullable=False),
        sa.Column('sealed', sa.Text(), nullable=False),
        sa.CheckConstraint('single', name=op.f('ck_secret_witness_one_row')),
        sa.PrimaryKeyConstraint('single', name=op.f('pk_secret_witness')),
    )


def downgrade() -> None:
    op.drop_table('secret_witness')
