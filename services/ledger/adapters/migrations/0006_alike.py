"""Requests of one hour that are alike in every word of a search, counted and added up together.

A search reads these first, so that a word which nothing matches costs nothing; what tenants spent is their sum.
"""

from alembic import op

revision = "ledger_0006"
down_revision = "ledger_0005"

# Nobody writes `found` while this is held, and events are read meanwhile: they write only what is to be worked out.
NOT_WHILE_DIGESTING = "SELECT pg_advisory_xact_lock(hashtext('ledger.digest'))"

ALIKE = """
CREATE TABLE ledger.alike (
    hour timestamptz NOT NULL,
    kind uuid NOT NULL,
    lane text NOT NULL,
    task text NOT NULL,
    tenant text NOT NULL,
    state text NOT NULL,
    reason text,
    models text[] NOT NULL,
    tiers smallint[] NOT NULL,
    escalated text[] NOT NULL,
    requests bigint NOT NULL,
    cost_micro_usd bigint NOT NULL,
    PRIMARY KEY (hour, kind)
) WITH (fillfactor = 70)
"""

# A row's text is the same on every server, whatever its settings, for there are no times and no fractions in it.
KIND = """
CREATE FUNCTION ledger.kind(
    lane text, task text, tenant text, state text, reason text, models text[], tiers smallint[], escalated text[]
) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT md5(ROW(lane, task, tenant, state, reason, models, tiers, escalated)::text)::uuid
$$
"""

ADDED = """
INSERT INTO ledger.alike AS kept
    (hour, kind, lane, task, tenant, state, reason, models, tiers, escalated, requests, cost_micro_usd)
SELECT date_trunc('hour', admitted_at, 'UTC'), ledger.kind({words}), {words},
    {sign} * count(*), {sign} * sum(cost_micro_usd)::bigint
FROM {rows}
GROUP BY 1, {words}
ORDER BY 1, 2
ON CONFLICT (hour, kind) DO UPDATE SET
    requests = kept.requests + EXCLUDED.requests, cost_micro_usd = kept.cost_micro_usd + EXCLUDED.cost_micro_usd
"""
WORDS = "lane, task, tenant, state, reason, models, tiers, escalated"

# The database itself keeps the sums, so that they are right whichever release of the ledger writes `found`.
COUNT = f"""
CREATE FUNCTION ledger.count_alike() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {ADDED.format(words=WORDS, sign="TG_ARGV[0]::bigint", rows="changed")};
    DELETE FROM ledger.alike AS kept
    USING (SELECT DISTINCT date_trunc('hour', admitted_at, 'UTC') AS hour, ledger.kind({WORDS}) AS kind FROM changed) t
    WHERE (kept.hour, kept.kind) = (t.hour, t.kind) AND kept.requests = 0;
    RETURN NULL;
END
$$
"""  # noqa: S608 the names are ours

# Triggers of one statement run by their names: what is there now is added before what was there is taken away.
TRIGGERS = tuple(
    f"""
    CREATE TRIGGER {name} AFTER {event} ON ledger.found REFERENCING {side} TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.count_alike('{sign}')
    """
    for name, event, side, sign in (
        ("add_inserted", "INSERT", "NEW", 1),
        ("add_updated", "UPDATE", "NEW", 1),
        ("take_updated", "UPDATE", "OLD", -1),
        ("take_deleted", "DELETE", "OLD", -1),
    )
)

# Neither stops a reader; the last one does, for the moment until all this is committed.
INDEXES = (
    f"CREATE INDEX found_kind ON ledger.found (ledger.kind({WORDS}), admitted_at, request_id)",
    "ANALYZE ledger.alike",
    "DROP INDEX ledger.found_words",
)


def upgrade() -> None:
    backfill = ADDED.format(words=WORDS, sign="1", rows="ledger.found")
    for statement in (NOT_WHILE_DIGESTING, ALIKE, KIND, COUNT, *TRIGGERS, backfill, *INDEXES):
        op.execute(statement)
