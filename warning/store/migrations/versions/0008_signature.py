"""Signed documents beside the alerts."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('alert_signature',
    sa.Column('identifier', sa.Text(), nullable=False),
    sa.Column('document', sa.Text(), nullable=True),
    sa.Column('fingerprint', sa.Text(), server_default='', nullable=False),
    sa.Column('fault', sa.Text(), server_default='', nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['identifier'], ['alert.identifier'], name=op.f('fk_alert_signature_identifier_alert')),
    sa.PrimaryKeyConstraint('identifier', name=op.f('pk_alert_signature'))
    )


def downgrade() -> None:
    raise RuntimeError("the ledger is never taken down; restore a backup instead")
