"""A look at an answer and a wait for a path are no escalations: what is kept ready counts the others alone.

And an answer in doubt that a request ended with came of a tier, too: it is counted there.
"""

from alembic import op

revision = "ledger_0010"
down_revision = "ledger_0009"

# Nobody adds to the sums while this is held.
NOT_WHILE_DIGESTING = "SELECT pg_advisory_xact_lock(hashtext('ledger.digest'))"

FINDING = """
CREATE OR REPLACE VIEW ledger.finding AS
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
        COALESCE(
            (array_agg(a.tier ORDER BY a.number DESC) FILTER (WHERE a.outcome = 'accepted'))[1],
            (array_agg(a.tier ORDER BY a.number DESC) FILTER (
                WHERE r.status = 'unverified' AND a.outcome = 'doubted'
                    AND (a.model, a.provider) = (r.model, r.provider)
            ))[1]
        ) AS tier,
        sum(a.input_tokens + a.output_tokens)::bigint AS tokens
    FROM ledger.attempt_view a
    WHERE a.request_id = r.request_id
) tries ON true
LEFT JOIN LATERAL (
    SELECT array_agg(e.reason ORDER BY e.number) AS reasons
    FROM ledger.escalations e
    WHERE e.request_id = r.request_id AND e.reason IS NOT NULL AND e.action NOT IN ('agreement', 'judge', 'again')
) turns ON true
WHERE r.admitted_at IS NOT NULL
"""

# What was counted until now is taken away as it was, and added as it is.
SO_FAR = """
INSERT INTO ledger.touched
SELECT request_id FROM ledger.escalations WHERE action IN ('agreement', 'judge', 'again')
UNION
SELECT request_id FROM ledger.found WHERE status = 'unverified' AND tier IS NULL
"""


def upgrade() -> None:
    for statement in (NOT_WHILE_DIGESTING, FINDING, SO_FAR):
        op.execute(statement)
