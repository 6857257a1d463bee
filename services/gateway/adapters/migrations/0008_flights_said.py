"""Whether the first of several requests was said: one that was is waited for, however late it is profiled."""

from alembic import op

revision = "gateway_0008"
down_revision = "gateway_0007"


def upgrade() -> None:
    op.execute("ALTER TABLE gateway.flights ADD COLUMN is_said boolean NOT NULL DEFAULT false")
