"""Attempts since a time, with the failures since then alone: each summary put all failures of the ledger in order."""

from alembic import op

revision = "ledger_0016"
down_revision = "ledger_0015"

INDEX = "CREATE INDEX failures_by_time ON ledger.failures USING brin (said_at)"

# As in ledger.attempt_view. No failure is older than its request, but for what clocks of brokers lie apart. PostgreSQL
# puts this text in the place of its call, and plans it with the rest; in parallel only where it is said to be safe.
ATTEMPTS_SINCE = """
CREATE FUNCTION ledger.attempts_since(since timestamptz) RETURNS TABLE (
    request_id uuid, tier smallint, model text, provider text, outcome text, completed_at timestamptz,
    input_tokens bigint, output_tokens bigint, cost_micro_usd bigint, cost_kind text, latency_ms bigint
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT
        a.request_id,
        COALESCE(a.completed_tier, paid.tier, a.tier),
        NULLIF(COALESCE(a.completed_model, paid.model, a.model), ''),
        NULLIF(COALESCE(a.completed_provider, paid.provider, a.provider), ''),
        CASE
            WHEN a.accepted_at IS NOT NULL THEN 'accepted'
            WHEN a.rejected_at IS NOT NULL THEN 'rejected'
            WHEN a.doubted_at IS NOT NULL THEN 'doubted'
            WHEN paid.request_id IS NOT NULL THEN 'failed'
            WHEN a.completed_at IS NOT NULL THEN 'completed'
            ELSE 'dispatched'
        END,
        a.completed_at,
        COALESCE(a.input_tokens, paid.input_tokens, 0),
        COALESCE(a.output_tokens, paid.output_tokens, 0),
        COALESCE(a.cost_micro_usd, paid.cost_micro_usd, 0),
        COALESCE(a.cost_kind, paid.cost_kind, 'known'),
        COALESCE(a.latency_ms, paid.latency_ms)
    FROM ledger.attempts a
    LEFT JOIN (
        SELECT DISTINCT ON (f.request_id, f.number) f.*
        FROM ledger.failures f
        WHERE f.said_at >= $1 - interval '1 hour'
        ORDER BY f.request_id, f.number, f.cost_kind = 'bounded', f.cost_micro_usd DESC, f.said_at, f.reason
    ) paid ON (paid.request_id, paid.number) = (a.request_id, a.number)
    WHERE a.admitted_at >= $1
$$
"""


def upgrade() -> None:
    for statement in (INDEX, ATTEMPTS_SINCE):
        op.execute(statement)
