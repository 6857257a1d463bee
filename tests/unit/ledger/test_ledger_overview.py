"""Percentiles out of buckets, and shares out of sums."""

from datetime import UTC, datetime
from math import floor, log

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain.overview import BUCKET, HourlySum, overview, percentile

SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC)


@given(st.lists(st.integers(min_value=1, max_value=600_000), min_size=1), st.sampled_from([0.5, 0.95]))
def test_a_percentile_is_off_by_no_more_than_half_a_bucket(latencies: list[int], share: float) -> None:
    buckets: dict[int, int] = {}
    for each in latencies:
        bucket = floor(log(each) / log(BUCKET))
        buckets[bucket] = buckets.get(bucket, 0) + 1
    told = percentile(sorted(buckets.items()), share)
    ordered = sorted(latencies)
    exact = next(each for nth, each in enumerate(ordered, 1) if nth >= share * len(ordered) - 1e-9)
    assert told is not None
    assert abs(told - exact) <= exact * 0.026 + 1


def test_nothing_is_divided_by_nothing() -> None:
    told = overview(SINCE, UNTIL, [HourlySum("simple", "state", "open", 2)], [])
    assert (told.total.requests, told.total.success, told.total.cost_per_success_usd) == (2, None, None)
    assert (told.total.latency_ms.p50, told.lanes[0].lane, told.days) == (None, "simple", [])
    assert (told.total.at_risk, told.total.compliance_risk) == ({}, None)


def test_all_lanes_together_are_the_sum_of_each() -> None:
    sums = [
        HourlySum(lane, measure, key, value)
        for lane in ("a", "b")
        for measure, key, value in (
            ("state", "completed", 3),
            ("cost", "", 30),
            ("tier", "0", 2),
            ("tier", "1", 1),
            ("recalled", "", 2),
            ("status", "unverified", 1),
            ("undecided", "", 1),
        )
    ]
    told = overview(SINCE, UNTIL, sums, [])
    assert (told.total.completed, told.total.cost_micro_usd, told.total.tiers) == (6, 60, {0: 4, 1: 2})
    assert [part.recalled for part in (told.total, *told.lanes)] == [4, 2, 2]
    assert [lane.completed for lane in told.lanes] == [3, 3]
    assert (told.total.at_risk, told.total.compliance_risk) == ({"unverified": 2, "policy_undecided": 2}, 66.67)
