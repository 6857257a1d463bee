"""Requests whose answers others wait for, who ask the same at the same time."""

from alembic import op

revision = "gateway_0006"
down_revision = "gateway_0005"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE gateway.flights (
            key        bytea PRIMARY KEY,
            request_id uuid NOT NULL,
            begun_at   timestamptz NOT NULL,
            until      timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX flights_until ON gateway.flights (until)")
