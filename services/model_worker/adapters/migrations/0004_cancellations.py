"""Requests that were cancelled, for as long as attempts of theirs may come; and of which request an attempt is."""

from alembic import op

revision = "model_worker_0004"
down_revision = "model_worker_0003"

CANCELLATIONS = """
CREATE TABLE model_worker.cancellations (
    request_id uuid PRIMARY KEY,
    heard_at   timestamptz NOT NULL DEFAULT now()
)
"""


def upgrade() -> None:
    """``attempts.request_id`` is null in rows of an older release. A column without a value rewrites no table."""
    op.execute("ALTER TABLE model_worker.attempts ADD COLUMN request_id uuid")
    op.execute(CANCELLATIONS)
    op.execute("CREATE INDEX cancellations_heard ON model_worker.cancellations (heard_at)")
