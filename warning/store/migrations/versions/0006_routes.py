"""Routes as workers report them, and what operators have said of them."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'route_state',
        sa.Column('channel', sa.Text(), nullable=False),
        sa.Column('route', sa.Text(), nullable=False),
        sa.Column('worker', sa.Text(), nullable=False),
        sa.Column('circuit', sa.Text(), nullable=False),
        sa.Column('since', sa.DateTime(timezone=True), nullable=False),
        sa.Column('accepted', sa.BigInteger(), nullable=False),
        sa.Column('failed', sa.BigInteger(), nullable=False),
        sa.Column('note', sa.Text(), server_default='', nullable=False),
        sa.Column('real_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
        sa.PrimaryKeyConstraint('channel', 'route', 'worker'),
    )
    op.create_table(
        'route_order',
        sa.Column('channel', sa.Text(), nullable=False),
        sa.Column('route', sa.Text(), nullable=False),
        sa.Column('skipped', sa.Boolean(), server_default=sa.text('false'), nullable=False),
        sa.Column('tried', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
        sa.PrimaryKeyConstraint('channel', 'route'),
    )


def downgrade() -> None:
    op.drop_table('route_order')
    op.drop_table('route_state')
