"""How alike answers were to another model's, and what people and judges said of them: so thresholds are learned."""

from alembic import op

revision = "ledger_0015"
down_revision = "ledger_0014"

# Agreement is told of the attempt that was asked for it, and is of the answer before it. One that gave nothing to
# compare with takes nothing away, at any threshold. People are believed before judges, and of those who looked at this
# answer only. Words that name no attempt are of the answer that the request ended with.
GRADING = """
CREATE VIEW ledger.grading AS
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
        CASE WHEN r.confirms IN (looked.answer, looked.look) THEN 1 END,
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
    ORDER BY c.number DESC
    LIMIT 1
) looked
LEFT JOIN LATERAL (
    SELECT avg(f.score) AS score
    FROM ledger.feedback f
    WHERE f.request_id = r.request_id
        AND (f.tenant IS NULL OR f.tenant = r.tenant)
        AND (
            f.attempt IN (looked.answer, looked.look)
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
) judged ON true
WHERE r.task IS NOT NULL
    AND looked.model IS NOT NULL
    AND looked.provider IS NOT NULL
    AND looked.by_model IS NOT NULL
    AND looked.judged_at IS NOT NULL
"""

GRADED = """
CREATE TABLE ledger.graded (
    request_id uuid NOT NULL PRIMARY KEY,
    task text NOT NULL,
    model text NOT NULL,
    provider text NOT NULL,
    by_model text NOT NULL,
    judged_at timestamptz NOT NULL,
    tenant text NOT NULL,
    bucket smallint NOT NULL,
    good boolean
) WITH (fillfactor = 90)
"""
NEWEST = "CREATE INDEX graded_newest ON ledger.graded (task, model, provider, judged_at, request_id)"


def upgrade() -> None:
    for statement in (GRADING, GRADED, NEWEST):
        op.execute(statement)
