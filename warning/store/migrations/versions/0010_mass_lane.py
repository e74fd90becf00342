"""The mass lane: residents are told in batches that carry their outcomes; one address is one person; a view shows every recipient."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

# Several places of one address are one person, under the smallest id. A statement's rows are looked at together, so that a COPY of a
# million costs one join; EXECUTE, because the plan for one row is not the plan for a million.
_PERSON = """
CREATE FUNCTION subscription_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE $q$ UPDATE subscription s SET person = d.first FROM (
    SELECT o.lane, o.channel, o.address, min(o.id) AS first FROM subscription o
    JOIN (SELECT DISTINCT lane, channel, address FROM fresh WHERE kind = 'resident') f
      ON f.lane = o.lane AND f.channel = o.channel AND f.address = o.address
    WHERE o.kind = 'resident' GROUP BY 1, 2, 3 HAVING count(*) > 1) d
  WHERE s.kind = 'resident' AND s.lane = d.lane AND s.channel = d.channel AND s.address = d.address
    AND s.person IS DISTINCT FROM d.first $q$;
  RETURN NULL;
END $$
"""
_PERSON_TRIGGER = """
CREATE TRIGGER subscription_person AFTER INSERT ON subscription REFERENCING NEW TABLE AS fresh
FOR EACH STATEMENT EXECUTE FUNCTION subscription_person()
"""
_RECIPIENT = """
CREATE VIEW recipient AS
SELECT d.identifier, d.event_id, d.version, d.channel, d.subscription_id, d.role, d.state, d.reason, d.evidence, d.attempts,
  d.maybe_twice, d.external_id, NULL::bigint AS crowd_id, NULL::int AS number
FROM delivery d
UNION ALL
SELECT c.identifier, c.event_id, c.version, c.channel, u.member, c.role,
  (ARRAY['queued','claimed','accepted','delivered','failed','expired','muted','superseded','unknown'])
    [(get_byte(c.codes, u.n::int - 1) & 15) + 1],
  w.words->>0, w.words->>1, get_byte(c.tries, u.n::int - 1), (get_byte(c.codes, u.n::int - 1) & 128) > 0,
  (SELECT (string_to_array(i.ids, E'\\n'))[array_position(i.numbers, u.n::int - 1)] FROM crowd_ids i
   WHERE i.crowd_id = c.id AND u.n::int - 1 = ANY(i.numbers) ORDER BY i.id DESC LIMIT 1), c.id, u.n::int - 1
FROM crowd c CROSS JOIN LATERAL unnest(c.members) WITH ORDINALITY AS u(member, n)
CROSS JOIN LATERAL (SELECT c.said->(get_byte(c.said_by, 2 * u.n::int - 2) + 256 * get_byte(c.said_by, 2 * u.n::int - 1)) AS words) w
"""


def upgrade() -> None:
    op.add_column('subscription', sa.Column('person', sa.BigInteger(), nullable=True))
    op.add_column('subscription', sa.Column('falls_back_to', sa.BigInteger(), nullable=True))
    op.add_column('subscription', sa.Column('standby', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.create_foreign_key('fk_subscription_falls_back_to_subscription', 'subscription', 'subscription', ['falls_back_to'], ['id'])
    op.drop_index('ix_subscription_place', table_name='subscription')
    op.create_index('ix_subscription_muster', 'subscription', ['lane', 'district', 'channel', 'language', 'id'],
                    postgresql_where=sa.text("kind = 'resident' AND active AND NOT standby AND person IS NULL"))
    op.create_index('ix_subscription_person', 'subscription', ['person'], postgresql_where=sa.text('person IS NOT NULL'))
    op.create_index('ix_subscription_asked', 'subscription', ['lane'], postgresql_where=sa.text("kind <> 'resident'"))
    op.create_index('ix_subscription_falls_back', 'subscription', ['id'], postgresql_where=sa.text('falls_back_to IS NOT NULL'))
    op.alter_column('batch', 'priority', type_=sa.Integer(), existing_type=sa.SmallInteger(), existing_nullable=False)
    op.create_table('crowd',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('root', sa.BigInteger(), nullable=False),
    sa.Column('identifier', sa.Text(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('district', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('members', postgresql.ARRAY(sa.BigInteger()), nullable=False),
    sa.Column('first_id', sa.BigInteger(), nullable=False),
    sa.Column('last_id', sa.BigInteger(), nullable=False),
    sa.Column('codes', sa.LargeBinary(), nullable=False),
    sa.Column('tries', sa.LargeBinary(), nullable=False),
    sa.Column('said', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('said_by', sa.LargeBinary(), nullable=False),
    sa.Column('tally', postgresql.ARRAY(sa.Integer()), nullable=False),
    sa.Column('faults', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('twice', sa.Integer(), server_default='0', nullable=False),
    sa.Column('open', sa.Boolean(), nullable=False),
    sa.Column('attempt', sa.Integer(), server_default='0', nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('next_try_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('unknown_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('fall_back_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('falls_from', sa.BigInteger(), nullable=True),
    sa.Column('places', sa.LargeBinary(), nullable=True),
    sa.Column('real_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['identifier'], ['alert.identifier'], name='fk_crowd_identifier_alert'),
    sa.PrimaryKeyConstraint('id', name='pk_crowd'),
    )
    op.create_index('ix_crowd_identifier_channel', 'crowd', ['identifier', 'channel'])
    op.create_index('ix_crowd_event_id_channel_first_id', 'crowd', ['event_id', 'channel', 'first_id'])
    op.create_index('ix_crowd_root', 'crowd', ['root'])
    op.create_index('ix_crowd_open', 'crowd', ['real_at'], postgresql_where=sa.text('open'))
    op.create_index('ix_crowd_fall_back', 'crowd', ['fall_back_at'], postgresql_where=sa.text('fall_back_at IS NOT NULL'))
    op.create_table('crowd_ids',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('crowd_id', sa.BigInteger(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('numbers', postgresql.ARRAY(sa.Integer()), nullable=False),
    sa.Column('ids', sa.Text(), nullable=False),
    sa.Column('real_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['crowd_id'], ['crowd.id'], name='fk_crowd_ids_crowd_id_crowd'),
    sa.PrimaryKeyConstraint('id', name='pk_crowd_ids'),
    )
    op.create_index('ix_crowd_ids_crowd_id', 'crowd_ids', ['crowd_id'])
    op.create_table('expansion',
    sa.Column('identifier', sa.Text(), nullable=False),
    sa.Column('cursor', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['identifier'], ['alert.identifier'], name='fk_expansion_identifier_alert'),
    sa.PrimaryKeyConstraint('identifier', name='pk_expansion'),
    )
    # Numbers that only grow hardly shrink: the time is better spent on sending.
    op.execute("ALTER TABLE crowd ALTER COLUMN members SET STORAGE EXTERNAL")
    op.execute(_PERSON)
    op.execute(_PERSON_TRIGGER)
    op.execute("""
      UPDATE subscription s SET person = d.first FROM (
        SELECT lane, channel, address, min(id) AS first FROM subscription WHERE kind = 'resident'
        GROUP BY 1, 2, 3 HAVING count(*) > 1) d
      WHERE s.kind = 'resident' AND s.lane = d.lane AND s.channel = d.channel AND s.address = d.address""")
    op.execute(_RECIPIENT)


def downgrade() -> None:
    raise RuntimeError("the ledger is never taken down; restore a backup instead")
