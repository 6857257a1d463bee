"""Since when an attempt's time runs: what waited for most of it, and was cut, is no fault of its provider."""

from alembic import op

revision = "model_worker_0002"
down_revision = "model_worker_0001"


def upgrade() -> None:
    """Null in rows of an older release, of which nobody knows. A column without a value rewrites no table."""
    op.execute("ALTER TABLE model_worker.attempts ADD COLUMN opened_at timestamptz")
