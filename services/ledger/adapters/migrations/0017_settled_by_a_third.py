"""A third model may settle what two differ on: whose answer was accepted then, and what that says of the first's."""

from alembic import op

revision = "ledger_0017"
down_revision = "ledger_0016"

# Nobody adds to the sums while this is held.
NOT_WHILE_DIGESTING = "SELECT pg_advisory_xact_lock(hashtext('ledger.digest'))"
COLUMNS = "ALTER TABLE ledger.attempts ADD COLUMN given_by smallint, ADD COLUMN doubted_given_by smallint"

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
    CASE WHEN a.accepted_at IS NULL THEN a.doubted_given_by ELSE a.given_by END AS given_by
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

# As before, but for answers that another model contradicted: one that no third model took is not accepted, whether a
# stronger one answered then, or the second's answer was taken. One that a third took and judges did not decide on is
# neither, as ever.
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
                    max(CASE WHEN turn.given_by IS NULL THEN turn.said ELSE 'rejected' END)
                        FILTER (WHERE turn.looks AND turn.said IN ('accepted', 'rejected'))
                        OVER (PARTITION BY turn.answer),
                    CASE
                        WHEN bool_or(turn.role = 'agreement' AND turn.look = 'judge' AND turn.given_by IS NULL)
                            OVER (PARTITION BY turn.answer) THEN NULL
                        ELSE max('rejected') FILTER (WHERE turn.role = 'agreement' AND turn.look = 'agreement')
                            OVER (PARTITION BY turn.answer)
                    END,
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
                a.look,
                a.given_by,
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

# As before, but by the second model where a third was asked, too: it is the pair that a plan begins with. What judges
# said of the second's answer, where a third took that, is nothing of the first's.
GRADING = """
CREATE OR REPLACE VIEW ledger.grading AS
SELECT
    r.request_id,
    r.task,
    COALESCE(r.tenant, '') AS tenant,
    looked.model,
    looked.provider,
    looked.by_model,
    looked.judged_at,
    looked.bucket,
    COALESCE(
        said.score,
        CASE WHEN r.confirms IN (looked.answer, looked.meant) THEN 1 END,
        judged.score
    ) >= 0.5 AS good
FROM ledger.requests r
CROSS JOIN LATERAL (
    SELECT
        answer.number AS answer,
        answer.model,
        answer.provider,
        look.number AS look,
        look.model AS by_model,
        look.judged_at,
        CASE WHEN NOT EXISTS (
            SELECT 1 FROM ledger.attempts t
            WHERE t.request_id = r.request_id AND COALESCE(t.given_by, t.doubted_given_by) = look.number
        ) THEN look.number END AS meant,
        least(floor(COALESCE(c.score, 1) * 20), 19)::smallint AS bucket,
        (
            SELECT min(a.number) FROM ledger.attempt_view a
            WHERE a.request_id = r.request_id AND a.number > look.number AND a.role IN ('primary', 'repair')
        ) AS after
    FROM ledger.checks c
    JOIN ledger.attempt_view look ON look.request_id = r.request_id AND look.number = c.number
    CROSS JOIN LATERAL (
        SELECT a.number, a.model, a.provider
        FROM ledger.attempt_view a
        WHERE a.request_id = r.request_id AND a.number < c.number AND a.role IN ('primary', 'repair')
        ORDER BY a.number DESC
        LIMIT 1
    ) answer
    WHERE c.request_id = r.request_id
        AND c.name = 'agreement'
        AND (c.score IS NOT NULL OR c.verdict = 'cannot_tell')
        AND look.role = 'agreement'
    ORDER BY c.number
    LIMIT 1
) looked
LEFT JOIN LATERAL (
    SELECT avg(f.score) AS score
    FROM ledger.feedback f
    WHERE f.request_id = r.request_id
        AND (f.tenant IS NULL OR f.tenant = r.tenant)
        AND (
            f.attempt IN (looked.answer, looked.meant)
            OR (
                f.attempt IS NULL
                AND r.status <> 'human'
                AND (r.model, r.provider) = (looked.model, looked.provider)
            )
        )
) said ON true
LEFT JOIN LATERAL (
    SELECT avg((j.verdict = 'pass')::int) AS score
    FROM ledger.checks j
    WHERE j.request_id = r.request_id
        AND j.name = 'judge'
        AND j.verdict IN ('pass', 'fail')
        AND j.number > looked.look
        AND (looked.after IS NULL OR j.number < looked.after)
        AND NOT EXISTS (
            SELECT 1 FROM ledger.attempts t
            WHERE t.request_id = r.request_id
                AND t.number > looked.look
                AND t.number <= j.number
                AND COALESCE(t.given_by, t.doubted_given_by) IS NOT NULL
        )
) judged ON true
WHERE r.task IS NOT NULL
    AND looked.model IS NOT NULL
    AND looked.provider IS NOT NULL
    AND looked.by_model IS NOT NULL
    AND looked.judged_at IS NOT NULL
"""


def upgrade() -> None:
    for statement in (NOT_WHILE_DIGESTING, COLUMNS, ATTEMPT_VIEW, JUDGING, GRADING):
        op.execute(statement)
