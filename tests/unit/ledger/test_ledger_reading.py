"""Cursors, totals and summaries: pure functions."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.domain.learned import wilson
from services.ledger.domain.reading import Cursor, CursorUnreadable
from services.ledger.domain.story import AttemptLine, AttemptOutcome, totals_of
from services.ledger.domain.summary import LaneCount, ModelCount, ReasonCount, summarize, usd_each

DAWN = datetime(2026, 3, 1, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_is_read_back(admitted_at: datetime, request_id: UUID) -> None:
    cursor = Cursor(admitted_at, request_id)
    assert Cursor.of(cursor.text()) == cursor


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "é", "MjAyNi0wMy0wMXw", Cursor(datetime(2026, 3, 1), uuid4()).text()],
    ids=["empty", "nonsense", "not_ascii", "day_alone", "without_zone"],
)
def test_a_cursor_of_somebody_elses_is_refused(text: str) -> None:
    with pytest.raises(CursorUnreadable):
        Cursor.of(text)


@given(st.text())
def test_no_text_makes_reading_a_cursor_break(text: str) -> None:
    try:
        assert Cursor.of(text).admitted_at.tzinfo is not None
    except CursorUnreadable as error:
        assert "cursor" in str(error)


def line(number: int, cost: int, kind: str = "known") -> AttemptLine:
    told: dict[str, Any] = dict.fromkeys(AttemptLine.model_fields)
    return AttemptLine(
        **told
        | {"number": number, "outcome": AttemptOutcome.REJECTED, "cost_micro_usd": cost, "cost_kind": kind}
        | {"input_tokens": 10, "cached_input_tokens": 4, "output_tokens": 5, "tokens_estimated": False}
        | {"cache_write_tokens": 3, "reasoning_tokens": 2}
    )


def test_the_cost_of_a_request_is_the_sum_of_its_attempts_and_what_came_late_is_told() -> None:
    totals = totals_of([line(1, 50), line(2, 700)], cost_at_close_micro_usd=50)
    assert (totals.attempts, totals.cost_micro_usd, totals.cost_usd) == (2, 750, "0.00075")
    assert (totals.input_tokens, totals.cached_input_tokens, totals.output_tokens) == (20, 8, 10)
    assert (totals.cache_write_tokens, totals.reasoning_tokens) == (6, 4)
    assert totals.cost_after_close_micro_usd == 700
    assert totals.cost_kind == "known"


def test_one_bounded_cost_bounds_the_sum() -> None:
    totals = totals_of([line(1, 50, "bounded"), line(2, 700)], cost_at_close_micro_usd=None)
    assert totals.cost_kind == "bounded"
    assert totals.cost_after_close_micro_usd is None


def lane_count(lane: str | None, requests: int, completed: int) -> LaneCount:
    return LaneCount(lane, requests, completed, completed, requests - completed, 0, 0, 0, 100, 400, requests // 7, 1, 2)


def model_count(lane: str, tier: int, model: str, attempts: int, accepted: int, cost: int) -> ModelCount:
    rejected = attempts - accepted
    return ModelCount(
        lane, tier, model, "local", attempts, attempts, accepted, rejected, 0, 0, 0, 9, 9, cost, False, 1, 2
    )


def test_a_lane_costs_what_its_model_paths_cost_failures_included() -> None:
    summary = summarize(
        DAWN,
        [lane_count(None, 14, 11), lane_count("simple", 10, 8), lane_count("hard", 4, 3)],
        [
            model_count("simple", 1, "large", attempts=5, accepted=4, cost=4_000),
            model_count("simple", 0, "small", attempts=10, accepted=4, cost=100),
            model_count("hard", 0, "large", attempts=4, accepted=3, cost=3_200),
        ],
        [ReasonCount("simple", "check_failed", 5), ReasonCount("hard", "timeout", 1)],
        [ReasonCount("simple", "tiers_spent", 2), ReasonCount("hard", "tiers_spent", 1)],
    )
    assert [lane.lane for lane in summary.lanes] == ["hard", "simple"]
    simple = summary.lanes[1]
    assert (simple.cost_micro_usd, simple.cost_per_success_usd) == (4_100, "0.0005125")
    assert [model.model for model in simple.models] == ["small", "large"]
    assert [model.share_of_accepted for model in simple.models] == [0.5, 0.5]
    assert [model.share_of_attempts for model in simple.models] == [0.6667, 0.3333]
    assert simple.escalated == {"check_failed": 5}
    assert summary.total.cost_micro_usd == 7_300
    assert [part.recalled for part in (summary.total, *summary.lanes)] == [2, 0, 1]
    assert (simple.at_risk, simple.compliance_risk) == ({"unverified": 1, "policy_undecided": 2}, 37.5)
    assert summary.total.failed_because == {"tiers_spent": 3}
    assert summary.total.escalated == {"check_failed": 5, "timeout": 1}


def test_nothing_asked_is_a_summary_too() -> None:
    nothing = LaneCount(None, 0, 0, 0, 0, 0, 0, 0, None, None, 0, 0, 0)
    summary = summarize(DAWN - timedelta(days=1), [nothing], [], [], [])
    assert summary.lanes == []
    assert summary.total.cost_per_success_usd is None
    assert (summary.total.at_risk, summary.total.compliance_risk) == ({}, None)


@pytest.mark.parametrize(
    ("cost", "count", "told"), [(1_000_000, 4, "0.25"), (1, 3, "0.000000333"), (0, 5, "0"), (10, 0, None)]
)
def test_dollars_each_are_exact_to_a_billionth(cost: int, count: int, told: str | None) -> None:
    assert usd_each(cost, count) == told


@given(st.integers(1, 1_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_holds_its_share_and_nothing_impossible(case: tuple[int, int]) -> None:
    hits, of = case
    low, high = wilson(hits, of)

    assert 0 <= low <= hits / of + 1e-9
    assert hits / of - 1e-9 <= high <= 1


def test_no_error_in_few_cases_is_not_certainty() -> None:
    assert wilson(0, 10)[1] == pytest.approx(0.278, abs=0.001)
