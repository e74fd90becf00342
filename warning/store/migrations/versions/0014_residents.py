"""Residents: a code proves an address, addresses are sealed, quiet hours, and short words to one person.

What lies open in ``subscription.address`` is sealed by the running engine, page by page: only it has the key (store/subscribe).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('subscription', sa.Column('quiet_from', sa.SmallInteger(), nullable=True))
    op.add_column('subscription', sa.Column('quiet_until', sa.SmallInteger(), nullable=True))
    op.create_index('ix_subscription_quiet', 'subscription', ['id'], postgresql_where=sa.text('quiet_from IS NOT NULL'))
    op.create_index('ix_subscription_open', 'subscription', ['id'],
                    postgresql_where=sa.text("kind = 'resident' AND left(address, 3) <> 's1.'"))
    op.add_column('crowd', sa.Column('asleep_until', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_crowd_asleep', 'crowd', ['asleep_until'], postgresql_where=sa.text('asleep_until IS NOT NULL'))
    op.create_table('registration',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('wish', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('code_hash', sa.Text(), nullable=False),
    sa.Column('next_hash', sa.Text(), server_default='', nullable=False),
    sa.Column('tries', sa.SmallInteger(), server_default='0', nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires', sa.DateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('pass_hash', sa.Text(), server_default='', nullable=False),
    sa.Column('pass_until', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registration'))
    )
    op.create_index('ix_registration_address_at', 'registration', ['address', 'at'])
    op.create_index('ix_registration_pass', 'registration', ['pass_hash'], postgresql_where=sa.text("pass_hash <> ''"))
    op.create_table('word',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), server_default='queued', nullable=False),
    sa.Column('attempts', sa.SmallInteger(), server_default='0', nullable=False),
    sa.Column('reason', sa.Text(), server_default='', nullable=False),
    sa.Column('evidence', sa.Text(), server_default='', nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires', sa.DateTime(timezone=True), nullable=False),
    sa.Column('next_try_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('real_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_word'))
    )
    op.create_index('ix_word_waiting', 'word', ['id'], postgresql_where=sa.text("state IN ('queued', 'claimed')"))
    op.create_index('ix_word_address_at', 'word', ['address', 'at'])


def downgrade() -> None:
    raise RuntimeError("the ledger is never taken down; restore a backup instead")
