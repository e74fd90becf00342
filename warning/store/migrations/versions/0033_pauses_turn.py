"""A pause that begins or ends by its own date counts in the calls that are open then."""

import sqlalchemy as sa
from alembic import op

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('office_pause', sa.Column('counted_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False))


def downgrade() -> None:
    op.drop_column('office_pause', 'counted_at')
