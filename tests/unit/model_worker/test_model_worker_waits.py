"""Whose doing it is that a call was cut at its attempt's deadline: the provider's, or of what waited before it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from dispatches import dispatched

from schemas.attempt import Tried
from schemas.vocabulary import Reason, Role
from services.model_worker.domain.breaker import UNTOLD, Health, Sign, sign_of
from services.model_worker.domain.calls import Billed
from services.model_worker.domain.claims import TOO_LITTLE, Claim, comes_to_nothing, cut_of, opened_at
from services.model_worker.domain.pace import Answers, with_answer

NOW_S = 1000.0
TIMED_OUT = Tried(number=1, role=Role.PRIMARY, tier=0, model="m", provider="p", reason=Reason.TIMEOUT)
WAITED = TIMED_OUT.model_copy(update={"reason": Reason.DEADLINE})
STARVED_BEFORE = TIMED_OUT.model_copy(update={"reason": Reason.STARVED})


@pytest.mark.parametrize(
    ("given_s", "left_s", "usual_s", "tried", "reason"),
    [
        (10.0, 9.5, 8.0, (), Reason.TIMEOUT),
        (10.0, 4.0, 3.0, (), Reason.STARVED),
        (10.0, 4.0, 1.0, (), Reason.TIMEOUT),
        (10.0, 4.0, None, (), Reason.TIMEOUT),
        (10.0, 1.5, None, (), Reason.TIMEOUT),
        (10.0, 1.5, 0.1, (), Reason.STARVED),
        (10.0, 6.0, 9.0, (), Reason.TIMEOUT),
        (None, 1.5, None, (), Reason.TIMEOUT),
        (1.5, 1.4, None, (), Reason.TIMEOUT),
        (1.5, 1.4, None, (TIMED_OUT,), Reason.TIMEOUT),
        (1.5, 1.4, 0.1, (TIMED_OUT, WAITED), Reason.STARVED),
        (4.0, 3.9, 3.0, (WAITED,), Reason.STARVED),
        (4.0, 3.9, 3.0, (STARVED_BEFORE,), Reason.STARVED),
        (9.0, 8.9, 3.0, (WAITED,), Reason.TIMEOUT),
    ],
    ids=[
        "begun at once", "waited, and needed more", "waited, and had plenty", "waited, and nothing is known",
        "hurried, and nothing is known",
        "waited, and was hurried", "waited less than it was left", "written by an older release", "given little",
        "given little after a slow provider", "given little after a wait", "given too little after a wait",
        "given too little after a call that was starved",
        "given plenty after a wait",
    ],
)  # fmt: skip
def test_a_call_cut_at_its_deadline_is_the_waits_doing_where_that_took_its_time(
    given_s: float | None, left_s: float, usual_s: float | None, tried: tuple[Tried, ...], reason: Reason
) -> None:
    waited = Claim(uuid4(), 1, b"", None, left_s, taken_over=False, taken_at=0.0, given_s=given_s)
    answers = None if usual_s is None else Answers(usual_s, NOW_S)
    cut = cut_of(waited, 60.0, left_s, answers, NOW_S, tried)
    assert (cut.reason, cut.billed) == (reason, Billed.UNKNOWN)
    by_its_timeout = cut_of(waited, left_s, left_s, answers, NOW_S, tried)
    assert by_its_timeout.reason is Reason.TIMEOUT
    assert sign_of(cut) == (UNTOLD if reason is Reason.STARVED else Sign(Health.BAD, "timeout"))


@pytest.mark.parametrize(
    ("usual_s", "given_s", "silent_s", "reason"),
    [
        (3.0, 10.0, 10.0, Reason.STARVED),
        (3.0, 10.0, 10.1, Reason.TIMEOUT),
        (6.0, 10.0, 12.0, Reason.STARVED),
        (6.0, 10.0, 12.1, Reason.TIMEOUT),
        (0.1, None, 2.0, Reason.STARVED),
        (0.1, None, 2.1, Reason.TIMEOUT),
    ],
)
def test_a_path_that_answered_nobody_lately_is_at_fault_whatever_waited(
    usual_s: float, given_s: float | None, silent_s: float, reason: Reason
) -> None:
    """One that hangs makes the queue before it by itself."""
    waited = Claim(uuid4(), 1, b"", None, 1.9, taken_over=False, taken_at=0.0, given_s=given_s)
    cut = cut_of(waited, 60.0, 1.9, Answers(usual_s, NOW_S - silent_s), NOW_S, [WAITED])
    assert cut.reason is reason


@pytest.mark.parametrize(
    ("given_s", "left_s", "silent_s", "tried", "is_called"),
    [
        (30.0, 8.1, 0.0, (), True),
        (30.0, 7.9, 0.0, (), False),
        (30.0, 7.9, 5.1, (), True),
        (10.0, 7.9, 0.0, (), False),
        (7.9, 7.9, 0.0, (), True),
        (7.9, 4.1, 0.0, (), True),
        (7.9, 3.9, 0.0, (), False),
        (7.9, 7.8, 0.0, (WAITED,), False),
        (None, 7.9, 0.0, (), True),
    ],
    ids=[
        "enough", "too little after a wait", "of a path that answered nobody lately", "too little after a short wait",
        "given too little", "given too little, and waited for less than half", "given too little, and waited for more",
        "given too little after a wait", "written by an older release",
    ],
)  # fmt: skip
def test_a_call_is_not_begun_whose_wait_took_what_its_answer_needs(
    given_s: float | None, left_s: float, silent_s: float, tried: tuple[Tried, ...], is_called: bool
) -> None:
    waited = Claim(uuid4(), 1, b"", None, left_s, taken_over=False, taken_at=0.0, given_s=given_s)
    why = comes_to_nothing(waited, left_s, Answers(5.0, NOW_S - silent_s, spread_s=1.0), NOW_S, tried)
    assert why == (None if is_called else TOO_LITTLE)
    assert comes_to_nothing(waited, left_s, None, NOW_S, tried) is None, "where nothing is known"


def test_what_is_usual_follows_the_newest_answers_and_how_far_they_are_off_it() -> None:
    first = with_answer(None, 4.0, 10.0)
    assert (first, first.most_take_s) == (Answers(4.0, 10.0), 4.0)
    then = with_answer(first, 9.0, 30.0)
    assert (then.usual_s, then.last_at, then.spread_s) == (pytest.approx(5.0), 30.0, pytest.approx(1.0))
    assert then.most_take_s == pytest.approx(8.0)


def test_the_time_of_a_first_attempt_runs_since_its_request_was_admitted() -> None:
    """So that what the services before this one took is a wait, too."""
    first, second = dispatched(), dispatched(number=2)
    later = first.request.admitted_at + timedelta(seconds=3)
    assert opened_at(first, later) == first.request.admitted_at
    assert opened_at(second, later) == later
