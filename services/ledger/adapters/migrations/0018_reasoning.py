"""Tokens of reasoning, among those that a call wrote."""

from alembic import op

revision = "ledger_0018"
down_revision = "ledger_0017"

# Nobody adds to the sums while this is held. It comes first: who adds to them waits for the tables while holding it.
NOT_WHILE_DIGESTING = "SELECT pg_advisory_xact_lock(hashtext('ledger.digest'))"
# Readers lock the view before its tables, and a migration that goes the other way round would deadlock with them.
AS_READERS_DO = "LOCK TABLE ledger.attempt_view IN ACCESS EXCLUSIVE MODE"
COLUMNS = (
    "ALTER TABLE ledger.attempts ADD COLUMN reasoning_tokens bigint",
    "ALTER TABLE ledger.failures ADD COLUMN reasoning_tokens bigint",
)

ATTEMPT_VIEW = """
CREATE OR REPLACE VIEW ledger.attempt_view AS
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
    COALESCE(a.latency_ms, paid.latency_ms) AS latency_ms,
    COALESCE(a.cache_write_tokens, paid.cache_write_tokens, 0) AS cache_write_tokens,
    CASE WHEN a.accepted_at IS NULL THEN a.doubted_given_by ELSE a.given_by END AS given_by,
    COALESCE(a.reasoning_tokens, paid.reasoning_tokens, 0) AS reasoning_tokens
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


def upgrade() -> None:
    for statement in (NOT_WHILE_DIGESTING, AS_READERS_DO, *COLUMNS, ATTEMPT_VIEW):
        op.execute(statement)
