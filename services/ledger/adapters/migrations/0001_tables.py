"""The tables: one row a fact, each column filled by one kind of event, no foreign keys."""

from alembic import op

revision = "ledger_0001"
down_revision = None


REQUESTS = """
CREATE TABLE ledger.requests (
    request_id uuid NOT NULL,
    profiled_at timestamptz,
    profiled_place text COLLATE "C",
    admitted_at timestamptz,
    deadline_at timestamptz,
    tenant text,
    lane text,
    task text,
    confidence float8,
    profile_why text,
    needs jsonb,
    context_tokens bigint,
    features jsonb,
    data_class text,
    risk text,
    revision text,
    pinned_model text,
    budget_micro_usd bigint,
    max_attempts integer,
    trace_id text,
    refusal_reason text,
    refusal_detail text,
    completed_at timestamptz,
    completed_place text COLLATE "C",
    status text,
    model text,
    provider text,
    completed_cost_micro_usd bigint,
    latency_ms bigint,
    failed_at timestamptz,
    failed_place text COLLATE "C",
    reason text,
    detail text,
    failed_cost_micro_usd bigint,
    cancelled_at timestamptz,
    cancelled_place text COLLATE "C",
    cancelled_by text,
    deferred_at timestamptz,
    deferred_place text COLLATE "C",
    deferred_until timestamptz,
    deferred_detail text,
    PRIMARY KEY (request_id)
) WITH (fillfactor = 80)
"""

ATTEMPTS = """
CREATE TABLE ledger.attempts (
    request_id uuid NOT NULL,
    number smallint NOT NULL,
    admitted_at timestamptz,
    dispatched_at timestamptz,
    dispatched_place text COLLATE "C",
    role text,
    tier smallint,
    model text,
    provider text,
    deadline_at timestamptz,
    why text,
    expected_micro_usd bigint,
    exclusions jsonb,
    completed_at timestamptz,
    completed_place text COLLATE "C",
    completed_role text,
    completed_tier smallint,
    completed_model text,
    completed_provider text,
    answered_by text,
    input_tokens bigint,
    cached_input_tokens bigint,
    output_tokens bigint,
    tokens_estimated boolean,
    cost_micro_usd bigint,
    cost_kind text,
    price_list text,
    latency_ms bigint,
    accepted_at timestamptz,
    accepted_place text COLLATE "C",
    verified boolean,
    rejected_at timestamptz,
    rejected_place text COLLATE "C",
    rejected_reason text,
    rejected_detail text,
    doubted_at timestamptz,
    doubted_place text COLLATE "C",
    look text,
    PRIMARY KEY (request_id, number)
) WITH (fillfactor = 80)
"""

FAILURES = """
CREATE TABLE ledger.failures (
    request_id uuid NOT NULL,
    number smallint NOT NULL,
    reason text NOT NULL,
    said_at timestamptz,
    said_place text COLLATE "C",
    said_by text,
    role text,
    tier smallint,
    model text,
    provider text,
    detail text,
    input_tokens bigint,
    cached_input_tokens bigint,
    output_tokens bigint,
    tokens_estimated boolean,
    cost_micro_usd bigint,
    cost_kind text,
    price_list text,
    latency_ms bigint,
    retry_after_ms bigint,
    PRIMARY KEY (request_id, number, reason)
)
"""

CHECKS = """
CREATE TABLE ledger.checks (
    request_id uuid NOT NULL,
    number smallint NOT NULL,
    told_by text NOT NULL,
    position smallint NOT NULL,
    said_at timestamptz,
    said_place text COLLATE "C",
    name text,
    verdict text,
    reason text,
    pointer text,
    detail text,
    PRIMARY KEY (request_id, number, told_by, position)
)
"""

ESCALATIONS = """
CREATE TABLE ledger.escalations (
    request_id uuid NOT NULL,
    number smallint NOT NULL,
    said_at timestamptz,
    said_place text COLLATE "C",
    action text,
    reason text,
    detail text,
    tier smallint,
    attempt_deadline_at timestamptz,
    PRIMARY KEY (request_id, number)
)
"""

FEEDBACK = """
CREATE TABLE ledger.feedback (
    request_id uuid NOT NULL,
    feedback_id uuid NOT NULL,
    said_at timestamptz,
    said_place text COLLATE "C",
    source text,
    score float8,
    label text,
    recorded_at timestamptz,
    PRIMARY KEY (request_id, feedback_id)
)
"""

BREAKERS = """
CREATE TABLE ledger.breakers (
    model text NOT NULL,
    provider text NOT NULL,
    changed_at timestamptz NOT NULL,
    said_at timestamptz,
    said_place text COLLATE "C",
    state text,
    reason text,
    until timestamptz,
    PRIMARY KEY (model, provider, changed_at)
)
"""

REVISIONS = """
CREATE TABLE ledger.revisions (
    number bigint NOT NULL,
    revision text NOT NULL,
    said_at timestamptz,
    said_place text COLLATE "C",
    revised_at timestamptz,
    author text,
    note text,
    document jsonb,
    current_at timestamptz,
    current_place text COLLATE "C",
    PRIMARY KEY (number, revision)
)
"""

INDEXES = (
    "CREATE INDEX requests_newest ON ledger.requests (admitted_at, request_id)",
    "CREATE INDEX attempts_by_time ON ledger.attempts USING brin (admitted_at)",
    "CREATE INDEX escalations_by_time ON ledger.escalations USING brin (said_at)",
)


def upgrade() -> None:
    for statement in (REQUESTS, ATTEMPTS, FAILURES, CHECKS, ESCALATIONS, FEEDBACK, BREAKERS, REVISIONS, *INDEXES):
        op.execute(statement)
