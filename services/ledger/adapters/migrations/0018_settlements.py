"""Tokens of reasoning; and calls that were given up and came to their end after all: their cost is known, no bound."""

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
# Such calls are few: in a table of their own, they cost the others nothing.
SETTLEMENTS = """
CREATE TABLE ledger.settlements (
    request_id uuid NOT NULL,
    number smallint NOT NULL,
    said_at timestamptz,
    said_place text COLLATE "C",
    reason text,
    answered_by text,
    late_ms bigint,
    input_tokens bigint,
    cached_input_tokens bigint,
    cache_write_tokens bigint,
    output_tokens bigint,
    reasoning_tokens bigint,
    tokens_estimated boolean,
    cost_micro_usd bigint,
    cost_kind text,
    price_list text,
    latency_ms bigint,
    PRIMARY KEY (request_id, number)
)
"""

# As before, but what a settled call used and cost comes before what its failure knew. How long it took stays the
# failure's: so long its request waited for it.
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
    COALESCE(a.answered_by, late.answered_by) AS answered_by,
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
    COALESCE(a.input_tokens, late.input_tokens, paid.input_tokens, 0) AS input_tokens,
    COALESCE(a.cached_input_tokens, late.cached_input_tokens, paid.cached_input_tokens, 0) AS cached_input_tokens,
    COALESCE(a.output_tokens, late.output_tokens, paid.output_tokens, 0) AS output_tokens,
    COALESCE(a.tokens_estimated, late.tokens_estimated, paid.tokens_estimated, false) AS tokens_estimated,
    COALESCE(a.cost_micro_usd, late.cost_micro_usd, paid.cost_micro_usd, 0) AS cost_micro_usd,
    COALESCE(a.cost_kind, late.cost_kind, paid.cost_kind, 'known') AS cost_kind,
    CASE
        WHEN a.completed_at IS NOT NULL THEN a.price_list
        WHEN late.said_at IS NOT NULL THEN late.price_list
        ELSE paid.price_list
    END AS price_list,
    COALESCE(a.latency_ms, paid.latency_ms) AS latency_ms,
    COALESCE(a.cache_write_tokens, late.cache_write_tokens, paid.cache_write_tokens, 0) AS cache_write_tokens,
    CASE WHEN a.accepted_at IS NULL THEN a.doubted_given_by ELSE a.given_by END AS given_by,
    COALESCE(a.reasoning_tokens, late.reasoning_tokens, paid.reasoning_tokens, 0) AS reasoning_tokens,
    late.said_at AS settled_at,
    late.reason AS settled_reason,
    late.late_ms AS settled_late_ms
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
LEFT JOIN ledger.settlements late USING (request_id, number)
"""

# As in ledger.attempt_view.
ATTEMPTS_SINCE = """
CREATE OR REPLACE FUNCTION ledger.attempts_since(since timestamptz) RETURNS TABLE (
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
        COALESCE(a.input_tokens, late.input_tokens, paid.input_tokens, 0),
        COALESCE(a.output_tokens, late.output_tokens, paid.output_tokens, 0),
        COALESCE(a.cost_micro_usd, late.cost_micro_usd, paid.cost_micro_usd, 0),
        COALESCE(a.cost_kind, late.cost_kind, paid.cost_kind, 'known'),
        COALESCE(a.latency_ms, paid.latency_ms)
    FROM ledger.attempts a
    LEFT JOIN (
        SELECT DISTINCT ON (f.request_id, f.number) f.*
        FROM ledger.failures f
        WHERE f.said_at >= $1 - interval '1 hour'
        ORDER BY f.request_id, f.number, f.cost_kind = 'bounded', f.cost_micro_usd DESC, f.said_at, f.reason
    ) paid ON (paid.request_id, paid.number) = (a.request_id, a.number)
    LEFT JOIN ledger.settlements late ON (late.request_id, late.number) = (a.request_id, a.number)
    WHERE a.admitted_at >= $1
$$
"""


def upgrade() -> None:
    for statement in (NOT_WHILE_DIGESTING, AS_READERS_DO, *COLUMNS, SETTLEMENTS, ATTEMPT_VIEW, ATTEMPTS_SINCE):
        op.execute(statement)
