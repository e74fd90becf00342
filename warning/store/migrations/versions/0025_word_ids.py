"""A word to one person keeps the gateway's ids of its parts, for a report that comes to another worker."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("word", sa.Column("external_id", sa.Text(), server_default="", nullable=False))
