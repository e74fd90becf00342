"""Measured channel rates, the reach plan that was signed with an alert, and each channel's canary."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('channel_rate',
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('worker', sa.Text(), nullable=False),
    sa.Column('minute', sa.DateTime(timezone=True), nullable=False),
    sa.Column('messages', sa.BigInteger(), nullable=False),
    sa.Column('parts', sa.BigInteger(), nullable=False),
    sa.Column('accepted', sa.BigInteger(), nullable=False),
    sa.Column('delivered', sa.BigInteger(), nullable=False),
    sa.Column('busy_s', sa.Double(), nullable=False),
    sa.Column('quick_s', sa.Double(), nullable=False),
    sa.Column('quick_n', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('channel', 'worker', 'minute', name=op.f('pk_channel_rate'))
    )
    op.create_table('reach_plan',
    sa.Column('proposal_id', sa.Uuid(), nullable=False),
    sa.Column('identifier', sa.Text(), nullable=False),
    sa.Column('plan', postgresql.JSONB(), nullable=False),
    sa.Column('real_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['identifier'], ['alert.identifier'], name=op.f('fk_reach_plan_identifier_alert')),
    sa.ForeignKeyConstraint(['proposal_id'], ['proposal.id'], name=op.f('fk_reach_plan_proposal_id_proposal')),
    sa.PrimaryKeyConstraint('proposal_id', name=op.f('pk_reach_plan')),
    sa.UniqueConstraint('identifier', name=op.f('uq_reach_plan_identifier'))
    )
    op.create_table('canary',
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('well', sa.Boolean(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.Column('latency_s', sa.Double(), nullable=True),
    sa.Column('tried_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('succeeded_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('channel', name=op.f('pk_canary'))
    )
