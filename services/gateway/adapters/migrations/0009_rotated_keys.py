"""Which key follows one that was rotated, and whose use of the minute both share."""

from alembic import op

revision = "gateway_0009"
down_revision = "gateway_0008"


def upgrade() -> None:
    op.execute("ALTER TABLE gateway.keys ADD COLUMN replaced_by text, ADD COLUMN paced_as text")
