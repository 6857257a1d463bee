"""API keys without their secrets, and how far each has used its minute."""

from alembic import op

revision = "gateway_0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE gateway.keys (
            id                  text PRIMARY KEY,
            hash                bytea NOT NULL UNIQUE,
            name                text NOT NULL,
            tenant              text NOT NULL,
            scopes              text[] NOT NULL,
            lanes               text[],
            data_classes        text[],
            requests_per_minute integer,
            tokens_per_minute   integer,
            created_at          timestamptz NOT NULL DEFAULT now(),
            expires_at          timestamptz,
            revoked_at          timestamptz
        )
        """
    )
    op.execute(
        """
        CREATE TABLE gateway.paces (
            key_id       text PRIMARY KEY REFERENCES gateway.keys (id) ON DELETE CASCADE,
            requests_due timestamptz NOT NULL,
            tokens_due   timestamptz NOT NULL
        ) WITH (fillfactor = 50)
        """
    )
