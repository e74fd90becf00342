"""The roster, and calls by plan in the place of callouts: what was open goes on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('roster_post',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('zone', sa.Text(), nullable=False),
    sa.Column('place', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('hazards', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('above', sa.Text(), server_default='', nullable=False),
    sa.Column('active', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_roster_post')),
    sa.UniqueConstraint('lane', 'zone', 'name', name=op.f('uq_roster_post_lane_zone_name'))
    )
    op.create_table('roster_person',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), server_default='', nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_roster_person')),
    sa.UniqueConstraint('lane', 'key', name=op.f('uq_roster_person_lane_key'))
    )
    op.create_table('roster_seat',
    sa.Column('post_id', sa.BigInteger(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('rank', sa.SmallInteger(), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['roster_person.id'], name=op.f('fk_roster_seat_person_id_roster_person')),
    sa.ForeignKeyConstraint(['post_id'], ['roster_post.id'], name=op.f('fk_roster_seat_post_id_roster_post')),
    sa.PrimaryKeyConstraint('post_id', 'person_id', name=op.f('pk_roster_seat'))
    )
    op.create_table('roster_contact',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=False),
    sa.Column('subscription_id', sa.BigInteger(), nullable=False),
    sa.Column('rank', sa.SmallInteger(), nullable=False),
    sa.Column('expires', sa.Date(), nullable=True),
    sa.Column('proved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('proved_how', sa.Text(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['roster_person.id'], name=op.f('fk_roster_contact_person_id_roster_person')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_roster_contact_subscription_id_subscription')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_roster_contact')),
    sa.UniqueConstraint('person_id', 'subscription_id', name=op.f('uq_roster_contact_person_id_subscription_id'))
    )
    op.create_index(op.f('ix_roster_contact_subscription_id'), 'roster_contact', ['subscription_id'], unique=False)
    op.create_table('roster_shift',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('post_id', sa.BigInteger(), nullable=False),
    sa.Column('person', sa.Text(), nullable=False),
    sa.Column('instead_of', sa.Text(), server_default='', nullable=False),
    sa.Column('starts', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['post_id'], ['roster_post.id'], name=op.f('fk_roster_shift_post_id_roster_post')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_roster_shift'))
    )
    op.create_index(op.f('ix_roster_shift_post_id'), 'roster_shift', ['post_id'], unique=False)
    op.create_table('roster_place',
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('zone', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('rule', sa.Text(), server_default='', nullable=False),
    sa.Column('rule_on', sa.Date(), nullable=True),
    sa.Column('lat', sa.Double(), nullable=True),
    sa.Column('lon', sa.Double(), nullable=True),
    sa.PrimaryKeyConstraint('lane', 'zone', name=op.f('pk_roster_place'))
    )
    op.create_table('duty_call',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('identifier', sa.Text(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('post_id', sa.BigInteger(), nullable=True),
    sa.Column('subscription_id', sa.BigInteger(), nullable=True),
    sa.Column('post', sa.Text(), nullable=False),
    sa.Column('zone', sa.Text(), server_default='', nullable=False),
    sa.Column('level', sa.SmallInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('deadline', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_by', sa.Text(), server_default='', nullable=False),
    sa.Column('answered_how', sa.Text(), server_default='', nullable=False),
    sa.Column('escalated_to', sa.Text(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['identifier'], ['alert.identifier'], name=op.f('fk_duty_call_identifier_alert')),
    sa.ForeignKeyConstraint(['post_id'], ['roster_post.id'], name=op.f('fk_duty_call_post_id_roster_post')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_duty_call_subscription_id_subscription')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_duty_call')),
    sa.UniqueConstraint('identifier', 'post_id', 'subscription_id', name=op.f('uq_duty_call_identifier_post_id_subscription_id'), postgresql_nulls_not_distinct=True)
    )
    op.create_index('ix_duty_call_event', 'duty_call', ['event_id'], unique=False)
    op.create_index('ix_duty_call_open', 'duty_call', ['state'], unique=False, postgresql_where=sa.text("state IN ('waiting', 'overdue')"))
    op.create_table('call_attempt',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('call_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.BigInteger(), nullable=True),
    sa.Column('subscription_id', sa.BigInteger(), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), server_default='', nullable=False),
    sa.Column('rank', sa.SmallInteger(), nullable=False),
    sa.Column('above', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('token_hash', sa.Text(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('called_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('tried_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('delivery_id', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['call_id'], ['duty_call.id'], name=op.f('fk_call_attempt_call_id_duty_call')),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_call_attempt_delivery_id_delivery')),
    sa.ForeignKeyConstraint(['person_id'], ['roster_person.id'], name=op.f('fk_call_attempt_person_id_roster_person')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_call_attempt_subscription_id_subscription')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_call_attempt')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_call_attempt_token_hash'))
    )
    op.create_index(op.f('ix_call_attempt_call_id'), 'call_attempt', ['call_id'], unique=False)
    op.create_index('ix_call_attempt_delivery', 'call_attempt', ['delivery_id'], unique=False, postgresql_where=sa.text('delivery_id IS NOT NULL'))
    op.create_index('ix_call_attempt_due', 'call_attempt', ['due_at'], unique=False, postgresql_where=sa.text("state = 'planned'"))
    op.create_index('ix_call_attempt_told', 'call_attempt', ['subscription_id'], unique=False, postgresql_where=sa.text("state = 'called'"))
    op.execute(_CARRY_CALLS)
    op.execute(_CARRY_ATTEMPTS)
    op.execute(_CARRY_DUTY_ROOM)
    op.drop_table('callout')


def downgrade() -> None:
    raise RuntimeError("the ledger is never taken down; restore a backup instead")


# One call for each version and office, as before; its link goes on to work, for the attempt keeps the callout's id and word.
_CARRY_CALLS = """
INSERT INTO duty_call (id, identifier, event_id, subscription_id, post, level, state, opened_at, deadline, answered_at, answered_by, answered_how, escalated_to)
SELECT c.id, c.identifier, c.event_id, c.subscription_id, c.post, a.level, c.state, c.opened_at, c.deadline, c.answered_at, c.answered_by,
  CASE WHEN c.state = 'answered' THEN 'link' ELSE '' END, c.escalated_to
FROM callout c JOIN alert a ON a.identifier = c.identifier
"""
_CARRY_ATTEMPTS = """
INSERT INTO call_attempt (id, call_id, subscription_id, name, channel, rank, token_hash, due_at, state, called_at, tried_at, delivery_id)
SELECT c.id, c.id, c.subscription_id, c.post, s.channel, 0, c.token_hash, c.opened_at, 'called', c.opened_at, c.opened_at, d.id
FROM callout c JOIN subscription s ON s.id = c.subscription_id
LEFT JOIN delivery d ON d.identifier = c.identifier AND d.subscription_id = c.subscription_id AND d.channel = s.channel
"""
_CARRY_DUTY_ROOM = """
INSERT INTO call_attempt (id, call_id, name, rank, token_hash, due_at, state)
SELECT gen_random_uuid(), c.id, 'duty room', 1, 'none ' || gen_random_uuid(), c.deadline, 'planned' FROM callout c WHERE c.state = 'waiting'
"""
