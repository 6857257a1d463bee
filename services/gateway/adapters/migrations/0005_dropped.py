"""Requests of whose answers somebody said that they were wrong: what is kept later of these is not served either."""

from alembic import op

revision = "gateway_0005"
down_revision = "gateway_0004"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE gateway.dropped (
            request_id uuid NOT NULL,
            tenant     text NOT NULL,
            dropped_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (request_id, tenant)
        )
        """
    )
    op.execute("CREATE INDEX dropped_dropped_at ON gateway.dropped USING brin (dropped_at)")
