"""Offices: what else they wished, their pauses, every attempt to reach them, their test messages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('office_wish',
    sa.Column('subscription_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('sectors', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('form', sa.Text(), server_default='json', nullable=False),
    sa.Column('former_secret', sa.Text(), server_default='', nullable=False),
    sa.Column('former_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('changed_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_office_wish_subscription_id_subscription')),
    sa.PrimaryKeyConstraint('subscription_id', name=op.f('pk_office_wish'))
    )
    op.create_table('office_pause',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('subscription_id', sa.BigInteger(), nullable=False),
    sa.Column('cover_id', sa.BigInteger(), nullable=True),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by', sa.Text(), nullable=False),
    sa.Column('real_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['cover_id'], ['subscription.id'], name=op.f('fk_office_pause_cover_id_subscription')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_office_pause_subscription_id_subscription')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_office_pause'))
    )
    op.create_index(op.f('ix_office_pause_subscription_id_ends_at'), 'office_pause', ['subscription_id', 'ends_at'], unique=False)
    op.create_table('attempt',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('delivery_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.SmallInteger(), nullable=False),
    sa.Column('began_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('seconds', sa.Double(), nullable=True),
    sa.Column('outcome', sa.Text(), server_default='', nullable=False),
    sa.Column('reason', sa.Text(), server_default='', nullable=False),
    sa.Column('evidence', sa.Text(), server_default='', nullable=False),
    sa.Column('next_try_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_attempt_delivery_id_delivery')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attempt'))
    )
    op.create_index(op.f('ix_attempt_delivery_id'), 'attempt', ['delivery_id'], unique=False)
    op.create_index(op.f('ix_attempt_began_at'), 'attempt', ['began_at'], unique=False)
    op.create_table('trial',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('subscription_id', sa.BigInteger(), nullable=False),
    sa.Column('asked_by', sa.Text(), nullable=False),
    sa.Column('token_hash', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('state', sa.Text(), server_default='waiting', nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('seconds', sa.Double(), nullable=True),
    sa.Column('reason', sa.Text(), server_default='', nullable=False),
    sa.Column('evidence', sa.Text(), server_default='', nullable=False),
    sa.Column('external_id', sa.Text(), server_default='', nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_by', sa.Text(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_trial_subscription_id_subscription')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_trial')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_trial_token_hash'))
    )
    op.create_index(op.f('ix_trial_subscription_id_asked_at'), 'trial', ['subscription_id', 'asked_at'], unique=False)
    op.create_index('ix_trial_due', 'trial', ['asked_at'], unique=False, postgresql_where=sa.text("state IN ('waiting', 'claimed')"))


def downgrade() -> None:
    raise RuntimeError("the ledger is never taken down; restore a backup instead")
