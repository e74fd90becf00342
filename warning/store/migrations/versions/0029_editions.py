"""What an office has changed and what a roster has changed are found by open calls and open responses, whatever happened in between."""

import sqlalchemy as sa
from alembic import op

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'office_edition',
        sa.Column('subscription_id', sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column('number', sa.BigInteger(), nullable=False),
        sa.Column('readdressed', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_office_edition_subscription_id_subscription')),
        sa.PrimaryKeyConstraint('subscription_id', name=op.f('pk_office_edition')),
    )
    op.add_column('response', sa.Column('edition', sa.BigInteger(), server_default=sa.text('0'), nullable=False))


def downgrade() -> None:
    op.drop_column('response', 'edition')
    op.drop_table('office_edition')
