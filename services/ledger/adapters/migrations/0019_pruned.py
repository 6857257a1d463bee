"""How far back requests were let go of, and whose rows came without their request. What is let go of stays counted."""

from alembic import op

revision = "ledger_0019"
down_revision = "ledger_0018"

# Nobody writes `found` while this is held.
NOT_WHILE_DIGESTING = "SELECT pg_advisory_xact_lock(hashtext('ledger.digest'))"

PRUNED = """
CREATE TABLE ledger.pruned (one boolean PRIMARY KEY DEFAULT true CHECK (one), through timestamptz NOT NULL)
"""
STRAYS = "CREATE TABLE ledger.strays (request_id uuid PRIMARY KEY, seen_at timestamptz NOT NULL DEFAULT now())"
STRAYS_OLDEST = "CREATE INDEX strays_oldest ON ledger.strays (seen_at)"

# As they were, but silent while requests are let go of: whoever does that says so for its transaction.
TRIGGERS = tuple(
    f"""
    CREATE OR REPLACE TRIGGER {name} AFTER DELETE ON ledger.found REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT WHEN (current_setting('ledger.pruning', true) IS DISTINCT FROM 'on')
    EXECUTE FUNCTION {does}
    """
    for name, does in (("take_deleted", "ledger.count_alike('-1')"), ("note_delete", "ledger.note_undecided()"))
)


def upgrade() -> None:
    for statement in (NOT_WHILE_DIGESTING, PRUNED, STRAYS, STRAYS_OLDEST, *TRIGGERS):
        op.execute(statement)
