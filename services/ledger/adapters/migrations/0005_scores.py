"""What models achieve, kept ready: one narrow row for each model path that a request asked, and the scores."""

from alembic import op

revision = "ledger_0005"
down_revision = "ledger_0004"

# What became of a request at each model path: repairs are its own, a doubted answer is right when another agrees.
# An accepted answer that users call wrong is none; a path that could not be asked is not judged.
JUDGING = """
CREATE VIEW ledger.judging AS
SELECT
    r.request_id,
    r.task,
    tried.model,
    tried.provider,
    tried.judged_at,
    tried.accepted,
    tried.accepted AND COALESCE(said.score, 1) >= 0.5 AS success,
    tried.cost_micro_usd,
    tried.latency_ms
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
            a.model,
            a.provider,
            a.role,
            a.reason,
            a.cost_micro_usd,
            a.latency_ms,
            COALESCE(a.judged_at, a.failed_at) AS at,
            CASE
                WHEN a.outcome <> 'doubted' THEN a.outcome
                WHEN lead(a.role) OVER turns = 'agreement' THEN lead(a.outcome) OVER turns
                ELSE 'doubted'
            END AS outcome
        FROM ledger.attempt_view a
        WHERE a.request_id = r.request_id
        WINDOW turns AS (ORDER BY a.number)
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
    WHERE f.request_id = r.request_id AND (f.tenant IS NULL OR f.tenant = r.tenant)
) said ON tried.accepted
WHERE r.task IS NOT NULL AND tried.judged_at IS NOT NULL
"""

JUDGEMENTS = """
CREATE TABLE ledger.judgements (
    request_id uuid NOT NULL,
    model text NOT NULL,
    provider text NOT NULL,
    task text NOT NULL,
    judged_at timestamptz NOT NULL,
    accepted boolean NOT NULL,
    success boolean NOT NULL,
    cost_micro_usd bigint NOT NULL,
    latency_ms bigint NOT NULL,
    PRIMARY KEY (request_id, model, provider)
) WITH (fillfactor = 90)
"""

SCORES = """
CREATE TABLE ledger.scores (
    task text NOT NULL,
    model text NOT NULL,
    provider text NOT NULL,
    stale boolean NOT NULL,
    unsaid boolean NOT NULL,
    sequence bigint NOT NULL,
    scored_at timestamptz,
    successes bigint NOT NULL,
    failures bigint NOT NULL,
    fresh_successes float8 NOT NULL,
    fresh_failures float8 NOT NULL,
    fresh_false_accepts float8 NOT NULL,
    mean_micro_usd bigint NOT NULL,
    mean_latency_ms bigint NOT NULL,
    PRIMARY KEY (task, model, provider)
) WITH (fillfactor = 70)
"""

INDEXES = (
    "CREATE INDEX judgements_newest ON ledger.judgements (task, model, provider, judged_at, request_id)",
    # What is older counts for next to nothing in a score, and new requests would wait behind it.
    "INSERT INTO ledger.touched SELECT request_id FROM ledger.requests ORDER BY admitted_at DESC LIMIT 50000",
)


def upgrade() -> None:
    for statement in (JUDGING, JUDGEMENTS, SCORES, *INDEXES):
        op.execute(statement)
