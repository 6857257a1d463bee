"""How often answers so alike to another model's were right: by bucket of the score, as ``model.scored`` tells it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from schemas.models import BUCKETS
from schemas.standing import ScoreCurve

if TYPE_CHECKING:
    from asyncpg import Connection

AGREEMENT = "agreement"
PATHS = "unnest($1::text[], $2::text[], $3::text[]) AS path (task, model, provider)"
# What was seen counts the less, the more came after it, as judgements do; what somebody said of an answer is rare, and
# counts whole. What is said of one tenant's requests counts up to a share of all, unless no other tenant is in it.
BUCKETED = f"""
SELECT task, model, provider, by_model, bucket, sum(weight) AS seen,
    COALESCE(sum(label) FILTER (WHERE good), 0) AS good, COALESCE(sum(label) FILTER (WHERE NOT good), 0) AS bad
FROM (
    SELECT path.task, path.model, path.provider, newest.by_model, newest.bucket, newest.good, newest.weight, CASE
        WHEN newest.good IS NULL THEN 0
        WHEN newest.tenants < 2 THEN 1
        ELSE least(1, $5::float8 * newest.labels / newest.of_tenant)
    END AS label
    FROM {PATHS}
    CROSS JOIN LATERAL (
        SELECT *,
            power($4::float8, row_number() OVER (ORDER BY judged_at DESC, request_id DESC) - 1) AS weight,
            count(good) OVER () AS labels,
            count(good) OVER (PARTITION BY tenant) AS of_tenant,
            CASE WHEN min(tenant) OVER () = max(tenant) OVER () THEN 1 ELSE 2 END AS tenants
        FROM (
            SELECT * FROM ledger.graded g
            WHERE (g.task, g.model, g.provider) = (path.task, path.model, path.provider)
            ORDER BY judged_at DESC, request_id DESC
            LIMIT 1000
        ) read
    ) newest
) told
GROUP BY task, model, provider, by_model, bucket
"""  # noqa: S608 the text is ours
# Of how many answers that came to the check, or failed another, one was given a score.
REACH = f"""
SELECT path.task, path.model, path.provider, newest.reach
FROM {PATHS}
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE g.request_id IS NOT NULL OR NOT read.accepted)::float8
        / greatest(1, count(g.request_id)) AS reach
    FROM (
        SELECT * FROM ledger.judgements j
        WHERE (j.task, j.model, j.provider) = (path.task, path.model, path.provider)
        ORDER BY judged_at DESC, request_id DESC
        LIMIT 1000
    ) read
    LEFT JOIN ledger.graded g
        ON (g.request_id, g.model, g.provider) = (read.request_id, read.model, read.provider)
) newest
"""  # noqa: S608 the text is ours
Path = tuple[str, str, str]
Curves = Mapping[Path, tuple[ScoreCurve, ...]]


async def curves_of(connection: "Connection", paths: Sequence[Path], keep: float, most_share: float) -> Curves:
    """The curves of these paths, those that have any, each by who was asked."""
    if not paths:
        return {}
    by_pair: dict[tuple[Path, str], list[Any]] = defaultdict(list)
    for row in await connection.fetch(BUCKETED, *_columns(paths), keep, most_share):
        by_pair[_path(row), row["by_model"]].append(row)
    graded = sorted({path for path, _ in by_pair})
    if not graded:
        return {}
    reach = {_path(row): row["reach"] for row in await connection.fetch(REACH, *_columns(graded))}
    found: dict[Path, tuple[ScoreCurve, ...]] = {}
    for (path, by), rows in sorted(by_pair.items()):
        found[path] = (*found.get(path, ()), _curve(by, rows, max(1.0, reach[path])))
    return found


def _curve(by: str, rows: Sequence[Any], reach: float) -> ScoreCurve:
    seen, good, bad = ([0.0] * BUCKETS for _ in range(3))
    for row in rows:
        at = row["bucket"]
        seen[at], good[at], bad[at] = row["seen"], row["good"], row["bad"]
    return ScoreCurve(
        check=AGREEMENT, by=by, answers=sum(seen) * reach, seen=tuple(seen), right=tuple(good), wrong=tuple(bad)
    )


def _columns(paths: Sequence[Path]) -> tuple[list[str], ...]:
    return tuple([path[column] for path in paths] for column in range(3))


def _path(row: Any) -> Path:
    return row["task"], row["model"], row["provider"]
