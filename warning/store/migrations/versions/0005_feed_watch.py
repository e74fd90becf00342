"""Each feed's watch: since when, and what went wrong last."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'feed_watch',
        sa.Column('source', sa.Text(), nullable=False),
        sa.Column('since', sa.DateTime(timezone=True), nullable=False),
        sa.Column('fault', sa.Text(), server_default='', nullable=False),
        sa.Column('fault_at', sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('source', name=op.f('pk_feed_watch')),
    )
    # The consoles ask every second how old each feed's data are.
    op.create_index('ix_payload_fed', 'payload', ['source', 'fetched_at'], postgresql_where=sa.text("state = 'watched'"))
    op.create_index('ix_payload_run', 'payload', ['source', 'run_time'], postgresql_where=sa.text("state = 'watched'"))


def downgrade() -> None:
    raise RuntimeError("the ledger is never taken down; restore a backup instead")
