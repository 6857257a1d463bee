"""What models achieve, worked out of the newest judgements, and which of it is still to be said."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from schemas.standing import ModelScored
from services.ledger.adapters.curves import curves_of
from services.ledger.adapters.digest import NOT_WHILE_DIGESTING

if TYPE_CHECKING:
    from asyncpg import Connection

ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(hashtext('ledger.scoring'))"

# A judgement counts the less, the more came after it. What has less than a thousandth of the weight is not read.
# What the feedback on one tenant's requests calls wrong counts up to a share of all that is read, unless no other
# tenant is in it; what is more counts as the checks had it.
SCORE = """
UPDATE ledger.scores AS kept SET
    stale = false,
    unsaid = true,
    sequence = greatest(kept.sequence + 1, floor(extract(epoch FROM now()) * 1000)::bigint),
    scored_at = now(),
    successes = found.successes,
    failures = found.failures,
    fresh_successes = found.fresh_successes,
    fresh_failures = found.fresh_failures,
    fresh_false_accepts = found.fresh_false_accepts,
    fresh_set_aside = found.fresh_set_aside,
    mean_micro_usd = found.mean_micro_usd,
    mean_latency_ms = found.mean_latency_ms
FROM ledger.scores AS stale
CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE success) AS successes,
        count(*) FILTER (WHERE NOT success) AS failures,
        COALESCE(sum(weight - wrong), 0) AS fresh_successes,
        COALESCE(sum(wrong), 0) AS fresh_failures,
        COALESCE(sum(wrong) FILTER (WHERE accepted), 0) AS fresh_false_accepts,
        COALESCE(sum(weight - wrong) FILTER (WHERE accepted AND NOT success), 0) AS fresh_set_aside,
        round(sum(weight * cost_micro_usd) / sum(weight))::bigint AS mean_micro_usd,
        round(sum(weight * latency_ms) / sum(weight))::bigint AS mean_latency_ms
    FROM (
        SELECT *, CASE
            WHEN success THEN 0
            WHEN NOT accepted OR min(tenant) OVER () = max(tenant) OVER () THEN weight
            ELSE weight * least(1, $2::float8 * sum(weight) OVER ()
                / sum(weight) FILTER (WHERE accepted AND NOT success) OVER (PARTITION BY tenant))
        END AS wrong
        FROM (
            SELECT *, power($1::float8, row_number() OVER (ORDER BY judged_at DESC, request_id DESC) - 1) AS weight
            FROM (
                SELECT * FROM ledger.judgements j
                WHERE (j.task, j.model, j.provider) = (stale.task, stale.model, stale.provider)
                ORDER BY judged_at DESC, request_id DESC
                LIMIT least(1000, ceil(ln(0.001) / ln($1::float8)))::int
            ) newest
        ) weighed
    ) bounded
    HAVING count(*) > 0
) found
WHERE stale.stale AND (kept.task, kept.model, kept.provider) = (stale.task, stale.model, stale.provider)
"""
UNSAID = "SELECT * FROM ledger.scores WHERE unsaid ORDER BY task, model, provider"
SAID = """
UPDATE ledger.scores AS kept SET unsaid = false
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS told (task, model, provider, sequence)
WHERE (kept.task, kept.model, kept.provider, kept.sequence) = (told.task, told.model, told.provider, told.sequence)
"""


class Scoring:
    """``keep``: what a judgement still counts for each one that came after it. Two processes never score at once.

    ``most_share``: of a score, what the feedback on one tenant's requests may move.
    """

    def __init__(self, keep: float, most_share: float) -> None:
        self._keep = keep
        self._most_share = most_share

    async def unsaid(self, connection: "Connection") -> list[ModelScored]:
        """Work out every score whose judgements changed; all that are not said yet."""
        async with connection.transaction():
            if not await connection.fetchval(ONE_AT_A_TIME):
                return []
            # What came between what SCORE reads and what it writes would not be counted, and nothing would say so.
            await connection.execute(NOT_WHILE_DIGESTING)
            await connection.execute(SCORE, self._keep, self._most_share)
            # Before anybody digests again: a curve that changes makes its score stale, and is said under a new number.
            rows = await connection.fetch(UNSAID)
            paths = [(row["task"], row["model"], row["provider"]) for row in rows]
            curves = await curves_of(connection, paths, self._keep, self._most_share)
        return [
            ModelScored(
                task=row["task"],
                model=row["model"],
                version=row["provider"],
                curves=curves.get(path, ()),
                **{name: row[name] for name in TOLD},
            )
            for path, row in zip(paths, rows, strict=True)
        ]

    async def were_said(self, connection: "Connection", scores: Sequence[ModelScored]) -> None:
        """These are said; one that changed meanwhile is said again."""
        columns = ([getattr(score, name) for score in scores] for name in ("task", "model", "version", "sequence"))
        await connection.execute(SAID, *columns)


TOLD = (
    "sequence",
    "scored_at",
    "successes",
    "failures",
    "fresh_successes",
    "fresh_failures",
    "fresh_false_accepts",
    "mean_micro_usd",
    "mean_latency_ms",
)
