"""Routes tell their share, contract's rate, what is under way and their turn; an order keeps who gave it and why."""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('route_state', sa.Column('weight', sa.Integer(), server_default=sa.text('1'), nullable=False))
    op.add_column('route_state', sa.Column('rate_per_s', sa.Double(), nullable=True))
    op.add_column('route_state', sa.Column('under_way', sa.BigInteger(), server_default=sa.text('0'), nullable=False))
    op.add_column('route_state', sa.Column('place', sa.Integer(), server_default=sa.text('1'), nullable=False))
    op.add_column('route_order', sa.Column('said', sa.Text(), server_default='', nullable=False))
