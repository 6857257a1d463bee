"""What people said of answers is found without reading all requests, however many there are."""

from alembic import op

revision = "ledger_0012"
down_revision = "ledger_0011"

INDEXES = (
    "CREATE INDEX requests_confirming ON ledger.requests (admitted_at) WHERE confirms IS NOT NULL",
    "CREATE INDEX feedback_by_time ON ledger.feedback USING brin (said_at)",
)


def upgrade() -> None:
    for statement in INDEXES:
        op.execute(statement)
