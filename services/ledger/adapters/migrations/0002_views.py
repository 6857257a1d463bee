"""The views: an attempt's outcome and cost; a request's state, and the sum of its attempts' costs."""

from alembic import op

revision = "ledger_0002"
down_revision = "ledger_0001"

# An attempt is one call. What it cost is told by its answer; else by a failure that knows it; else by a bound.
ATTEMPT_VIEW = """
CREATE VIEW ledger.attempt_view AS
SELECT
    a.request_id,
    a.number,
    a.admitted_at,
    COALESCE(a.completed_role, paid.role, a.role) AS role,
    COALESCE(a.completed_tier, paid.tier, a.tier) AS tier,
    NULLIF(COALESCE(a.completed_model, paid.model, a.model), '') AS model,
    NULLIF(COALESCE(a.completed_provider, paid.provider, a.provider), '') AS provider,
    a.answered_by,
    CASE
        WHEN a.accepted_at IS NOT NULL THEN 'accepted'
        WHEN a.rejected_at IS NOT NULL THEN 'rejected'
        WHEN a.doubted_at IS NOT NULL THEN 'doubted'
        WHEN first.said_at IS NOT NULL THEN 'failed'
        WHEN a.completed_at IS NOT NULL THEN 'completed'
        ELSE 'dispatched'
    END AS outcome,
    CASE WHEN a.accepted_at IS NULL THEN COALESCE(a.rejected_reason, first.reason) END AS reason,
    CASE WHEN a.accepted_at IS NULL THEN COALESCE(a.rejected_detail, first.detail) END AS detail,
    a.verified,
    a.look,
    a.why,
    a.expected_micro_usd,
    a.exclusions,
    a.dispatched_at,
    a.deadline_at,
    a.completed_at,
    COALESCE(a.accepted_at, a.rejected_at, a.doubted_at) AS judged_at,
    first.said_at AS failed_at,
    COALESCE(a.input_tokens, paid.input_tokens, 0) AS input_tokens,
    COALESCE(a.cached_input_tokens, paid.cached_input_tokens, 0) AS cached_input_tokens,
    COALESCE(a.output_tokens, paid.output_tokens, 0) AS output_tokens,
    COALESCE(a.tokens_estimated, paid.tokens_estimated, false) AS tokens_estimated,
    COALESCE(a.cost_micro_usd, paid.cost_micro_usd, 0) AS cost_micro_usd,
    COALESCE(a.cost_kind, paid.cost_kind, 'known') AS cost_kind,
    CASE WHEN a.completed_at IS NOT NULL THEN a.price_list ELSE paid.price_list END AS price_list,
    COALESCE(a.latency_ms, paid.latency_ms) AS latency_ms
FROM ledger.attempts a
LEFT JOIN (
    SELECT DISTINCT ON (request_id, number) *
    FROM ledger.failures
    ORDER BY request_id, number, said_at, reason
) first USING (request_id, number)
LEFT JOIN (
    SELECT DISTINCT ON (request_id, number) *
    FROM ledger.failures
    ORDER BY request_id, number, cost_kind = 'bounded', cost_micro_usd DESC, said_at, reason
) paid USING (request_id, number)
"""

REQUEST_VIEW = """
CREATE VIEW ledger.request_view AS
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
    spent.cost_kind
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


def upgrade() -> None:
    op.execute(ATTEMPT_VIEW)
    op.execute(REQUEST_VIEW)
