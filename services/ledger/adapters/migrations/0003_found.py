"""What the operator asks for, kept ready: one narrow row a request to search, and hourly sums of them."""

from alembic import op

revision = "ledger_0003"
down_revision = "ledger_0002"

# Each write of a request's rows leaves its id here; the digest takes ids away, and works them out anew.
TOUCHED = "CREATE TABLE ledger.touched (request_id uuid NOT NULL) WITH (autovacuum_vacuum_scale_factor = 0.05)"

FOUND = """
CREATE TABLE ledger.found (
    request_id uuid NOT NULL PRIMARY KEY,
    admitted_at timestamptz NOT NULL,
    lane text NOT NULL,
    task text NOT NULL,
    tenant text NOT NULL,
    state text NOT NULL,
    status text,
    reason text,
    model text,
    tier smallint,
    models text[] NOT NULL,
    tiers smallint[] NOT NULL,
    escalated text[] NOT NULL,
    latency_ms bigint,
    cost_micro_usd bigint NOT NULL,
    bounded boolean NOT NULL,
    tokens bigint NOT NULL,
    attempts smallint NOT NULL
) WITH (fillfactor = 90)
"""

HOURS = """
CREATE TABLE ledger.hours (
    hour timestamptz NOT NULL,
    lane text NOT NULL,
    measure text NOT NULL,
    key text NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (hour, lane, measure, key)
) WITH (fillfactor = 70)
"""

FINDING = """
CREATE VIEW ledger.finding AS
SELECT
    r.request_id,
    r.admitted_at,
    r.lane,
    r.task,
    r.tenant,
    r.state,
    CASE WHEN r.state = 'completed' THEN r.status END AS status,
    r.reason,
    r.model,
    tries.tier,
    COALESCE(tries.models, '{}') AS models,
    COALESCE(tries.tiers, '{}') AS tiers,
    COALESCE(turns.reasons, '{}') AS escalated,
    r.latency_ms,
    r.cost_micro_usd,
    r.cost_kind = 'bounded' AS bounded,
    COALESCE(tries.tokens, 0) AS tokens,
    r.attempts::smallint AS attempts
FROM ledger.request_view r
LEFT JOIN LATERAL (
    SELECT
        array_agg(DISTINCT a.model ORDER BY a.model) FILTER (WHERE a.model IS NOT NULL) AS models,
        array_agg(DISTINCT a.tier ORDER BY a.tier) FILTER (WHERE a.tier IS NOT NULL) AS tiers,
        (array_agg(a.tier ORDER BY a.number DESC) FILTER (WHERE a.outcome = 'accepted'))[1] AS tier,
        sum(a.input_tokens + a.output_tokens)::bigint AS tokens
    FROM ledger.attempt_view a
    WHERE a.request_id = r.request_id
) tries ON true
LEFT JOIN LATERAL (
    SELECT array_agg(e.reason ORDER BY e.number) AS reasons
    FROM ledger.escalations e
    WHERE e.request_id = r.request_id AND e.reason IS NOT NULL
) turns ON true
WHERE r.admitted_at IS NOT NULL
"""

# A latency falls into a bucket 5 % wide, so that percentiles of any span of hours can be told from sums.
MEASURES = """
CREATE FUNCTION ledger.measures(f ledger.found) RETURNS TABLE (measure text, key text, value bigint)
LANGUAGE sql IMMUTABLE ROWS 8 AS $$
    SELECT 'state', f.state, 1::bigint
    UNION ALL SELECT 'status', f.status, 1 WHERE f.status IS NOT NULL
    UNION ALL SELECT 'cost', '', f.cost_micro_usd
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

# It holds all words of a search, so that one which nothing matches reads the index alone, and not the rows.
INDEXES = (
    """
    CREATE INDEX found_words ON ledger.found (admitted_at, request_id)
    INCLUDE (state, lane, task, tenant, reason, models, tiers, escalated)
    """,
)

BACKFILL = "INSERT INTO ledger.touched SELECT request_id FROM ledger.requests ORDER BY admitted_at"


def upgrade() -> None:
    for statement in (TOUCHED, FOUND, HOURS, FINDING, MEASURES, *INDEXES, BACKFILL):
        op.execute(statement)
