"""An open call says which edition of the list it was made by, so that a list mended in a call counts after any crash."""

import sqlalchemy as sa
from alembic import op

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'roster_edition',
        sa.Column('lane', sa.Text(), nullable=False),
        sa.Column('number', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('lane', name=op.f('pk_roster_edition')),
    )
    op.add_column('duty_call', sa.Column('edition', sa.BigInteger(), server_default=sa.text('0'), nullable=False))


def downgrade() -> None:
    op.drop_column('duty_call', 'edition')
    op.drop_table('roster_edition')
