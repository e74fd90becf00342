"""What partners send is claimed before anything follows from it, what is refused claims nothing, and feeds' links are remembered until they are read."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column('intake', 'document', type_=sa.LargeBinary(), postgresql_using="convert_to(document, 'UTF8')")
    op.add_column('intake', sa.Column('form', sa.Text(), server_default='cap', nullable=False))
    op.add_column('intake', sa.Column('cap_status', sa.Text(), server_default='', nullable=False))
    op.add_column('intake', sa.Column('digest', sa.LargeBinary(), nullable=True))
    op.add_column('intake', sa.Column('proposals', postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False))
    for name in ('claimed_at', 'last_at'):
        op.add_column('intake', sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False))
    op.add_column('intake', sa.Column('times', sa.Integer(), server_default=sa.text('1'), nullable=False))
    op.execute("UPDATE intake SET digest = sha256(document), claimed_at = at, last_at = at, "
               "proposals = CASE WHEN proposal_id IS NULL THEN '{}' ELSE ARRAY[proposal_id] END")
    op.execute("UPDATE intake i SET cap_status = p.cap_status FROM proposal p WHERE p.id = i.proposal_id")
    op.alter_column('intake', 'digest', nullable=False)
    op.drop_column('intake', 'proposal_id')
    op.drop_constraint('uq_intake_sender_identifier_sent', 'intake')
    op.create_index('uq_intake_claim', 'intake', ['sender', 'identifier', 'sent'], unique=True,
                    postgresql_where=sa.text("fate IN ('taking', 'held', 'redistributed')"))
    op.create_index('uq_intake_on_record', 'intake', ['partner', 'sender', 'identifier', 'sent', 'digest', 'fate'], unique=True,
                    postgresql_where=sa.text("fate IN ('kept', 'refused')"))
    op.create_index('ix_intake_name', 'intake', ['sender', 'identifier'])
    op.create_index('ix_intake_refers_to', 'intake', ['refers_to'], postgresql_using='gin')
    op.add_column('partner_feed', sa.Column('odd', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False))
    op.create_table(
        'partner_link',
        sa.Column('partner', sa.Text(), nullable=False),
        sa.Column('key', sa.LargeBinary(), nullable=False),
        sa.Column('url', sa.Text(), nullable=False),
        sa.Column('stamp', sa.Text(), server_default='', nullable=False),
        sa.Column('place', sa.Integer(), nullable=False),
        sa.Column('listed', sa.Boolean(), server_default=sa.text('true'), nullable=False),
        sa.Column('state', sa.Text(), server_default='owed', nullable=False),
        sa.Column('tries', sa.Integer(), server_default=sa.text('0'), nullable=False),
        sa.Column('fault', sa.Text(), server_default='', nullable=False),
        sa.Column('next_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
        sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
        sa.PrimaryKeyConstraint('partner', 'key', name=op.f('pk_partner_link')))
    op.create_index('ix_partner_link_owed', 'partner_link', ['partner', 'next_at'], postgresql_where=sa.text("state = 'owed'"))


def downgrade() -> None:
    raise RuntimeError("the ledger is never taken down; restore a backup instead")
