"""Canaries and heartbeats share one table; who is told on another channel only is no place of the residents' index."""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


_UPDATED = """
CREATE OR REPLACE FUNCTION resident_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM resident_log((SELECT array_agg(n.id) FROM fresh n JOIN gone o ON o.id = n.id WHERE 'resident' IN (n.kind, o.kind) AND
    (n.kind, n.active, n.standby, n.cell, n.lane, n.channel, n.min_level, n.hazards) IS DISTINCT FROM
    (o.kind, o.active, o.standby, o.cell, o.lane, o.channel, o.min_level, o.hazards)));
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(_UPDATED)
    # Indexes that were built before are built anew.
    op.execute("INSERT INTO resident_change (xact, subscription_id) VALUES (pg_current_xact_id()::text::bigint, NULL)")
    op.drop_table('canary')
    op.create_table('pulse',
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('target', sa.Text(), nullable=False),
    sa.Column('well', sa.Boolean(), nullable=True),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=False),
    sa.Column('latency_s', sa.Double(), nullable=True),
    sa.Column('every_s', sa.Double(), nullable=False),
    sa.Column('tried_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('succeeded_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('kind', 'target', name=op.f('pk_pulse'))
    )
