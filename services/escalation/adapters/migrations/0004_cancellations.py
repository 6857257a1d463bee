"""Requests that were cancelled before anything else was heard of them."""

from alembic import op

revision = "escalation_0004"
down_revision = "escalation_0003"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE escalation.cancellations (
            request_id uuid PRIMARY KEY,
            heard_at   timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("CREATE INDEX cancellations_heard ON escalation.cancellations (heard_at)")
