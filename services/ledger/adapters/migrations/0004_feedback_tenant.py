"""Whose request a feedback may speak of: one that names another tenant's is kept, and not shown with it."""

from alembic import op

revision = "ledger_0004"
down_revision = "ledger_0003"


def upgrade() -> None:
    op.execute("ALTER TABLE ledger.feedback ADD COLUMN tenant text")
