"""What each Idempotency-Key stands for: hashes and an id, never content."""

from alembic import op

revision = "gateway_0002"
down_revision = "gateway_0001"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE gateway.claims (
            tenant     text NOT NULL,
            key_hash   bytea NOT NULL,
            body_hash  bytea NOT NULL,
            request_id uuid NOT NULL,
            asked_at   timestamptz NOT NULL DEFAULT now(),
            said_at    timestamptz,
            PRIMARY KEY (tenant, key_hash)
        ) WITH (fillfactor = 70)
        """
    )
    op.execute("CREATE INDEX claims_asked_at ON gateway.claims USING brin (asked_at)")
