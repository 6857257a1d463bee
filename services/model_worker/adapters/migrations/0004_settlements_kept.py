"""How long what a late call came to has been kept: one that nobody takes is deleted in the end."""

from alembic import op

revision = "model_worker_0004"
down_revision = "model_worker_0003"


def upgrade() -> None:
    op.execute("ALTER TABLE model_worker.settlements ADD COLUMN kept_at timestamptz NOT NULL DEFAULT now()")
