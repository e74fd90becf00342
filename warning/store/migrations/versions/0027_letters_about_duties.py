"""Duties are held by posts of the roster, and their people are written to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('response_duty', sa.Column('posts', postgresql.ARRAY(sa.BigInteger()), server_default='{}', nullable=False))
    op.create_table(
        'duty_letter',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('response_id', sa.Uuid(), nullable=False),
        sa.Column('post_id', sa.BigInteger(), nullable=False),
        sa.Column('post', sa.Text(), nullable=False),
        sa.Column('duties', postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column('refuges', postgresql.JSONB(), nullable=False),
        sa.Column('token_hash', sa.Text(), nullable=False),
        sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['response_id'], ['response.id'], name=op.f('fk_duty_letter_response_id_response')),
        sa.ForeignKeyConstraint(['post_id'], ['roster_post.id'], name=op.f('fk_duty_letter_post_id_roster_post')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_duty_letter')),
        sa.UniqueConstraint('token_hash', name=op.f('uq_duty_letter_token_hash')),
        sa.UniqueConstraint('response_id', 'post_id', name=op.f('uq_duty_letter_response_id_post_id')),
    )
    op.create_table(
        'duty_step',
        sa.Column('id', sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column('letter_id', sa.Uuid(), nullable=False),
        sa.Column('person', sa.Text(), nullable=False),
        sa.Column('rank', sa.SmallInteger(), nullable=False),
        sa.Column('channel', sa.Text(), nullable=False),
        sa.Column('subscription_id', sa.BigInteger(), nullable=False),
        sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('state', sa.Text(), server_default='planned', nullable=False),
        sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('word_id', sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(['letter_id'], ['duty_letter.id'], name=op.f('fk_duty_step_letter_id_duty_letter')),
        sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_duty_step_subscription_id_subscription')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_duty_step')),
    )
    op.create_index(op.f('ix_duty_step_letter_id'), 'duty_step', ['letter_id'])
    op.create_index('ix_duty_step_due', 'duty_step', ['due_at'], postgresql_where=sa.text("state = 'planned'"))


def downgrade() -> None:
    op.drop_table('duty_step')
    op.drop_table('duty_letter')
    op.drop_column('response_duty', 'posts')
