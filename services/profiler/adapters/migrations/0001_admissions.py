"""Admissions: one row lets a request in once."""

from alembic import op

revision = "profiler_0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE profiler.admissions (
            request_id  uuid PRIMARY KEY,
            tenant      text NOT NULL,
            body_hash   bytea NOT NULL,
            origin      text NOT NULL,
            admitted_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute("CREATE INDEX ON profiler.admissions USING brin (admitted_at)")
