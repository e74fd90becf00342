"""A risk notice keeps the ids under which the gateway reports of it, for the report may reach another worker."""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('risk_notice', sa.Column('external_id', sa.Text(), server_default='', nullable=False))
