"""The audit trail becomes append-only and hash-chained; rows that are there already are chained in their order."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

# The advisory lock is taken in a deferred trigger, as the last thing of a transaction: taken earlier, it would wait
# with row locks held, and two signatures at once could dead-lock. The record is jsonb's own text, which is canonical.
_LINK = """
CREATE FUNCTION audit_append(entry audit) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  last audit_link%ROWTYPE;
  said text;
BEGIN
  PERFORM pg_advisory_xact_lock(2021487977);
  SELECT * INTO last FROM audit_link ORDER BY seq DESC LIMIT 1;
  said := jsonb_build_object(
    'id', entry.id, 'who', entry.who, 'act', entry.act, 'object', entry.object, 'detail', entry.detail,
    'at', to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'real_at', to_char(entry.real_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text;
  INSERT INTO audit_link (seq, audit_id, record, hash) VALUES (
    coalesce(last.seq, 0) + 1, entry.id, said,
    encode(sha256(convert_to(coalesce(last.hash, '') || E'\\n' || said, 'UTF8')), 'hex'));
END $$
"""
_CHAIN = """
CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM audit_append(NEW);
  RETURN NULL;
END $$
"""
_REFUSE = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit trail is append-only: % on % is refused', TG_OP, TG_TABLE_NAME;
END $$
"""


def upgrade() -> None:
    op.create_table('audit_link',
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('audit_id', sa.BigInteger(), nullable=False),
    sa.Column('record', sa.Text(), nullable=False),
    sa.Column('hash', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_audit_link')),
    sa.UniqueConstraint('audit_id', name=op.f('uq_audit_link_audit_id'))
    )
    for function in (_LINK, _CHAIN, _REFUSE):
        op.execute(function)
    op.execute("DO $$ DECLARE entry audit; BEGIN FOR entry IN SELECT * FROM audit ORDER BY id LOOP "
               "PERFORM audit_append(entry); END LOOP; END $$")
    op.execute("CREATE CONSTRAINT TRIGGER audit_chained AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED "
               "FOR EACH ROW EXECUTE FUNCTION audit_chain()")
    for table in ("audit", "audit_link"):
        op.execute(f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                   "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()")


def downgrade() -> None:
    raise RuntimeError("the ledger is never taken down; restore a backup instead")
