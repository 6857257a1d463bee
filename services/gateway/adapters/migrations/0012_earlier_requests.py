"""Requests that a line of a batch was before it was tried again: who erases one of them erases the line."""

from alembic import op

revision = "gateway_0012"
down_revision = "gateway_0011"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE gateway.earlier_requests (
            request_id uuid PRIMARY KEY,
            batch_id   uuid NOT NULL,
            number     integer NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX earlier_requests_line ON gateway.earlier_requests (batch_id, number)")
