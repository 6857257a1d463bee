"""An attempt for which nobody was called is none of its model's failures: the path is asked again."""

from datetime import timedelta
from typing import Any

import pytest
from setbacks import NOW, attempt, critical, handlers, later, setback

from schemas.attempt import Plan, attempts_made
from schemas.deadlines import LAST_MARGIN, TIMER_GRACE
from schemas.example_request import LARGE, SECOND, SMALL, request
from schemas.examples import story
from schemas.reaction import DONE, Received, Said
from schemas.request import RequestProfiled
from schemas.vocabulary import WANT_OF_TIME, Action, Reason, Role
from services.escalation.domain.catching_up import CATCH_UP_S, LONGEST_PAUSE_S, Beat, beaten, early
from services.escalation.domain.decide import GiveUp, Step, decide
from services.escalation.domain.life import Move, Opening
from services.escalation.domain.storm import Passage
from services.escalation.domain.timers import EXPIRED, HELD, OPEN, DispatchFacts, Due

UNCALLED = Reason.UNCALLED
BELOW, ONLY = Plan(tiers=((SMALL,), (LARGE,))), Plan(tiers=((SMALL,),))
STEADY = Beat(at=100.0, steady_since=0.0)


def uncalled(times: int, plan: Plan = BELOW, **fields: Any) -> Any:
    return setback(*((attempt(SMALL, n, plan=plan), UNCALLED, 0) for n in range(1, times + 1)), **fields)


def due(state: str = OPEN, dispatched: bytes | None = None, left: timedelta = timedelta(seconds=30)) -> Due:
    return Due(request().request_id, state, 1, b"profiled", dispatched, None, None, NOW, deadline_at=NOW + left)


def sent(until: timedelta) -> bytes:
    made = attempt().model_copy(update={"deadline_at": NOW + until})
    return DispatchFacts(attempt=made, tried=()).to_json()


def test_its_path_is_asked_again_at_once_before_any_other() -> None:
    beside = Plan(tiers=((SMALL, SECOND), (LARGE,)))

    assert decide(uncalled(1), critical(), NOW) == Step(Action.AGAIN, 0)
    assert decide(uncalled(1, plan=beside), critical(), NOW) == Step(Action.AGAIN, 0)


def test_where_the_path_was_not_called_twice_one_beside_it_is_asked_and_without_one_it_waits_on() -> None:
    beside = Plan(tiers=((SMALL, SECOND), (LARGE,)))

    assert decide(uncalled(2, plan=beside), critical(), NOW) == Step(Action.SIDEWAYS, 0)
    assert decide(uncalled(2, plan=ONLY), critical(), NOW) == Step(Action.AGAIN, 0)


def test_it_moves_up_only_where_its_lane_says_so() -> None:
    """A dearer model is for what a cheaper one cannot do, and nobody has tried."""
    overflowing = critical(on_fail={"uncalled": "up"})

    assert decide(uncalled(2), critical(), NOW) == Step(Action.AGAIN, 0)
    assert decide(uncalled(1, on_fail={"uncalled": "up"}), overflowing, NOW) == Step(Action.UP, 1)


def test_it_is_not_asked_again_for_no_more_time_than_its_worker_found_too_little() -> None:
    with_all = attempt(SMALL, 2, plan=ONLY).model_copy(update={"deadline_at": request().deadline_at - LAST_MARGIN})
    end = decide(setback((attempt(SMALL, plan=ONLY), UNCALLED, 0), (with_all, UNCALLED, 0)), critical(), NOW)

    assert isinstance(end, GiveUp)
    assert end.reason is UNCALLED


@pytest.mark.parametrize("most", [2, 5])
def test_it_is_none_of_the_attempts_that_a_request_has(most: int) -> None:
    setback = uncalled(6, plan=ONLY, max_attempts=most)

    assert attempts_made(setback.tried) == 0
    assert decide(setback, critical(), NOW) == Step(Action.AGAIN, 0)


def test_it_is_asked_again_no_more_without_time_and_ends_for_want_of_it() -> None:
    end = decide(uncalled(1), critical(), request().deadline_at - timedelta(milliseconds=100))

    assert isinstance(end, GiveUp)
    assert end.reason is Reason.UNCALLED


def test_clocks_that_differ_make_no_endless_loop() -> None:
    """A database whose clock is ahead of Kafka's calls nobody in time."""
    end = decide(uncalled(30, plan=ONLY), critical(), NOW)

    assert isinstance(end, GiveUp)
    assert end.reason in WANT_OF_TIME
    assert "30 times" in end.detail


def test_a_look_at_an_answer_is_owed_too() -> None:
    """By another model, which is asked again; a judge is one of three looks."""
    opinion = attempt(LARGE, 2, role=Role.AGREEMENT, tier=1)
    step = decide(setback((attempt(), Reason.DOUBTED, 5), (opinion, UNCALLED, 0)), critical(), NOW)

    assert step == Step(Action.AGAIN, 1)


def test_the_next_attempt_has_half_of_what_is_left_then_and_asks_for_no_room() -> None:
    failed = next(event for event in story() if type(event).__name__ == "AttemptFailed")
    late = failed.model_copy(update={"reason": UNCALLED, "retry_after_ms": None, "tried": ()})  # type: ignore[union-attr]
    late = late.model_copy(update={"attempt": attempt(plan=BELOW)})
    router = handlers()
    [write] = router.on_attempt_failed(late, Received("attempt.failed", 0, 7, later(20))).writes  # type: ignore[arg-type]

    assert isinstance(write.row, Move)
    assert (write.row.passage, write.row.not_before) == (Passage.GO, None)
    [said] = write.then[DONE]
    assert isinstance(said, Said)
    assert later(24) < said.event.attempt_deadline_at < later(25)  # type: ignore[union-attr]
    assert not router.storm.asked


def test_a_request_whose_profile_was_late_has_the_timer_of_the_attempt_that_the_router_makes_of_it() -> None:
    profiled = next(event for event in story() if isinstance(event, RequestProfiled))
    [write] = handlers().on_request_profiled(profiled, Received("request.profiled", 0, 7, later(20))).writes

    assert isinstance(write.row, Opening)
    assert write.row.attempt_deadline_at == later(24.5)


def test_an_attempts_timer_goes_by_the_deadline_with_which_it_was_dispatched() -> None:
    sooner, later_on = due(dispatched=sent(-TIMER_GRACE)), due(dispatched=sent(timedelta(seconds=3)))
    [waits] = early([sooner, later_on, due()], STEADY)

    assert (waits.due, waits.until) == (later_on, NOW + timedelta(seconds=3) + TIMER_GRACE)


def test_after_an_outage_timers_of_attempts_wait_and_ends_do_not() -> None:
    begun = beaten(None, 50.0, 0.2)
    unreadable, told = due(dispatched=b"of a newer release"), due(dispatched=sent(timedelta(seconds=1)))
    waits = early([unreadable, told, due(HELD), due(EXPIRED)], begun)

    assert [one.due for one in waits] == [unreadable, told]
    assert {one.until for one in waits} == {NOW + timedelta(seconds=CATCH_UP_S)}


def test_what_was_away_has_caught_up_after_a_while_and_a_pause_begins_it_anew() -> None:
    looks = [beaten(None, 50.0, 0.2)]
    for at in (51.0, 52.0, 53.0, 54.0, 54.3 + LONGEST_PAUSE_S):
        looks.append(beaten(looks[-1], at, 0.2))

    left = [look.catches_up_for(timedelta(minutes=1)).total_seconds() for look in looks]
    assert left == [4.0, 3.0, 2.0, 1.0, 0.0, 4.0]


def test_a_request_waits_for_no_more_than_half_of_what_it_had_left() -> None:
    begun = beaten(None, 50.0, 0.2)
    [waits] = early([due(left=timedelta(seconds=6))], begun)
    assert waits.until == NOW + timedelta(seconds=3)

    later_on = beaten(begun, 52.0, 0.2)
    [waits] = early([due(left=timedelta(seconds=4))], later_on)
    assert waits.until == NOW + timedelta(seconds=1), "the same moment"
    assert early([due(left=timedelta(seconds=2))], later_on) == []
