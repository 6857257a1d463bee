"""Breakers as an operator sees them."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.standing import BreakerChanged
from schemas.vocabulary import BreakerState
from services.console.domain.breakers import closings, path_of, state_of, until_of
from services.console.domain.failures import Misused, Refused

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def word(model: str, state: BreakerState = BreakerState.OPEN, provider: str = "acme") -> BreakerChanged:
    return BreakerChanged(model=model, provider=provider, state=state, reason="timeout", at=NOW)


STAND = [word("a"), word("b", BreakerState.CLOSED), word("c", BreakerState.HALF_OPEN), word("a", provider="other")]


def test_one_path_is_closed_and_signed() -> None:
    (event,) = closings("a", "acme", STAND, "mary", NOW)
    assert (event.subject, event.state, event.reason, event.by) == ("a@acme", "closed", "reset by hand", "mary")


def test_a_provider_closes_all_of_its_paths_that_are_not_closed() -> None:
    assert [event.subject for event in closings("", "acme", STAND, "mary", NOW)] == ["a@acme", "c@acme"]


@pytest.mark.parametrize("model", ["b", "unknown"])
def test_nothing_to_close_is_refused(model: str) -> None:
    with pytest.raises(Refused, match=f"{model}@acme"):
        closings(model, "acme", STAND, "mary", NOW)


def test_a_path_is_a_model_at_a_provider() -> None:
    assert path_of("org@model@acme") == ("org@model", "acme")
    assert path_of("@acme") == ("", "acme")
    for wrong in ("acme", "small@"):
        with pytest.raises(Misused):
            path_of(wrong)


def test_an_opening_whose_time_is_over_waits_for_its_first_probe() -> None:
    timed = word("a").model_copy(update={"until": NOW})
    assert state_of(timed, NOW) == "open, probes may pass"
    assert state_of(timed, NOW - timedelta(seconds=1)) == "open"
    assert state_of(word("a"), NOW) == "open"


def test_an_opening_that_nobody_but_an_operator_ends_says_so() -> None:
    timed = word("a").model_copy(update={"until": NOW})
    assert [until_of(each) for each in (word("a"), timed, word("b", BreakerState.CLOSED))] == [
        "reset",
        "2026-05-04 12:00:00Z",
        None,
    ]
