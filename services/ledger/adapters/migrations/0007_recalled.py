"""Which requests were answered from the cache, and with whose answer."""

from alembic import op

revision = "ledger_0007"
down_revision = "ledger_0006"

# Nobody adds to the sums while this is held.
NOT_WHILE_DIGESTING = "SELECT pg_advisory_xact_lock(hashtext('ledger.digest'))"
COLUMN = "ALTER TABLE ledger.requests ADD COLUMN recalled_from uuid"

REQUEST_VIEW = """
CREATE OR REPLACE VIEW ledger.request_view AS
SELECT
    r.request_id,
    CASE
        WHEN r.completed_at IS NOT NULL THEN 'completed'
        WHEN r.failed_at IS NOT NULL AND r.reason = 'cancelled' THEN 'cancelled'
        WHEN r.failed_at IS NOT NULL THEN 'failed'
        WHEN r.cancelled_at IS NOT NULL THEN 'cancelled'
        WHEN r.deferred_at IS NOT NULL THEN 'deferred'
        ELSE 'open'
    END AS state,
    r.status,
    CASE WHEN r.completed_at IS NULL THEN r.reason END AS reason,
    CASE WHEN r.completed_at IS NULL THEN r.detail END AS detail,
    r.tenant,
    r.lane,
    r.task,
    r.confidence,
    r.profile_why,
    r.needs,
    r.context_tokens,
    r.features,
    r.data_class,
    r.risk,
    r.revision,
    r.pinned_model,
    r.budget_micro_usd,
    r.max_attempts,
    r.refusal_reason,
    r.refusal_detail,
    r.trace_id,
    r.model,
    r.provider,
    r.admitted_at,
    r.deadline_at,
    COALESCE(r.completed_at, r.failed_at) AS ended_at,
    r.cancelled_at,
    r.cancelled_by,
    r.deferred_at,
    r.deferred_until,
    r.deferred_detail,
    COALESCE(
        r.latency_ms, (EXTRACT(EPOCH FROM r.failed_at - r.admitted_at) * 1000)::bigint
    ) AS latency_ms,
    COALESCE(r.completed_cost_micro_usd, r.failed_cost_micro_usd) AS cost_at_close_micro_usd,
    spent.attempts,
    spent.cost_micro_usd,
    spent.cost_kind,
    r.recalled_from
FROM ledger.requests r
LEFT JOIN LATERAL (
    SELECT
        count(*) AS attempts,
        COALESCE(sum(a.cost_micro_usd), 0)::bigint AS cost_micro_usd,
        CASE WHEN bool_or(a.cost_kind = 'bounded') THEN 'bounded' ELSE 'known' END AS cost_kind
    FROM ledger.attempt_view a
    WHERE a.request_id = r.request_id
) spent ON true
"""

# What completed without an attempt was answered from the cache: so an older release keeps these sums as well.
MEASURES = """
CREATE OR REPLACE FUNCTION ledger.measures(f ledger.found) RETURNS TABLE (measure text, key text, value bigint)
LANGUAGE sql IMMUTABLE ROWS 8 AS $$
    SELECT 'state', f.state, 1::bigint
    UNION ALL SELECT 'status', f.status, 1 WHERE f.status IS NOT NULL
    UNION ALL SELECT 'cost', '', f.cost_micro_usd
    UNION ALL SELECT 'recalled', '', 1 WHERE f.state = 'completed' AND f.attempts = 0
    UNION ALL SELECT 'bounded', '', 1 WHERE f.bounded
    UNION ALL SELECT 'tokens', '', f.tokens
    UNION ALL SELECT 'attempts', '', f.attempts
    UNION ALL SELECT 'tier', f.tier::text, 1 WHERE f.state = 'completed' AND f.tier IS NOT NULL
    UNION ALL SELECT 'failed', f.reason, 1 WHERE f.state = 'failed' AND f.reason IS NOT NULL
    UNION ALL SELECT 'ms', floor(ln(greatest(f.latency_ms, 1)) / ln(1.05))::int::text, 1
        WHERE f.state = 'completed' AND f.latency_ms IS NOT NULL
    UNION ALL SELECT 'escalated', reason, 1 FROM unnest(f.escalated) AS reason
$$
"""


# Some have been heard to complete, and of their attempts not yet: that is taken away when these are told.
SO_FAR = """
INSERT INTO ledger.hours (hour, lane, measure, key, value)
SELECT date_trunc('hour', admitted_at, 'UTC'), lane, 'recalled', '', count(*)
FROM ledger.found WHERE state = 'completed' AND attempts = 0
GROUP BY 1, 2 ORDER BY 1, 2
"""


def upgrade() -> None:
    for statement in (NOT_WHILE_DIGESTING, SO_FAR, COLUMN, REQUEST_VIEW, MEASURES):
        op.execute(statement)
