"""Until when a person may answer, where that is later than the deadline."""

from alembic import op

revision = "escalation_0003"
down_revision = "escalation_0002"


def upgrade() -> None:
    op.execute("ALTER TABLE escalation.requests ADD COLUMN review_ends_at timestamptz")
