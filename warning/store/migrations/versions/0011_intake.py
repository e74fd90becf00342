"""What partners sent, and how far their feeds were read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('partner_feed',
    sa.Column('partner', sa.Text(), nullable=False),
    sa.Column('etag', sa.Text(), server_default='', nullable=False),
    sa.Column('modified', sa.Text(), server_default='', nullable=False),
    sa.Column('fault', sa.Text(), server_default='', nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.PrimaryKeyConstraint('partner', name=op.f('pk_partner_feed'))
    )
    op.create_table('intake',
    sa.Column('id', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False),
    sa.Column('partner', sa.Text(), nullable=False),
    sa.Column('how', sa.Text(), nullable=False),
    sa.Column('sender', sa.Text(), nullable=False),
    sa.Column('identifier', sa.Text(), nullable=False),
    sa.Column('sent', sa.DateTime(timezone=True), nullable=False),
    sa.Column('msg_type', sa.Text(), nullable=False),
    sa.Column('document', sa.Text(), nullable=False),
    sa.Column('standing', sa.Text(), server_default='', nullable=False),
    sa.Column('repairs', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('refers_to', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('fate', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), server_default='', nullable=False),
    sa.Column('proposal_id', sa.Uuid(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['proposal_id'], ['proposal.id'], name=op.f('fk_intake_proposal_id_proposal')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_intake')),
    sa.UniqueConstraint('sender', 'identifier', 'sent', name=op.f('uq_intake_sender_identifier_sent'))
    )
    op.create_index('ix_intake_newest', 'intake', ['at'], unique=False)


def downgrade() -> None:
    raise RuntimeError("the ledger is never taken down; restore a backup instead")
