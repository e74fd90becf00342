"""What was done to one thing is found in the audit trail without reading all of it."""

from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_audit_object', 'audit', ['object'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_audit_object', table_name='audit')
