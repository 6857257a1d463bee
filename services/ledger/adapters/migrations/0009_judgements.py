"""What judges, users and persons said of an answer counts in what is learned of its model, and of whose request it is.

So one tenant's feedback moves a score only so far.
"""

from alembic import op

revision = "ledger_0009"
down_revision = "ledger_0008"

# In the order in which the ledger writes them, so that nobody waits for the other.
LOCKED = "LOCK TABLE ledger.requests, ledger.checks, ledger.feedback IN ACCESS EXCLUSIVE MODE"
# Defaults stay: an older ledger that runs on says nothing of these columns.
COLUMNS = (
    "ALTER TABLE ledger.feedback ADD COLUMN attempt smallint",
    "ALTER TABLE ledger.checks ADD COLUMN grade smallint",
    "ALTER TABLE ledger.requests ADD COLUMN confirms smallint",
)

# What became of a request at each model path: repairs are its own, a doubted answer is what the models that were asked
# about it came to. An accepted answer that users call wrong is none; a path that could not be asked is not judged.
# Feedback that names an attempt speaks of its answer alone, and not of the one that the request ended with.
JUDGING = """
CREATE OR REPLACE VIEW ledger.judging AS
SELECT
    r.request_id,
    r.task,
    tried.model,
    tried.provider,
    tried.judged_at,
    tried.accepted,
    tried.accepted AND COALESCE(said.score, 1) >= 0.5 AS success,
    tried.cost_micro_usd,
    tried.latency_ms,
    COALESCE(r.tenant, '') AS tenant
FROM ledger.requests r
CROSS JOIN LATERAL (
    SELECT
        one.model,
        one.provider,
        max(one.at) AS judged_at,
        bool_or(one.outcome = 'accepted') AS accepted,
        sum(one.cost_micro_usd)::bigint AS cost_micro_usd,
        COALESCE(sum(one.latency_ms), 0)::bigint AS latency_ms
    FROM (
        SELECT
            turn.*,
            CASE
                WHEN turn.said <> 'doubted' THEN turn.said
                ELSE COALESCE(
                    max(turn.said) FILTER (WHERE turn.looks AND turn.said IN ('accepted', 'rejected'))
                        OVER (PARTITION BY turn.answer),
                    'doubted'
                )
            END AS outcome
        FROM (
            SELECT
                a.model,
                a.provider,
                a.role,
                a.reason,
                a.cost_micro_usd,
                a.latency_ms,
                COALESCE(a.judged_at, a.failed_at) AS at,
                a.outcome AS said,
                a.role IN ('agreement', 'judge') AS looks,
                count(*) FILTER (WHERE a.role NOT IN ('agreement', 'judge')) OVER (ORDER BY a.number) AS answer
            FROM ledger.attempt_view a
            WHERE a.request_id = r.request_id
        ) turn
    ) one
    WHERE one.model IS NOT NULL
        AND one.provider IS NOT NULL
        AND one.role IN ('primary', 'repair')
        AND (
            one.outcome IN ('accepted', 'rejected')
            OR (
                one.outcome = 'failed'
                AND one.reason IN ('timeout', 'provider_error', 'bad_answer', 'content_filtered')
            )
        )
    GROUP BY one.model, one.provider
) tried
LEFT JOIN LATERAL (
    SELECT avg(f.score) AS score
    FROM ledger.feedback f
    WHERE f.request_id = r.request_id AND f.attempt IS NULL AND (f.tenant IS NULL OR f.tenant = r.tenant)
) said ON tried.accepted
WHERE r.task IS NOT NULL AND tried.judged_at IS NOT NULL
"""

REST = (
    "ALTER TABLE ledger.judgements ADD COLUMN tenant text NOT NULL DEFAULT ''",
    "ALTER TABLE ledger.scores ADD COLUMN fresh_set_aside float8 NOT NULL DEFAULT 0",
    # What is older counts for next to nothing in a score, and new requests would wait behind it.
    "INSERT INTO ledger.touched SELECT request_id FROM ledger.requests ORDER BY admitted_at DESC LIMIT 50000",
)


def upgrade() -> None:
    for statement in (LOCKED, *COLUMNS, JUDGING, *REST):
        op.execute(statement)
