"""Notes on proposals, which nobody can take back, and the reviews that the fast lane owes."""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('proposal_note',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('proposal_id', sa.Uuid(), nullable=False),
    sa.Column('who', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('real_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['proposal_id'], ['proposal.id'], name=op.f('fk_proposal_note_proposal_id_proposal')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proposal_note'))
    )
    op.create_index(op.f('ix_proposal_note_proposal_id'), 'proposal_note', ['proposal_id'], unique=False)
    op.execute("""
        CREATE FUNCTION proposal_note_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'a note of a consultation is never changed or taken back: add another'; END $$""")
    op.execute("CREATE TRIGGER proposal_note_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON proposal_note "
               "FOR EACH STATEMENT EXECUTE FUNCTION proposal_note_stays()")
    op.create_table('fast_review',
    sa.Column('identifier', sa.Text(), nullable=False),
    sa.Column('issued_by', sa.Text(), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reviewed_by', sa.Text(), nullable=True),
    sa.Column('reviewed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('verdict', sa.Text(), server_default='', nullable=False),
    sa.Column('remark', sa.Text(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['identifier'], ['alert.identifier'], name=op.f('fk_fast_review_identifier_alert')),
    sa.PrimaryKeyConstraint('identifier', name=op.f('pk_fast_review'))
    )
    op.create_index('ix_fast_review_owed', 'fast_review', ['due_at'], unique=False, postgresql_where=sa.text('reviewed_at IS NULL'))


def downgrade() -> None:
    raise RuntimeError("the ledger is never taken down; restore a backup instead")
