"""Attempts: one row lets one call be made. Workers: who is alive, and for which provider."""

from alembic import op

revision = "model_worker_0001"
down_revision = None

# Rows are claimed, renewed and marked in place: only finishing and saying touch an index, so that the other updates
# stay on their page (heap-only). Content goes out of line, uncompressed, and is not written again with every update.
ATTEMPTS = """
CREATE TABLE model_worker.attempts (
    attempt_id    uuid PRIMARY KEY,
    provider      text NOT NULL,
    priority      smallint NOT NULL,
    deadline_at   timestamptz NOT NULL,
    event         bytea NOT NULL,
    traceparent   text,
    owner         uuid,
    fence         integer NOT NULL DEFAULT 0,
    lease_until   timestamptz,
    lease_repeats smallint NOT NULL DEFAULT 0,
    outcome_type  text,
    outcome       bytea,
    outcome_traceparent text,
    finished_at   timestamptz,
    said_at       timestamptz
) WITH (fillfactor = 70, toast_tuple_target = 256, autovacuum_vacuum_scale_factor = 0.05)
"""
WORKERS = """
CREATE TABLE model_worker.workers (
    worker      uuid PRIMARY KEY,
    provider    text NOT NULL,
    alive_until timestamptz NOT NULL
) WITH (fillfactor = 50)
"""


def upgrade() -> None:
    op.execute(ATTEMPTS)
    op.execute("ALTER TABLE model_worker.attempts ALTER event SET STORAGE EXTERNAL, ALTER outcome SET STORAGE EXTERNAL")
    op.execute(
        "CREATE INDEX attempts_open ON model_worker.attempts (provider, priority, deadline_at) "
        "WHERE finished_at IS NULL"
    )
    op.execute(
        "CREATE INDEX attempts_unsaid ON model_worker.attempts (finished_at) "
        "WHERE finished_at IS NOT NULL AND said_at IS NULL"
    )
    op.execute("CREATE INDEX attempts_deadline ON model_worker.attempts (deadline_at)")
    op.execute(WORKERS)
