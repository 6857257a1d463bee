"""What timers need of a request stays in its row as it is: compressing it was most of what opening the row cost."""

from alembic import op

revision = "escalation_0005"
down_revision = "escalation_0004"

# A row is written twice, as it opens and as it closes, when its context goes: neither pays for compression, nor for
# rows of their own. What does not fit on a page goes out of line. No update stays on its page, since `next_at` is
# indexed, so that room left for it is of no use.
UNCOMPRESSED = "ALTER TABLE escalation.requests ALTER context SET STORAGE EXTERNAL"
IN_THE_ROW = "ALTER TABLE escalation.requests SET (toast_tuple_target = 8160, fillfactor = 100)"


def upgrade() -> None:
    """Rows that are there stay as they are."""
    for statement in (UNCOMPRESSED, IN_THE_ROW):
        op.execute(statement)
