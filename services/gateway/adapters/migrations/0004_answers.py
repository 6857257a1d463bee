"""Verified answers of lanes that have a cache, and which of them was given to whom."""

from alembic import op

revision = "gateway_0004"
down_revision = "gateway_0003"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE gateway.answers (
            key        bytea PRIMARY KEY,
            tenant     text NOT NULL,
            request_id uuid NOT NULL,
            recalled   bytea NOT NULL,
            kept_at    timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX answers_request_id ON gateway.answers (request_id)")
    op.execute("CREATE INDEX answers_expires_at ON gateway.answers (expires_at)")
    op.execute(
        """
        CREATE TABLE gateway.given (
            request_id uuid PRIMARY KEY,
            tenant     text NOT NULL,
            first      uuid NOT NULL,
            given_at   timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("CREATE INDEX given_given_at ON gateway.given USING brin (given_at)")
