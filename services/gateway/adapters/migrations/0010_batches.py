"""Files of batches, by reference; batches, and which requests their lines became. No content."""

from alembic import op

revision = "gateway_0010"
down_revision = "gateway_0009"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE gateway.files (
            id         uuid PRIMARY KEY,
            tenant     text NOT NULL,
            purpose    text NOT NULL,
            filename   text NOT NULL,
            size       bigint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX files_tenant ON gateway.files (tenant, created_at, id)")
    op.execute("CREATE INDEX files_expires_at ON gateway.files (expires_at)")
    op.execute(
        """
        CREATE TABLE gateway.file_parts (
            file_id uuid NOT NULL,
            number  integer NOT NULL,
            body    text NOT NULL,
            size    bigint NOT NULL,
            PRIMARY KEY (file_id, number)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE gateway.batches (
            id               uuid PRIMARY KEY,
            tenant           text NOT NULL,
            key_id           text,
            status           text NOT NULL,
            endpoint         text NOT NULL,
            input_file_id    uuid NOT NULL,
            metadata         text NOT NULL,
            created_at       timestamptz NOT NULL DEFAULT now(),
            expires_at       timestamptz NOT NULL,
            output_kept_s    integer,
            total            integer NOT NULL DEFAULT 0,
            completed        integer NOT NULL DEFAULT 0,
            failed           integer NOT NULL DEFAULT 0,
            input_tokens     bigint NOT NULL DEFAULT 0,
            cached_tokens    bigint NOT NULL DEFAULT 0,
            output_tokens    bigint NOT NULL DEFAULT 0,
            reasoning_tokens bigint NOT NULL DEFAULT 0,
            errors           text NOT NULL DEFAULT '[]',
            output_file_id   uuid,
            error_file_id    uuid,
            in_progress_at   timestamptz,
            finalizing_at    timestamptz,
            completed_at     timestamptz,
            failed_at        timestamptz,
            expired_at       timestamptz,
            cancelling_at    timestamptz,
            cancelled_at     timestamptz,
            fence            bigint NOT NULL DEFAULT 0,
            leased_until     timestamptz NOT NULL DEFAULT '-infinity'
        )
        """
    )
    op.execute("CREATE INDEX batches_tenant ON gateway.batches (tenant, created_at, id)")
    op.execute("CREATE INDEX batches_input ON gateway.batches (input_file_id)")
    op.execute(
        """
        CREATE INDEX batches_live ON gateway.batches (created_at)
         WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling')
        """
    )
    op.execute(
        """
        CREATE TABLE gateway.batch_lines (
            batch_id   uuid NOT NULL,
            number     integer NOT NULL,
            tries      integer NOT NULL DEFAULT 0,
            request_id uuid,
            asked_at   timestamptz,
            ended_at   timestamptz,
            PRIMARY KEY (batch_id, number)
        )
        """
    )
