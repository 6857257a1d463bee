"""How far a graded check was met, and how far it had to be: so that thresholds can be learned."""

from alembic import op

revision = "ledger_0014"
down_revision = "ledger_0013"

# Without defaults: an older ledger that runs on says nothing of these columns.
COLUMNS = "ALTER TABLE ledger.checks ADD COLUMN score float8, ADD COLUMN threshold float8"


def upgrade() -> None:
    op.execute(COLUMNS)
