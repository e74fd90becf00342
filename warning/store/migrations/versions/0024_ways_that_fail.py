"""A way to a person that fails is kept with its reason: the next step of its call does not wait."""

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('call_attempt', sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('call_attempt', sa.Column('why', sa.Text(), server_default='', nullable=False))


def downgrade() -> None:
    op.drop_column('call_attempt', 'why')
    op.drop_column('call_attempt', 'failed_at')
