"""How long each claim is remembered: longer than a day where a person may answer later than the deadline."""

from alembic import op

revision = "gateway_0007"
down_revision = "gateway_0006"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE gateway.claims ADD COLUMN kept_until timestamptz NOT NULL DEFAULT now() + interval '24 hours'"
    )
    op.execute("DROP INDEX gateway.claims_asked_at")
    op.execute("CREATE INDEX claims_kept_until ON gateway.claims USING brin (kept_until)")
