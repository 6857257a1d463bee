import json
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from setbacks import asking, attempt

from schemas.attempt import AttemptAccepted, Cost, Tried, Usage, tried_of
from schemas.example_request import LARGE, REQUEST_ID, START
from schemas.examples import TOTAL_MICRO_USD, TRIED, story
from schemas.outcome import RequestCompleted
from schemas.vocabulary import CostKind, Reason, Role, Status
from services.escalation.domain.endings import completed_by, ends_of, failed_with, spent

(ACCEPTED,) = (event for event in story() if isinstance(event, AttemptAccepted))
(COMPLETED,) = (event for event in story() if isinstance(event, RequestCompleted))
NOW = START + timedelta(milliseconds=2_600)
costs = st.lists(st.integers(0, 10**9), max_size=9)


def tried_at(paid: list[int]) -> tuple[Tried, ...]:
    return tuple(tried_of(attempt(number=n), Reason.TIMEOUT, Cost(micro_usd=micro)) for n, micro in enumerate(paid, 1))


def test_the_end_of_the_story_is_the_published_example() -> None:
    assert completed_by(ACCEPTED, NOW, COMPLETED.trace_id) == COMPLETED


def test_the_cost_is_that_of_all_attempts() -> None:
    assert completed_by(ACCEPTED, NOW, None).cost_usd == f"{Decimal(TOTAL_MICRO_USD) / 1_000_000:f}"


@given(costs, st.integers(0, 10**9))
def test_costs_sum(paid: list[int], last: int) -> None:
    event = ACCEPTED.model_copy(
        update={"tried": tried_at(paid), "cost": ACCEPTED.cost.model_copy(update={"micro_usd": last})}
    )

    assert Decimal(completed_by(event, NOW, None).cost_usd) * 1_000_000 == sum(paid) + last
    failed = failed_with(asking(), Reason.TIERS_SPENT, "", tried_at(paid), NOW, None)
    assert Decimal(failed.cost_usd) * 1_000_000 == sum(paid) == spent(tried_at(paid)).micro_usd
    assert failed.attempts == len(paid)


def test_what_may_have_cost_less_is_told_beside_what_it_cost() -> None:
    bounds = tried_of(attempt(), Reason.PROVIDER_ERROR, Cost(micro_usd=700, kind=CostKind.BOUNDED))
    failed = failed_with(asking(), Reason.TIERS_SPENT, "", (bounds, *tried_at([20])), NOW, None)

    assert (failed.cost_usd, failed.bounded_usd, failed.cost_kind) == ("0.00072", "0.0007", CostKind.BOUNDED)
    assert completed_by(ACCEPTED, NOW, None).cost_kind is CostKind.KNOWN


def test_an_answer_that_another_model_confirmed_is_still_its_authors() -> None:
    end = completed_by(ACCEPTED, NOW, None)

    assert (ACCEPTED.attempt.model, ACCEPTED.attempt.role) == ("second", Role.AGREEMENT)
    assert (end.model, end.provider, end.attempts) == ("small", "local", 4)


def test_an_answer_of_a_plain_attempt_is_that_models() -> None:
    event = ACCEPTED.model_copy(update={"attempt": attempt(LARGE, 4, tier=1), "tried": TRIED})

    assert completed_by(event, NOW, None).model == "large"
    assert completed_by(event, NOW, None).usage == ACCEPTED.usage


@pytest.mark.parametrize("role", [Role.AGREEMENT, Role.JUDGE])
def test_the_usage_is_that_of_the_answer_and_not_of_whoever_looked_at_it(role: Role) -> None:
    looked = ACCEPTED.attempt.model_copy(update={"role": role})
    end = completed_by(ACCEPTED.model_copy(update={"attempt": looked}), NOW, None)

    assert TRIED[1].role is Role.REPAIR
    assert end.usage == TRIED[1].usage != ACCEPTED.usage


def test_an_older_services_word_of_the_answer_tells_no_usage() -> None:
    untold = tuple(each.model_copy(update={"usage": None}) for each in TRIED)

    assert completed_by(ACCEPTED.model_copy(update={"tried": untold}), NOW, None).usage == Usage(estimated=True)


@pytest.mark.parametrize(("verified", "status"), [(True, Status.VERIFIED), (False, Status.UNVERIFIED)])
def test_an_answer_is_called_what_its_checks_were_worth(verified: bool, status: Status) -> None:
    assert completed_by(ACCEPTED.model_copy(update={"verified": verified}), NOW, None).status is status


def test_time_never_runs_backwards() -> None:
    assert completed_by(ACCEPTED, START - timedelta(seconds=1), None).latency_ms == 0
    assert completed_by(ACCEPTED, NOW, None).latency_ms == 2_600


def test_an_end_is_said_under_its_own_key() -> None:
    (said,) = ends_of(asking(), COMPLETED)

    assert (said.event, said.topic, said.key) == (COMPLETED, None, None)
    assert said.event.subject == REQUEST_ID


def test_a_clients_key_is_echoed_byte_for_byte() -> None:
    (said,) = ends_of(asking(reply_key=b"\x00\xff k".decode("latin-1")), COMPLETED)

    assert said.key == b"\x00\xff k"


def test_an_answer_with_an_address_of_its_own_is_said_there_and_its_facts_here() -> None:
    there, here = ends_of(asking(reply_to="answers.bank"), COMPLETED)

    assert (there.topic, there.event) == ("answers.bank", COMPLETED)
    assert here.topic is None
    assert isinstance(here.event, RequestCompleted)
    assert here.event.answer is None
    assert here.event.model_copy(update={"answer": COMPLETED.answer}) == COMPLETED


def test_a_failure_with_an_address_of_its_own_is_said_in_both_places() -> None:
    failed = failed_with(asking(), Reason.DEADLINE, "too late", (), NOW, "trace")
    there, here = ends_of(asking(reply_to="answers.bank"), failed)

    assert (there.topic, here.topic) == ("answers.bank", None)
    assert there.event == here.event == failed
    assert json.loads(failed.to_json())["reason"] == "deadline"
