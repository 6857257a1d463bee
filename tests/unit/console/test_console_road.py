"""A road is the same in whatever order, and however often, its events come."""

from dataclasses import replace
from datetime import timedelta

import pytest
from events import (
    AT,
    REQUEST_ID,
    STORY,
    TRACE_ID,
    accepted,
    completed_attempt,
    dispatched,
    failed,
    failed_attempt,
    heard,
    profiled,
    rejected,
)
from hypothesis import given
from hypothesis import strategies as st

from schemas.attempt import Cost
from schemas.fact import Event
from schemas.outcome import RequestCancelled, RequestDeferred
from schemas.vocabulary import CostKind, Reason
from services.console.domain.heard import Heard, Letter
from services.console.domain.news import news
from services.console.domain.road import End, Road, Verdict, advance, fold, without_answer

WHOLE = fold(str(REQUEST_ID), map(heard, STORY))


def test_a_road_tells_each_attempt_and_the_end() -> None:
    assert [(step.model, step.role, step.verdict) for step in WHOLE.steps] == [
        ("small", "primary", Verdict.REJECTED),
        ("small", "repair", Verdict.FAILED),
        ("large", "primary", Verdict.DOUBTED),
        ("small", "agreement", Verdict.ACCEPTED),
    ]
    assert [turn.action for turn in WHOLE.turns] == ["repair", "up", "agreement"]
    assert (WHOLE.task, WHOLE.lane, WHOLE.revision, WHOLE.trace_id) == ("extraction", "simple", "abc", TRACE_ID)
    assert WHOLE.end is not None
    assert (WHOLE.end.status, WHOLE.end.latency_ms, WHOLE.cost_micro_usd) == ("verified", 900, 100)
    assert WHOLE.end.succeeded


@given(st.permutations(range(len(STORY))), st.lists(st.integers(0, len(STORY) - 1)))
def test_neither_order_nor_repetition_changes_a_road(order: list[int], again: list[int]) -> None:
    assert fold(str(REQUEST_ID), [heard(STORY[number]) for number in (*order, *again)]) == WHOLE


def test_what_may_have_cost_less_is_marked_until_it_is_known() -> None:
    bound = Cost(micro_usd=70, kind=CostKind.BOUNDED)
    lost = failed_attempt(1).model_copy(update={"cost": bound})
    under_way = fold(str(REQUEST_ID), map(heard, [dispatched(1), lost]))
    ended = advance(under_way, heard(failed().model_copy(update={"bounded_usd": "0.00002"})))

    assert (under_way.steps[0].at_most, under_way.at_most, ended.at_most) == (True, True, True)
    assert not WHOLE.at_most


@given(st.permutations([dispatched(1), completed_attempt(1), failed_attempt(1), accepted(1)]))
def test_an_answer_that_came_after_its_deadline_may_still_be_accepted(order: list[Event]) -> None:
    (step,) = fold(str(REQUEST_ID), map(heard, order)).steps

    assert (step.verdict, step.cost_micro_usd) == (Verdict.ACCEPTED, 10)


def test_a_verdict_carries_its_checks_its_cost_and_why_others_were_left_out() -> None:
    step = WHOLE.steps[0]

    assert (step.reason, step.cost_micro_usd, step.latency_ms) == ("check_failed", 10, 100)
    assert [check.name for check in step.checks] == ["not_empty", "schema"]
    assert [each.model for each in step.excluded] == ["large"]


def test_before_the_end_the_cost_is_that_of_its_attempts() -> None:
    assert fold(str(REQUEST_ID), map(heard, STORY[:5])).cost_micro_usd == 10


def test_a_failure_keeps_its_reason_and_detail() -> None:
    road = fold(str(REQUEST_ID), map(heard, [profiled(), failed()]))

    assert road.end is not None
    assert not road.end.succeeded
    assert (road.end.reason, road.end.latency_ms, road.cost_micro_usd) == ("tiers_spent", 700, 30)


def test_a_request_that_was_not_let_in_is_refused() -> None:
    letter = Heard(str(REQUEST_ID), Letter("profiler", "not_json", "no JSON"), AT)
    road = fold(str(REQUEST_ID), [letter])

    assert road.end is not None
    assert (road.end.status, road.end.reason) == ("refused", "not_json")
    assert "dead-letters.profiler" in (road.end.detail or "")


def test_a_letter_of_another_service_ends_nothing() -> None:
    letter = Heard(str(REQUEST_ID), Letter("ledger", "data_error", "a row"), AT)

    assert fold(str(REQUEST_ID), [letter]).end is None


@pytest.mark.parametrize("late", [False, True])
def test_an_answer_outlives_a_cancellation(late: bool) -> None:
    cancelled = heard(RequestCancelled(request_id=REQUEST_ID, tenant="default", by="client", cancelled_at=AT))
    events = [cancelled, *map(heard, STORY)] if late else [*map(heard, STORY), cancelled]
    end = fold(str(REQUEST_ID), events).end

    assert end is not None
    assert end.status == "verified"


@pytest.mark.parametrize("told", [False, True], ids=["its end alone", "its cancellation, too"])
def test_a_request_that_its_client_cancelled_did_not_fail(told: bool) -> None:
    cancelled = heard(RequestCancelled(request_id=REQUEST_ID, tenant="default", by="client", cancelled_at=AT))
    ended = heard(failed().model_copy(update={"reason": Reason.CANCELLED}))
    end = fold(str(REQUEST_ID), [cancelled, ended] if told else [ended]).end

    assert end is not None
    assert (end.status, end.cost_micro_usd) == ("cancelled", 30)


@pytest.mark.parametrize(
    ("statuses", "says"),
    [
        (["verified", "unverified", "human"], None),
        (["verified", None], None),
        (["failed", "verified", "failed"], "2 of 3 requests have no answer (2 failed)"),
        (["cancelled", "verified"], "1 of 2 requests have no answer (1 cancelled)"),
        (
            ["cancelled", "refused", "failed", "cancelled"],
            "4 of 4 requests have no answer (2 cancelled, 1 refused, 1 failed)",
        ),
    ],
)
def test_how_requests_ended_without_an_answer_is_told_apart(statuses: list[str | None], says: str | None) -> None:
    roads = [Road(str(REQUEST_ID), end=End(status) if status else None) for status in statuses]
    assert without_answer(roads) == says


def test_a_deferral_is_noted() -> None:
    until = AT + timedelta(hours=2)
    event = RequestDeferred(request_id=REQUEST_ID, tenant="default", until=until, detail="a person answers")

    assert advance(Road(str(REQUEST_ID)), heard(event)).deferred_until == until


def lines(events: tuple[Event, ...]) -> list[str]:
    road, told = Road(str(REQUEST_ID)), list[str]()
    for event in events:
        before, road = road, advance(road, heard(event))
        told += [line.text for line in news(before, road)]
    return told


def test_news_tell_each_step_once() -> None:
    assert lines(STORY) == [
        "task extraction (it asks for JSON), lane simple",
        "attempt 1: small at local, primary: the cheapest",
        "attempt 1: small at local rejected; check_failed: /total: too large; $0.00001, 100 ms",
        "attempt 2 is asked for: repair, because check_failed",
        "attempt 2: small at local, repair: the cheapest",
        "attempt 2: small at local failed; timeout: no answer in time; $0, 0 ms",
        "attempt 3 is asked for: up, because check_failed",
        "attempt 3: large at azure, primary: the cheapest",
        "attempt 3: large at azure doubted; needs agreement; $0.00003, 100 ms",
        "attempt 4 is asked for: agreement, because check_failed",
        "attempt 4: small at local, agreement: the cheapest",
        "attempt 4: small at local accepted; $0.00004, 100 ms",
    ]
    assert lines((*STORY, *STORY)) == lines(STORY)


def test_the_place_that_failed_is_told_once() -> None:
    check = rejected(1).checks[1]
    elsewhere = check.model_copy(update={"detail": "too large"})
    step = replace(WHOLE.steps[0], checks=(elsewhere,))
    told = news(Road("x"), replace(WHOLE, steps=(step,), turns=(), task_why=None))

    assert "check_failed at /total: too large" in told[0].text
