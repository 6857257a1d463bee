"""What a span of hours cost and achieved, lane by lane, from hourly sums."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.vocabulary import CostKind
from services.ledger.domain.risk import at_risk, compliance_risk
from services.ledger.domain.story import Priced, Told
from services.ledger.domain.summary import Latency, usd_each

BUCKET = 1.05
"""Latencies are counted in buckets this much wider than the one below: a percentile is off by 2.5 % at most."""

Sums = Mapping[tuple[str, str], int]
"""A value by measure and key, such as ``("state", "completed")``."""


@dataclass(frozen=True, slots=True)
class HourlySum:
    """A measure of one lane, over the whole span or over one day of it."""

    lane: str
    measure: str
    key: str
    value: int


@dataclass(frozen=True, slots=True)
class DailySum:
    """A measure of all lanes on one day."""

    day: datetime
    measure: str
    key: str
    value: int


class OverviewPart(Priced):
    """Requests of a lane, or of all. ``tiers``: completed by the tier that answered; ``recalled``: by the cache.

    ``at_risk``: answers given that nothing vouches for, by why; ``compliance_risk``: of a hundred answers given.
    """

    requests: int
    completed: int
    verified: int
    recalled: int
    failed: int
    open: int
    attempts: int
    tokens: int
    success: float | None
    cost_per_success_usd: str | None
    latency_ms: Latency
    tiers: dict[int, int]
    escalated: dict[str, int]
    failed_because: dict[str, int]
    at_risk: dict[str, int]
    compliance_risk: float | None


class LaneOverview(OverviewPart):
    """A lane's requests."""

    lane: str


class Day(Told):
    """A day of the span, all lanes together."""

    day: datetime
    requests: int
    completed: int
    cost_micro_usd: int
    cost_per_success_usd: str | None


class Overview(Told):
    """Requests admitted in whole hours from ``since`` until before ``until``."""

    since: datetime
    until: datetime
    total: OverviewPart
    lanes: list[LaneOverview]
    days: list[Day]


def overview(since: datetime, until: datetime, sums: Sequence[HourlySum], daily: Iterable[DailySum]) -> Overview:
    """Put the sums together."""
    lanes: dict[str, dict[tuple[str, str], int]] = {}
    total: dict[tuple[str, str], int] = {}
    for each in sums:
        lanes.setdefault(each.lane, {})[each.measure, each.key] = each.value
        total[each.measure, each.key] = total.get((each.measure, each.key), 0) + each.value
    told = [LaneOverview(lane=name, **_part(lanes[name]).model_dump(exclude={"cost_usd"})) for name in sorted(lanes)]
    return Overview(since=since, until=until, total=_part(total), lanes=told, days=_days(daily))


def _part(sums: Sums) -> OverviewPart:
    states = _keys(sums, "state")
    completed, failed, cost = states.get("completed", 0), states.get("failed", 0), sums.get(("cost", ""), 0)
    risks = at_risk(sums.get(("status", "unverified"), 0), sums.get(("undecided", ""), 0))
    return OverviewPart(
        requests=sum(states.values()),
        completed=completed,
        verified=sums.get(("status", "verified"), 0),
        recalled=sums.get(("recalled", ""), 0),
        failed=failed,
        open=states.get("open", 0),
        attempts=sums.get(("attempts", ""), 0),
        tokens=sums.get(("tokens", ""), 0),
        success=round(completed / (completed + failed), 4) if completed + failed else None,
        cost_micro_usd=cost,
        cost_kind=CostKind.of(sums.get(("bounded", ""), 0) > 0),
        cost_per_success_usd=usd_each(cost, completed),
        latency_ms=_latency(_keys(sums, "ms")),
        tiers={int(tier): count for tier, count in sorted(_keys(sums, "tier").items())},
        escalated=_most_first(_keys(sums, "escalated")),
        failed_because=_most_first(_keys(sums, "failed")),
        at_risk=risks,
        compliance_risk=compliance_risk(risks, completed),
    )


def _days(daily: Iterable[DailySum]) -> list[Day]:
    by_day: dict[datetime, dict[tuple[str, str], int]] = {}
    for each in daily:
        by_day.setdefault(each.day, {})[each.measure, each.key] = each.value
    return [_day(day, by_day[day]) for day in sorted(by_day)]


def _day(day: datetime, sums: Sums) -> Day:
    states, cost = _keys(sums, "state"), sums.get(("cost", ""), 0)
    completed = states.get("completed", 0)
    return Day(
        day=day,
        requests=sum(states.values()),
        completed=completed,
        cost_micro_usd=cost,
        cost_per_success_usd=usd_each(cost, completed),
    )


def _latency(buckets: Mapping[str, int]) -> Latency:
    counted = sorted((int(bucket), count) for bucket, count in buckets.items())
    return Latency(p50=percentile(counted, 0.5), p95=percentile(counted, 0.95))


def percentile(counted: Sequence[tuple[int, int]], share: float) -> int | None:
    """The middle of the bucket in which this share of the latencies is reached, in milliseconds."""
    left = share * sum(count for _, count in counted)
    for bucket, count in counted:
        left -= count
        if left <= 0:
            return middle_ms(bucket)
    return None


def middle_ms(bucket: int) -> int:
    """The middle of a bucket, in milliseconds."""
    return round(BUCKET ** (bucket + 0.5))


def _keys(sums: Sums, measure: str) -> dict[str, int]:
    return {key: value for (name, key), value in sums.items() if name == measure and value}


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
