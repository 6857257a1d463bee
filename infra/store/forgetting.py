"""Tables of requests' ids that are remembered for a while (``request_id``, ``heard_at``): how the oldest go again."""

MOST_KEPT = 50_000
"""Anybody who may write to a topic can name what nobody asked for: of more than these the oldest go."""
FORGET_AT_ONCE = 5_000


def forgetting(table: str) -> str:
    """A statement: those of longer than $1 ago, and the oldest of more than $2, go, $3 at once."""
    return f"""
DELETE FROM {table} WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {table}
    WHERE heard_at < greatest(now() - $1::interval, (
        SELECT heard_at FROM {table} ORDER BY heard_at DESC OFFSET $2 LIMIT 1))
    LIMIT $3
    FOR UPDATE SKIP LOCKED))
"""  # noqa: S608 - of our own tables
