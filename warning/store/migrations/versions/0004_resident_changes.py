"""A log of what changes among residents, for indexes of them outside the database."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

# Several thousand changes in one statement are one line: whoever follows builds anew, which is then cheaper. An UPDATE that leaves
# alone what an index knows of a person is none.
_LOG = """
CREATE FUNCTION resident_log(ids bigint[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO resident_change (xact, subscription_id)
  SELECT pg_current_xact_id()::text::bigint, i FROM unnest(CASE WHEN cardinality(ids) > 5000 THEN ARRAY[NULL::bigint] ELSE ids END) AS i
$$
"""
_BODY = """
CREATE FUNCTION resident_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM resident_log((SELECT array_agg(n.id) FROM {rows}));
  RETURN NULL;
END $$
"""
_ROWS = {
    "inserted": "fresh n WHERE n.kind = 'resident'",
    "deleted": "gone n WHERE n.kind = 'resident'",
    "updated": "fresh n JOIN gone o ON o.id = n.id WHERE 'resident' IN (n.kind, o.kind) AND "
               "(n.kind, n.active, n.cell, n.lane, n.channel, n.min_level, n.hazards) IS DISTINCT FROM "
               "(o.kind, o.active, o.cell, o.lane, o.channel, o.min_level, o.hazards)",
}
_TRIGGERS = (
    "CREATE TRIGGER resident_inserted AFTER INSERT ON subscription REFERENCING NEW TABLE AS fresh "
    "FOR EACH STATEMENT EXECUTE FUNCTION resident_inserted()",
    "CREATE TRIGGER resident_deleted AFTER DELETE ON subscription REFERENCING OLD TABLE AS gone "
    "FOR EACH STATEMENT EXECUTE FUNCTION resident_deleted()",
    "CREATE TRIGGER resident_updated AFTER UPDATE ON subscription REFERENCING OLD TABLE AS gone NEW TABLE AS fresh "
    "FOR EACH STATEMENT EXECUTE FUNCTION resident_updated()",
)


def upgrade() -> None:
    op.create_table('resident_change',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('xact', sa.BigInteger(), nullable=False),
    sa.Column('subscription_id', sa.BigInteger(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_resident_change'))
    )
    op.create_index(op.f('ix_resident_change_xact'), 'resident_change', ['xact'], unique=False)
    op.create_table('resident_kind',
    sa.Column('id', sa.SmallInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('min_level', sa.SmallInteger(), nullable=False),
    sa.Column('hazards', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_resident_kind')),
    sa.UniqueConstraint('lane', 'channel', 'min_level', 'hazards', name=op.f('uq_resident_kind_lane_channel_min_level_hazards'))
    )
    op.execute(_LOG)
    for name, rows in _ROWS.items():
        op.execute(_BODY.format(name=name, rows=rows))
    for trigger in _TRIGGERS:
        op.execute(trigger)
