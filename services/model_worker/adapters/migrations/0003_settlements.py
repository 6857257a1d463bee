"""What calls that were given up came to after all, until it is said."""

from alembic import op

revision = "model_worker_0003"
down_revision = "model_worker_0002"

SETTLEMENTS = """
CREATE TABLE model_worker.settlements (
    attempt_id  uuid PRIMARY KEY,
    settlement  bytea NOT NULL,
    traceparent text,
    lease_until timestamptz NOT NULL,
    kept_at     timestamptz NOT NULL DEFAULT now()
)
"""


def upgrade() -> None:
    op.execute(SETTLEMENTS)
