"""What a tenant's answers took, by which tier they came, and which were given at a risk: kept ready as the rest is.

The database keeps it, by triggers of `found`: an older ledger that still runs keeps it, too.
"""

from alembic import op

revision = "ledger_0011"
down_revision = "ledger_0010"

# Nobody writes `found` while this is held, and events are read meanwhile: they write only what is to be worked out.
NOT_WHILE_DIGESTING = "SELECT pg_advisory_xact_lock(hashtext('ledger.digest'))"

# A tier is none where the answer came from the cache.
ANSWERED = """
CREATE TABLE ledger.answered (
    hour timestamptz NOT NULL,
    tenant text NOT NULL,
    lane text NOT NULL,
    tier smallint,
    bucket smallint NOT NULL,
    requests bigint NOT NULL
) WITH (fillfactor = 70)
"""
ANSWERED_ALIKE = """
CREATE UNIQUE INDEX answered_alike ON ledger.answered (hour, tenant, lane, tier, bucket) NULLS NOT DISTINCT
"""
UNDECIDED = """
CREATE TABLE ledger.undecided (
    request_id uuid NOT NULL PRIMARY KEY, hour timestamptz NOT NULL, tenant text NOT NULL, lane text NOT NULL
)
"""
UNDECIDED_HOUR = "CREATE INDEX undecided_hour ON ledger.undecided (hour, tenant, lane)"

BUCKET = "floor(ln(greatest(latency_ms, 1)) / ln(1.05))::smallint"
ADD_ANSWERED = f"""
INSERT INTO ledger.answered AS kept (hour, tenant, lane, tier, bucket, requests)
SELECT date_trunc('hour', admitted_at, 'UTC'), tenant, lane, tier, {BUCKET}, {{sign}} * count(*)
FROM {{rows}} WHERE state = 'completed' AND latency_ms IS NOT NULL
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (hour, tenant, lane, tier, bucket) DO UPDATE SET requests = kept.requests + EXCLUDED.requests
"""  # noqa: S608 the names are ours

# What is unverified stands in `found` itself: these are the others whose policy nobody could decide.
ADD_UNDECIDED = """
INSERT INTO ledger.undecided (request_id, hour, tenant, lane)
SELECT request_id, date_trunc('hour', admitted_at, 'UTC'), tenant, lane
FROM {rows} f WHERE state = 'completed' AND status <> 'unverified' AND EXISTS (
    SELECT FROM ledger.checks c
    WHERE c.request_id = f.request_id AND c.told_by = 'accepted' AND c.name = 'policy' AND c.verdict <> 'pass'
)
"""

SUMS = {
    "verified": "count(*) FILTER (WHERE status = 'verified')",
    "unverified": "count(*) FILTER (WHERE status = 'unverified')",
    "recalled": "count(*) FILTER (WHERE state = 'completed' AND attempts = 0)",
    "bounded": "count(*) FILTER (WHERE bounded)",
    "attempts": "sum(attempts)::bigint",
    "tokens": "sum(tokens)::bigint",
}
WORDS = "lane, task, tenant, state, reason, models, tiers, escalated"
COLUMNS = f"ALTER TABLE ledger.alike {', '.join(f'ADD COLUMN {name} bigint NOT NULL DEFAULT 0' for name in SUMS)}"
ADDED = ", ".join(f"{name} = kept.{name} + EXCLUDED.{name}" for name in ("requests", "cost_micro_usd", *SUMS))

COUNT = f"""
CREATE OR REPLACE FUNCTION ledger.count_alike() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE sign bigint := TG_ARGV[0];
BEGIN
    INSERT INTO ledger.alike AS kept (hour, kind, {WORDS}, requests, cost_micro_usd, {", ".join(SUMS)})
    SELECT date_trunc('hour', admitted_at, 'UTC'), ledger.kind({WORDS}), {WORDS}, sign * count(*),
        sign * sum(cost_micro_usd)::bigint, {", ".join(f"sign * {each}" for each in SUMS.values())}
    FROM changed GROUP BY 1, {WORDS} ORDER BY 1, 2
    ON CONFLICT (hour, kind) DO UPDATE SET {ADDED};
    DELETE FROM ledger.alike AS kept
    USING (SELECT DISTINCT date_trunc('hour', admitted_at, 'UTC') AS hour, ledger.kind({WORDS}) AS kind FROM changed) t
    WHERE (kept.hour, kept.kind) = (t.hour, t.kind) AND kept.requests = 0;

    {ADD_ANSWERED.format(sign="sign", rows="changed")};
    DELETE FROM ledger.answered AS kept
    USING (
        SELECT DISTINCT date_trunc('hour', admitted_at, 'UTC') AS hour, tenant, lane, tier, {BUCKET} AS bucket
        FROM changed WHERE state = 'completed'
    ) t
    WHERE (kept.hour, kept.tenant, kept.lane, kept.bucket) = (t.hour, t.tenant, t.lane, t.bucket)
        AND kept.tier IS NOT DISTINCT FROM t.tier AND kept.requests = 0;
    RETURN NULL;
END
$$
"""  # noqa: S608 the names are ours
NOTE = f"""
CREATE FUNCTION ledger.note_undecided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM ledger.undecided AS kept USING changed WHERE kept.request_id = changed.request_id;
    IF TG_OP <> 'DELETE' THEN
        {ADD_UNDECIDED.format(rows="changed")};
    END IF;
    RETURN NULL;
END
$$
"""  # noqa: S608 the names are ours
TRIGGERS = tuple(
    f"""
    CREATE TRIGGER note_{event.lower()} AFTER {event} ON ledger.found REFERENCING {side} TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.note_undecided()
    """
    for event, side in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
)

# Worked out before the table is altered, for from then on until all this is committed nobody reads it. No temporary
# table: the ledger's role may make tables in its own schema alone.
SO_FAR = f"""
CREATE TABLE ledger.so_far AS
SELECT date_trunc('hour', admitted_at, 'UTC') AS hour, ledger.kind({WORDS}) AS kind,
    {", ".join(f"{each} AS {name}" for name, each in SUMS.items())}
FROM ledger.found GROUP BY 1, 2
"""  # noqa: S608 the names are ours
FILL = f"""
UPDATE ledger.alike AS kept SET {", ".join(f"{name} = so_far.{name}" for name in SUMS)}
FROM ledger.so_far AS so_far WHERE (kept.hour, kept.kind) = (so_far.hour, so_far.kind)
"""  # noqa: S608 the names are ours


DONE = "DROP TABLE ledger.so_far"


def upgrade() -> None:
    tables = (ANSWERED, ANSWERED_ALIKE, UNDECIDED, UNDECIDED_HOUR)
    answers = ADD_ANSWERED.format(sign="1", rows="ledger.found"), ADD_UNDECIDED.format(rows="ledger.found")
    for statement in (NOT_WHILE_DIGESTING, *tables, *answers, SO_FAR, COLUMNS, FILL, DONE, COUNT, NOTE, *TRIGGERS):
        op.execute(statement)
