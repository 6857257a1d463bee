"""The breaker of a path, as a state that calls move: what opens it, who passes, and that it always recovers."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from schemas.attempt import Usage
from schemas.content import Answer
from schemas.providers import BreakerLimits
from schemas.vocabulary import BreakerState, Reason
from services.model_worker.domain.breaker import (
    BAD,
    GOOD,
    UNTOLD,
    Breaker,
    Health,
    Sign,
    barred,
    closed,
    entered,
    left,
    sign_of,
)
from services.model_worker.domain.calls import Answered, CallFailed

LIMITS = BreakerLimits(window_s=30, least_calls=10, failure_share=0.5, open_s=15, longest_open_s=60, probes=3)
BAD_SIGN = Sign(Health.BAD, Reason.PROVIDER_ERROR)
T0 = 1_800_000_000.0

signs = st.sampled_from([GOOD, UNTOLD, BAD_SIGN])
jitters = st.floats(0, 1)


def after(signs: list[Sign], breaker: Breaker | None = None, every_s: float = 0.1, now: float = T0) -> Breaker:
    """The breaker after calls one by one, each of which was let pass."""
    breaker = breaker or Breaker()
    for sign in signs:
        breaker, may_pass = entered(breaker, LIMITS, now)
        assert may_pass
        breaker = left(breaker, LIMITS, breaker.turn, sign, now, 0.0)
        now += every_s
    return breaker


def opened_at(now: float = T0) -> Breaker:
    return after([BAD_SIGN] * LIMITS.least_calls, every_s=0, now=now)


def test_it_opens_at_the_share_of_failures_and_not_below() -> None:
    assert after([GOOD] * 6 + [BAD_SIGN] * 5).state is BreakerState.CLOSED
    assert after([GOOD] * 6 + [BAD_SIGN] * 6).state is BreakerState.OPEN


def test_what_is_older_than_the_window_is_forgotten() -> None:
    old = after([BAD_SIGN] * 9)
    assert after([BAD_SIGN], old, now=T0 + LIMITS.window_s + 4).state is BreakerState.CLOSED
    assert after([BAD_SIGN], old, now=T0 + 5).state is BreakerState.OPEN


def test_one_refused_call_among_many_good_ones_sets_nothing_aside() -> None:
    asked = Sign(Health.BAD, Reason.RATE_LIMITED, wait_s=40)
    assert after([GOOD] * 20 + [asked]).state is BreakerState.CLOSED
    assert after([GOOD, GOOD] + [asked] * 2).state is BreakerState.OPEN


def test_a_refusal_that_overtakes_the_answers_of_calls_begun_before_sets_nothing_aside() -> None:
    """At the start of a load refusals come back first: nothing has been answered yet, and much is on its way."""
    asked = Sign(Health.BAD, Reason.RATE_LIMITED, wait_s=40)
    breaker = Breaker()
    for _ in range(20):
        breaker, _ = entered(breaker, LIMITS, T0)
    assert left(breaker, LIMITS, 0, asked, T0, 0).state is BreakerState.CLOSED
    for _ in range(10):
        breaker = left(breaker, LIMITS, 0, asked, T0, 0)
    assert breaker.state is BreakerState.OPEN


def test_a_request_for_time_is_granted_at_once_and_never_cut_short() -> None:
    breaker = after([Sign(Health.BAD, Reason.RATE_LIMITED, wait_s=40)])
    assert (breaker.state, breaker.until) == (BreakerState.OPEN, T0 + 40)
    assert entered(breaker, LIMITS, T0 + 39.9)[1] is False
    assert entered(breaker, LIMITS, T0 + 40)[1] is True


def test_a_bad_probe_opens_it_for_twice_as_long_up_to_the_longest() -> None:
    breaker, now, lasted = opened_at(), T0, []
    for _ in range(5):
        assert breaker.until is not None
        lasted.append(breaker.until - now)
        now = breaker.until
        breaker = after([BAD_SIGN], breaker, now=now)
    assert lasted == [15, 30, 60, 60, 60]


def test_an_outcome_of_an_earlier_turn_says_nothing_of_this_one() -> None:
    breaker = opened_at()
    half_open, _ = entered(breaker, LIMITS, T0 + 20)
    for late in (GOOD, BAD_SIGN):
        assert left(half_open, LIMITS, breaker.turn - 1, late, T0 + 20, 0) is half_open


def test_a_barred_path_waits_for_somebody_to_close_it() -> None:
    shut = barred(Breaker(), Reason.UNAUTHORIZED, T0)
    assert entered(shut, LIMITS, T0 + 10**9)[1] is False
    assert entered(closed(shut, "reset", T0 + 1), LIMITS, T0 + 1)[1] is True


@given(st.lists(st.tuples(signs, st.floats(0, 40)), max_size=60))
def test_it_never_opens_below_the_least_number_of_calls(steps: list[tuple[Sign, float]]) -> None:
    breaker, now = Breaker(), T0
    ended: list[float] = []
    for sign, pause in steps:
        now += pause
        breaker = left(breaker, LIMITS, breaker.turn, sign, now, 0.5)
        ended += [now] if sign is not UNTOLD else []
        if breaker.state is BreakerState.OPEN:
            assert sum(at > now - LIMITS.window_s * 1.1 for at in ended) >= LIMITS.least_calls
            return


@given(jitters, st.integers(0, 8))
def test_however_often_it_opened_good_probes_close_it(jitter: float, trips: int) -> None:
    breaker = opened_at()
    for _ in range(trips):
        assert breaker.until is not None
        breaker, _ = entered(breaker, LIMITS, breaker.until)
        breaker = left(breaker, LIMITS, breaker.turn, BAD_SIGN, breaker.since, jitter)
    assert breaker.until is not None
    assert after([GOOD] * LIMITS.probes, breaker, every_s=0, now=breaker.until).state is BreakerState.CLOSED


@given(jitters)
def test_jitter_only_lengthens_an_opening(jitter: float) -> None:
    breaker = left(Breaker(), LIMITS, 0, Sign(Health.BAD, "rate_limited", 8.0), T0, jitter)
    assert breaker.until is not None
    assert 8 <= breaker.until - T0 <= 10


@pytest.mark.parametrize("reason", list(Reason))
def test_only_failures_of_the_path_count_against_it(reason: Reason) -> None:
    health = sign_of(CallFailed(reason, "no")).health
    assert health is (
        Health.BARRED if reason is Reason.UNAUTHORIZED else Health.BAD if reason in BAD else Health.UNTOLD
    )


def test_an_answer_is_good_and_a_call_cut_here_says_nothing() -> None:
    answered = Answered(Answer(message={"role": "assistant", "content": "Yes."}, finish_reason="stop"), Usage(), "m")
    assert sign_of(answered) is GOOD
    assert sign_of(None) is UNTOLD
    assert sign_of(CallFailed(Reason.RATE_LIMITED, "no", retry_after_ms=1500)).wait_s == 1.5


@dataclass
class Calls:
    """Calls on their way, by the turn in which they began."""

    turns: list[int] = field(default_factory=list)


class AnyTraffic(RuleBasedStateMachine):
    """Calls that begin, overlap and end in any order, with any outcome."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker, self.now, self.calls = Breaker(), T0, Calls()

    @rule(seconds=st.floats(0, 90))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def begin(self) -> None:
        before = self.breaker
        self.breaker, may_pass = entered(before, LIMITS, self.now)
        if may_pass:
            self.calls.turns.append(self.breaker.turn)
        if before.state is BreakerState.OPEN and (before.until is None or self.now < before.until):
            assert not may_pass

    @precondition(lambda self: self.calls.turns)
    @rule(data=st.data(), sign=signs, jitter=jitters)
    def end(self, data: st.DataObject, sign: Sign, jitter: float) -> None:
        turn = self.calls.turns.pop(data.draw(st.integers(0, len(self.calls.turns) - 1)))
        self.breaker = left(self.breaker, LIMITS, turn, sign, self.now, jitter)

    @invariant()
    def no_more_probes_are_on_their_way_than_allowed(self) -> None:
        if self.breaker.state is BreakerState.HALF_OPEN:
            on_their_way = sum(turn == self.breaker.turn for turn in self.calls.turns)
            assert on_their_way == self.breaker.probing <= LIMITS.probes

    @invariant()
    def an_open_one_ends_by_itself(self) -> None:
        if self.breaker.state is BreakerState.OPEN:
            assert self.breaker.until is not None


TestAnyTraffic = AnyTraffic.TestCase
