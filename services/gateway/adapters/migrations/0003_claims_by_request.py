"""Claims found by the request that they stand for."""

from alembic import op

revision = "gateway_0003"
down_revision = "gateway_0002"


def upgrade() -> None:
    op.execute("CREATE UNIQUE INDEX claims_request_id ON gateway.claims (request_id)")
