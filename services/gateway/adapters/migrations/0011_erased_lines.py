"""Lines of batches are found by their request, also when the batch is over, and leave its files once erased."""

from alembic import op

revision = "gateway_0011"
down_revision = "gateway_0010"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE gateway.batch_lines ADD COLUMN erased_at timestamptz,
                                        ADD COLUMN input_erased_at timestamptz,
                                        ADD COLUMN output_erased_at timestamptz
        """
    )
    op.execute("CREATE INDEX batch_lines_request ON gateway.batch_lines (request_id)")
    op.execute(
        """
        CREATE INDEX batch_lines_to_erase ON gateway.batch_lines (batch_id)
         WHERE erased_at IS NOT NULL AND (input_erased_at IS NULL OR output_erased_at IS NULL)
        """
    )
    op.execute("CREATE TABLE gateway.replaced_parts (file_id uuid NOT NULL, body text NOT NULL, PRIMARY KEY (body))")
