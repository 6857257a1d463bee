"""A path that refuses for the moment is asked again: when, instead of what, and what is said when it is too late."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from setbacks import NOW, attempt, critical, later, setback

from schemas.attempt import AttemptFailed, Candidate, Plan, Tried, tried_of
from schemas.example_request import LARGE, SECOND, SMALL
from schemas.examples import story
from schemas.outcome import RequestEscalated, RequestFailed
from schemas.portfolio import Portfolio
from schemas.reaction import DONE, Received, Said
from schemas.vocabulary import Action, Reason, Role
from services.escalation.domain.decide import LEAST_TIME, decide
from services.escalation.domain.held import sorted_out
from services.escalation.domain.setback import GiveUp, Setback, Step
from services.escalation.domain.storm import Passage, Storm
from services.escalation.domain.timers import HELD, UNMOVED, Due, event_of
from services.escalation.domain.waiting import LONGEST, again_at
from services.escalation.handlers import Handlers

ONLY, BELOW = Plan(tiers=((SMALL,),)), Plan(tiers=((SMALL,), (LARGE,)))
LIMITED, OPEN = Reason.RATE_LIMITED, Reason.BREAKER_OPEN
SECOND_S = timedelta(seconds=1)


def refused(reason: Reason = LIMITED, told: timedelta | None = None, plan: Plan = ONLY, times: int = 1) -> Setback:
    """The request was turned away so many times by its first path."""
    return setback(*((attempt(SMALL, n, plan=plan), reason, 0) for n in range(1, times + 1)), retry_after=told)


def test_a_request_that_met_nothing_but_limits_says_so_when_its_attempts_are_made() -> None:
    """Its client may ask again; where anything else went wrong, more attempts would be the remedy."""
    limits = [(attempt(SMALL, 1), LIMITED, 0), (attempt(LARGE, 2, tier=1), LIMITED, 0)]
    failed = [(attempt(SMALL, 1), Reason.PROVIDER_ERROR, 0), limits[1]]
    shut = [limits[0], (attempt(SMALL, 2), OPEN, 0), (attempt(LARGE, 3, tier=1), LIMITED, 0)]
    for made, reason in ((limits, LIMITED), (shut, LIMITED), (failed, Reason.ATTEMPTS_SPENT)):
        end = decide(setback(*made, max_attempts=2), critical(), NOW)
        assert isinstance(end, GiveUp)
        assert (end.reason, "2 attempts were made" in end.detail) == (reason, True)


@pytest.mark.parametrize(
    ("reason", "told"), [(LIMITED, SECOND_S), (LIMITED, None), (LIMITED, timedelta()), (OPEN, SECOND_S)]
)
def test_the_only_path_is_asked_again_when_it_said_or_after_a_while(reason: Reason, told: timedelta | None) -> None:
    step = decide(refused(reason, told), critical(), NOW)
    assert isinstance(step, Step)
    assert (step.action, step.tier) == (Action.AGAIN, 0)
    assert step.not_before is not None
    assert NOW + (told or timedelta()) < step.not_before < NOW + 2 * SECOND_S


def test_another_path_of_the_tier_is_asked_at_once() -> None:
    beside = Plan(tiers=((SMALL, SECOND),))
    assert decide(refused(told=SECOND_S, plan=beside), critical(), NOW) == Step(Action.SIDEWAYS, 0)


def test_a_short_wait_comes_before_a_move_up_and_no_other_does() -> None:
    short, long, untold = (decide(refused(told=t, plan=BELOW), critical(), NOW) for t in (SECOND_S, 9 * SECOND_S, None))
    assert isinstance(short, Step)
    assert short.action is Action.AGAIN
    assert long == untold == Step(Action.UP, 1)


def test_the_last_attempt_is_kept_for_the_tier_above() -> None:
    last = setback((attempt(SMALL, plan=BELOW), LIMITED, 0), retry_after=SECOND_S, max_attempts=2)
    assert decide(last, critical(), NOW) == Step(Action.UP, 1)


@pytest.mark.parametrize("reason", [LIMITED, OPEN])
def test_one_that_would_have_to_wait_past_its_deadline_ends_at_once_and_says_so(reason: Reason) -> None:
    end = decide(refused(reason, timedelta(seconds=60)), critical(), NOW)
    assert isinstance(end, GiveUp)
    assert end.reason is reason
    assert "asks for 60 s" in end.detail
    assert "lanes.critical.tiers" in end.detail


def test_a_breaker_that_opens_nobody_knows_when_is_not_waited_for() -> None:
    end = decide(refused(OPEN), critical(), NOW)
    assert isinstance(end, GiveUp)
    assert end.reason is Reason.TIERS_SPENT


def test_a_path_that_failed_otherwise_before_is_not_asked_again() -> None:
    mended = setback(
        (attempt(plan=ONLY), Reason.CHECK_FAILED, 5), (attempt(SMALL, 2, Role.REPAIR, plan=ONLY), LIMITED, 0)
    )
    end = decide(mended, critical(), NOW)
    assert isinstance(end, GiveUp)
    assert end.reason is Reason.TIERS_SPENT


def test_where_the_router_found_all_paths_shut_it_is_asked_again() -> None:
    nowhere = attempt(Candidate(model="", provider=""), plan=Plan(tiers=((),)))
    step = decide(setback((nowhere, OPEN, 0), retry_after=SECOND_S), critical(), NOW)
    assert isinstance(step, Step)
    assert step.action is Action.AGAIN


def turned_away(times: int) -> tuple[Tried, ...]:
    return tuple(tried_of(attempt(SMALL, n), LIMITED) for n in range(1, times + 1))


spans = st.timedeltas(timedelta(), timedelta(days=1))


@given(st.uuids(), st.integers(1, 29), st.none() | spans, spans)
def test_a_wait_is_as_long_as_was_asked_and_never_longer_than_there_is_time(
    request_id: UUID, times: int, told: timedelta | None, most: timedelta
) -> None:
    found = again_at(request_id, turned_away(times), told, NOW, most)
    if found is None:
        assert max(told or timedelta(), LONGEST) > most
        return
    assert NOW + (told or timedelta()) <= found <= NOW + most
    assert found == again_at(request_id, turned_away(times), told, NOW, most)


def test_those_that_were_turned_away_together_come_back_spread_over_time() -> None:
    told = timedelta(seconds=20)
    ids = [UUID(int=n) for n in range(1_000)]
    waits = [again_at(each, turned_away(1), told, NOW, timedelta(hours=1)) for each in ids]
    tenths = [sum(1 for w in waits if w and int((w - NOW - told) / timedelta(seconds=0.5)) == n) for n in range(10)]
    assert sum(tenths) == len(ids)
    assert all(60 < count < 140 for count in tenths)


def test_each_refusal_makes_the_next_wait_longer() -> None:
    waits = [again_at(UUID(int=1), turned_away(times), None, NOW, timedelta(hours=1)) for times in range(1, 7)]
    assert waits == sorted(waits, key=lambda at: at or NOW)
    assert len(set(waits)) == 6


class Revisions:
    def revision(self, name: str) -> Portfolio:
        return critical()


def failed(told_ms: int | None) -> AttemptFailed:
    """The request of the examples, turned away by its only path."""
    event = next(e for e in story() if isinstance(e, AttemptFailed))
    fields = {"attempt": attempt(plan=ONLY), "tried": (), "reason": LIMITED, "retry_after_ms": told_ms, "doubted": None}
    return event.model_copy(update=fields)


def waiting() -> RequestEscalated:
    (write,) = Handlers(Revisions()).on_attempt_failed(failed(2_000), Received("attempt.failed", 0, 0, NOW)).writes
    (one,) = write.then[DONE]
    assert isinstance(one, Said)
    assert isinstance(one.event, RequestEscalated)
    return one.event


def test_a_request_that_waits_is_held_with_the_time_and_says_nothing_yet() -> None:
    (write,) = Handlers(Revisions()).on_attempt_failed(failed(2_000), Received("attempt.failed", 0, 0, NOW)).writes
    assert write.row.passage is Passage.WAIT
    assert later(3) <= write.row.not_before < write.row.attempt_deadline_at < later(30) - LEAST_TIME
    assert (waiting().action, waiting().number, waiting().reason) == (Action.AGAIN, 2, LIMITED)


def due(event: RequestEscalated, state: str) -> Due:
    return Due(event.request.request_id, state, event.number, event.to_json(), None, None, "a" * 32, later(5))


def test_when_its_time_has_come_it_goes_whatever_room_there_is_above() -> None:
    storm = Storm()
    for _ in range(100):
        storm.up(critical(), "critical", 0, later(5))
    (one,) = sorted_out([due(waiting(), HELD)], storm, Revisions()).go
    assert one.event.action == Action.AGAIN
    assert later(5) < one.event.attempt_deadline_at < one.event.request.deadline_at


def test_one_that_nobody_let_go_before_its_deadline_ends_with_the_reason_that_it_waited_for() -> None:
    _, end = event_of(due(waiting(), UNMOVED))
    assert isinstance(end, RequestFailed)
    assert (end.reason, end.attempts) == (LIMITED, 1)
    assert "waited for its path" in end.detail


@pytest.mark.parametrize("most", [1, 3])
def test_what_nobody_had_time_for_ends_for_want_of_time(most: int) -> None:
    """By such ends the gateway knows that the pipeline is given more than it can do."""
    made = attempt(plan=ONLY)
    end = decide(setback((made, Reason.DEADLINE, 0), detail="no worker was free", max_attempts=most), critical(), NOW)

    assert isinstance(end, GiveUp)
    assert end.reason is Reason.DEADLINE
    assert end.detail.startswith("no worker was free; ")
