"""The breakers of a provider: what is said of them, and that workers follow each other, an operator, and a revision."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from dispatches import portfolio

from schemas.standing import BreakerChanged, PortfolioRevised
from schemas.vocabulary import BreakerState, Reason
from services.model_worker.adapters.breakers import Breakers
from services.model_worker.domain.calls import CallFailed

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
DOWN = CallFailed(Reason.UNREACHABLE, "no")
NO_KEY = CallFailed(Reason.UNAUTHORIZED, "no")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now.timestamp()

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def worker(clock: Clock, name: str = "one") -> Breakers:
    breakers = Breakers("acme", name, clock, draw=lambda: 0.0)
    breakers.on_revised(revised(NOW - timedelta(hours=1)))
    return breakers


def revised(at: datetime) -> PortfolioRevised:
    return PortfolioRevised(revision="r1", number=1, portfolio=portfolio(), revised_at=at, author="tests", current=True)


def fails(breakers: Breakers, times: int, outcome: CallFailed = DOWN) -> None:
    for _ in range(times):
        turn = breakers.enter("small")
        assert isinstance(turn, int)
        breakers.leave("small", turn, outcome)


def said(breakers: Breakers) -> list[BreakerChanged]:
    return [breakers.news.get_nowait() for _ in range(breakers.news.qsize())]


def test_an_opening_is_said_once_with_its_reason_and_time(clock: Clock) -> None:
    breakers = worker(clock)
    fails(breakers, 10)
    (event,) = said(breakers)
    assert (event.subject, event.state, event.reason) == ("small@acme", BreakerState.OPEN, "unreachable")
    assert (event.at, event.until, event.by) == (NOW, NOW + timedelta(seconds=15), "one")


def test_an_attempt_for_an_open_path_is_told_so_and_costs_nothing(clock: Clock) -> None:
    breakers = worker(clock)
    fails(breakers, 10)
    refusal = breakers.enter("small")
    assert isinstance(refusal, CallFailed)
    assert (refusal.reason, refusal.billed) == (Reason.BREAKER_OPEN, "nothing")
    assert refusal.detail == "the circuit breaker of small@acme is open (unreachable) until 12:00:15 UTC"
    assert refusal.retry_after_ms == 15_000
    assert isinstance(breakers.enter("other"), int), "only this path is set aside"


def test_another_worker_follows_and_its_probes_close_the_path_for_both(clock: Clock) -> None:
    one, two = worker(clock, "one"), worker(clock, "two")
    fails(one, 10)
    for event in said(one):
        two.on_changed(event)
    assert isinstance(two.enter("small"), CallFailed)
    clock.wait(15)
    for _ in range(3):
        turn = two.enter("small")
        assert isinstance(turn, int)
        two.leave("small", turn, None)  # cut here: no probe yet
        turn = two.enter("small")
        assert isinstance(turn, int)
        two.leave("small", turn, None)
    assert [event.state for event in said(two)] == [BreakerState.HALF_OPEN]
    closed = BreakerChanged(model="small", provider="acme", state="closed", reason="good", at=clock.now, by="two")
    one.on_changed(closed)
    assert one.of("small").state is BreakerState.CLOSED


def test_ones_own_words_and_those_of_other_providers_change_nothing(clock: Clock) -> None:
    breakers = worker(clock)
    own = BreakerChanged(model="small", provider="acme", state="open", reason="x", at=NOW, by="one")
    breakers.on_changed(own)
    breakers.on_changed(own.model_copy(update={"provider": "other", "by": "two"}))
    assert breakers.of("small").state is BreakerState.CLOSED


def test_several_workers_that_open_at_once_do_not_lengthen_the_opening(clock: Clock) -> None:
    breakers = worker(clock)
    for name in ("two", "three"):
        event = BreakerChanged(
            model="small", provider="acme", state="open", reason="x", until=NOW + timedelta(seconds=15), at=NOW, by=name
        )
        breakers.on_changed(event)
    assert breakers.of("small").trips == 1


def test_a_refused_key_sets_the_whole_provider_aside_and_tells_the_operator_once(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    breakers = worker(clock)
    with caplog.at_level(logging.ERROR):
        first, second = breakers.enter("tuned"), breakers.enter("tuned")
        for turn in (first, second):
            assert isinstance(turn, int)
            breakers.leave("tuned", turn, NO_KEY)
    assert {(event.model, event.state, event.until) for event in said(breakers)} == {
        ("tuned", BreakerState.OPEN, None),
        ("small", BreakerState.OPEN, None),
    }
    (line,) = caplog.messages
    assert "portfolio breakers reset @acme" in line
    clock.wait(86_400)
    refusal = breakers.enter("small")
    assert isinstance(refusal, CallFailed)
    assert "until it is reset" in refusal.detail


def test_a_revised_portfolio_frees_what_was_set_aside_before_it(clock: Clock) -> None:
    breakers = worker(clock)
    fails(breakers, 1, NO_KEY)
    said(breakers)
    breakers.on_revised(revised(NOW - timedelta(seconds=1)))
    assert said(breakers) == []
    breakers.on_revised(revised(NOW + timedelta(seconds=1)))
    (event,) = said(breakers)
    assert (event.state, event.reason) == (BreakerState.CLOSED, "the portfolio was revised")


def test_a_worker_that_hears_of_the_revision_first_frees_the_path_as_well(clock: Clock) -> None:
    breakers = worker(clock)
    breakers.on_revised(revised(NOW + timedelta(seconds=1)))
    barred = BreakerChanged(model="small", provider="acme", state="open", reason="unauthorized", at=NOW, by="two")
    breakers.on_changed(barred)
    assert breakers.of("small").state is BreakerState.CLOSED


def test_probes_on_their_way_are_told_and_bounded(clock: Clock) -> None:
    breakers = worker(clock)
    assert breakers.probing == {}
    fails(breakers, 10)
    clock.wait(15)
    entered = [breakers.enter("small") for _ in range(10)]
    assert breakers.probing == {"small": sum(isinstance(turn, int) for turn in entered)} == {"small": 3}
    refusal = entered[-1]
    assert isinstance(refusal, CallFailed)
    assert refusal.retry_after_ms == 1_000
