"""What is held of a tenant's budget, and what is said when there is no room."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from asking import NOW, asked, portfolio, received
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.portfolio import Lane, Reviews, Tenant
from schemas.vocabulary import Reason
from services.profiler.domain.admit import Terms, profile
from services.profiler.domain.budget import HELD_AT_MOST, Hold, Limit, hold_of, limits_of, no_room, refused

TERMS = Terms("rev-1", 60, frozenset())
BOTH = Tenant(budget_usd_per_day=Decimal("2.5"), budget_usd_per_month=Decimal(40))


def test_a_request_holds_the_most_that_it_may_cost() -> None:
    event = profile(asked(budget_usd="0.002"), received(), "shop", portfolio(), TERMS)
    hold = hold_of(event, BOTH)
    assert hold is not None
    assert (hold.micro_usd, hold.on) == (2_000, NOW.date())
    assert [(limit.period, limit.micro_usd) for limit in hold.limits] == [("day", 2_500_000), ("month", 40_000_000)]


def test_nothing_is_held_without_a_budget_and_for_what_is_refused_anyway() -> None:
    event = profile(asked(budget_usd="0.002"), received(), "shop", portfolio(), TERMS)
    assert hold_of(event, None) is None
    assert hold_of(event, Tenant()) is None
    assert (
        hold_of(profile(asked(lane="none", budget_usd="0.002"), received(), "shop", portfolio(), TERMS), BOTH) is None
    )


def test_the_refusal_says_which_budget_and_when_it_renews() -> None:
    event = profile(asked(budget_usd="0.002"), received(), "shop", portfolio(), TERMS)
    hold = hold_of(event, BOTH)
    assert hold is not None
    told = {outcome: each.refusal for outcome, each in refused(event, hold).items()}
    assert {outcome: refusal.reason for outcome, refusal in told.items() if refusal} == {
        "over_day": Reason.QUOTA_SPENT,
        "over_month": Reason.QUOTA_SPENT,
    }
    assert told["over_day"] and "2.5 dollars a day" in told["over_day"].detail
    assert told["over_day"].detail.endswith("renews at 2026-03-03T00:00:00Z")
    assert told["over_month"] and told["over_month"].detail.endswith("renews at 2026-04-01T00:00:00Z")
    assert told["over_day"].retry_at == datetime(2026, 3, 3, tzinfo=UTC)
    assert told["over_month"].retry_at == datetime(2026, 4, 1, tzinfo=UTC)


def test_a_hold_outlives_the_longest_request_that_a_document_can_ask_for() -> None:
    reviews = Reviews.of({"ask": "clerks", "within_s": 518_400, "after_deadline_s": 432_000})
    lane = Lane(tiers=(("small",),), deadline_s=86_400, reviews=reviews)
    lives = timedelta(seconds=lane.deadline_s + (reviews.after_deadline_s or 0))
    assert lives == timedelta(days=6)
    assert lives + timedelta(days=1) <= HELD_AT_MOST
    for longer in ({"deadline_s": 86_401}, {"reviews": {**reviews.model_dump(), "after_deadline_s": 432_001}}):
        with pytest.raises(ValidationError, match="less than or equal to"):
            Lane.model_validate({"tiers": [["small"]], **longer})


def test_the_last_month_of_a_year_ends_with_it() -> None:
    _, month = limits_of(BOTH, datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    assert (month.begins, month.ends) == (date(2026, 12, 1), date(2027, 1, 1))


@given(st.integers(0, 50), st.integers(0, 80), st.lists(st.integers(0, 20)))
def test_what_is_let_in_never_exceeds_any_limit(day: int, month: int, costs: list[int]) -> None:
    today, first = date(2026, 3, 2), date(2026, 3, 1)
    limits = (Limit("day", today, date(2026, 3, 3), day), Limit("month", first, date(2026, 4, 1), month))
    left = {("day", today): day, ("month", first): month}
    let_in = sum(cost for cost in costs if no_room(Hold(cost, today, limits), left) is None)
    assert let_in <= min(day, month)
    assert left == {("day", today): day - let_in, ("month", first): month - let_in}
