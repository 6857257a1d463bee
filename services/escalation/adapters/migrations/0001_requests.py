"""One row a request, and one a dispatch."""

from alembic import op

revision = "escalation_0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE escalation.requests (
            request_id  uuid PRIMARY KEY,
            state       text NOT NULL,
            number      integer NOT NULL,
            moved_by    text,
            deadline_at timestamptz NOT NULL,
            next_at     timestamptz,
            context     bytea,
            traceparent text
        ) WITH (fillfactor = 70)
        """
    )
    op.execute("CREATE INDEX requests_due ON escalation.requests (next_at) WHERE next_at IS NOT NULL")
    op.execute("CREATE INDEX requests_old ON escalation.requests USING brin (deadline_at)")
    op.execute(
        """
        CREATE TABLE escalation.dispatches (
            request_id    uuid NOT NULL,
            number        integer NOT NULL,
            attempt       bytea NOT NULL,
            traceparent   text,
            dispatched_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (request_id, number)
        )
        """
    )
    op.execute("CREATE INDEX dispatches_old ON escalation.dispatches USING brin (dispatched_at)")
