"""What became of all attempts of a request alike is the reason of its end; mixed causes are not told as one."""

import pytest
from setbacks import NOW, attempt, critical, setback

from schemas.attempt import NOBODY_CALLED, Plan
from schemas.example_request import LARGE, SECOND
from schemas.vocabulary import Reason
from services.escalation.domain.alike import OF_PROVIDERS, OF_THE_REQUEST
from services.escalation.domain.decide import decide
from services.escalation.domain.setback import GiveUp

TIMEOUT = Reason.TIMEOUT
ALIKE = (
    TIMEOUT,
    Reason.UNREACHABLE,
    Reason.PROVIDER_ERROR,
    Reason.UNAUTHORIZED,
    Reason.REFUSED,
    Reason.CUT_OFF,
    Reason.NO_RECORDED_ANSWER,
)


@pytest.mark.parametrize("met", ALIKE)
@pytest.mark.parametrize("most", [2, 9])
def test_what_all_attempts_met_alike_is_the_reason_of_the_end(met: Reason, most: int) -> None:
    made = [(attempt(LARGE, tier=1), met, 0), (attempt(SECOND, 2, tier=1), met, 0)]
    end = decide(setback(*made, max_attempts=most), critical(), NOW)

    assert isinstance(end, GiveUp)
    assert end.reason is met
    assert ("2 attempts were made" if most == 2 else "lanes.critical.tiers") in end.detail


@pytest.mark.parametrize("met", OF_THE_REQUEST)
@pytest.mark.parametrize("most", [1, 2])
def test_what_refuses_the_request_itself_is_told_at_the_last_allowed_attempt_too(met: Reason, most: int) -> None:
    made = [(attempt(LARGE, number, tier=0), met, 0) for number in range(1, most + 1)]
    end = decide(setback(*made, max_attempts=most), critical(), NOW)

    assert isinstance(end, GiveUp)
    assert end.reason is met


def test_an_invalid_request_is_told_as_one_whatever_was_met_before_and_however_little_time_is_left() -> None:
    made = [(attempt(LARGE), TIMEOUT, 0), (attempt(SECOND, 2, tier=1), Reason.INVALID_REQUEST, 0)]
    met = setback(*made, max_attempts=2)
    end = decide(met, critical(), met.request.deadline_at)

    assert isinstance(end, GiveUp)
    assert (end.reason, end.detail) == (Reason.INVALID_REQUEST, met.detail)


@pytest.mark.parametrize("uncalled", sorted(NOBODY_CALLED))
def test_an_attempt_for_which_nobody_was_called_met_nothing(uncalled: Reason) -> None:
    made = [(attempt(SECOND, tier=1), uncalled, 0), (attempt(LARGE, 2, tier=1), TIMEOUT, 0)]
    end = decide(setback(*made), critical(), NOW)

    assert isinstance(end, GiveUp)
    assert end.reason is TIMEOUT


def test_what_refuses_the_request_itself_cut_nothing_off() -> None:
    made = [(attempt(LARGE, tier=1), Reason.CUT_OFF, 0), (attempt(SECOND, 2, tier=1), Reason.INVALID_REQUEST, 0)]
    end = decide(setback(*made, max_attempts=2), critical(), NOW)

    assert isinstance(end, GiveUp)
    assert end.reason is Reason.INVALID_REQUEST


@pytest.mark.parametrize("met", ALIKE)
def test_what_helps_is_another_provider_where_providers_failed_and_else_a_better_answer(met: Reason) -> None:
    made = [(attempt(LARGE, tier=1), met, 0), (attempt(SECOND, 2, tier=1), met, 0)]
    end = decide(setback(*made), critical(), NOW)

    assert isinstance(end, GiveUp)
    assert ("a model of another provider in lanes.critical.tiers" in end.detail) == (met in OF_PROVIDERS)
    assert ("a stronger model in lanes.critical.tiers" in end.detail) == (met not in OF_PROVIDERS)
    assert "repairs" not in end.detail


@pytest.mark.parametrize(
    ("met", "on_fail"), [(Reason.CHECK_FAILED, {}), (Reason.REFUSED, {"refused": "repair"})], ids=["usual", "wished"]
)
def test_repairs_are_advised_where_they_would_be_made(met: Reason, on_fail: dict[str, str]) -> None:
    made = [(attempt(LARGE, tier=1), met, 0), (attempt(SECOND, 2, tier=1), met, 0)]
    end = decide(setback(*made), critical(on_fail=on_fail, repairs=0), NOW)

    assert isinstance(end, GiveUp)
    assert "a stronger model in lanes.critical.tiers, or repairs in lanes.critical, would give it" in end.detail


@pytest.mark.parametrize("other", [*(each for each in ALIKE if each is not TIMEOUT), Reason.EMPTY, Reason.CHECK_FAILED])
@pytest.mark.parametrize("most", [2, 9])
def test_mixed_causes_end_as_all_that_was_tried(other: Reason, most: int) -> None:
    made = [(attempt(LARGE, tier=1), other, 0), (attempt(SECOND, 2, tier=1), TIMEOUT, 0)]
    end = decide(setback(*made, max_attempts=most), critical(), NOW)

    assert isinstance(end, GiveUp)
    assert end.reason is (Reason.ATTEMPTS_SPENT if most == 2 else Reason.TIERS_SPENT)


def test_where_the_router_found_every_provider_refusing_our_key_the_end_says_so_at_once() -> None:
    nobody = attempt().model_copy(update={"model": "", "provider": "", "plan": Plan(tiers=((), ()))})
    end = decide(setback((nobody, Reason.UNAUTHORIZED, 0)), critical(), NOW)

    assert isinstance(end, GiveUp)
    assert end.reason == Reason.UNAUTHORIZED
