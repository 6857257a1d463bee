"""A request under way is worked out a little later than one that ended, so that most are worked out once."""

from alembic import op

revision = "ledger_0013"
down_revision = "ledger_0012"

# Defaults stay: what an older ledger that runs on leaves here is worked out at once.
COLUMNS = """
ALTER TABLE ledger.touched
    ADD COLUMN ended boolean NOT NULL DEFAULT true,
    ADD COLUMN touched_at timestamptz NOT NULL DEFAULT now()
"""


def upgrade() -> None:
    op.execute(COLUMNS)
