"""What a person answered, until the end is said."""

from alembic import op

revision = "escalation_0002"
down_revision = "escalation_0001"


def upgrade() -> None:
    op.execute("ALTER TABLE escalation.requests ADD COLUMN answer bytea")
