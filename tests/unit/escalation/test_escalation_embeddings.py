"""What follows a failed request for vectors: the same model elsewhere, or later; never another, and no person."""

from datetime import timedelta
from typing import Any

import pytest
from setbacks import NOW, attempt, critical, setback

from schemas.attempt import AttemptAccepted, Candidate, Cost, Plan, Usage
from schemas.content import Body
from schemas.example_request import request
from schemas.outcome import RequestCompleted
from schemas.vocabulary import EMBEDDINGS, Action, Reason
from services.escalation.domain.decide import decide
from services.escalation.domain.endings import completed_by, ends_of
from services.escalation.domain.setback import GiveUp, Step

HERE, THERE = (Candidate(model="vectors", provider=name) for name in ("azure", "mistral"))
ABOVE = Candidate(model="stronger", provider="azure")
PLAN = Plan(tiers=((HERE, THERE), (ABOVE,)))
PROFILE = request().profile.model_copy(update={"needs": (EMBEDDINGS,)})
FOR_VECTORS: Any = {"profile": PROFILE, "pinned_model": "vectors"}
STAFFED = critical(reviews={"ask": "clerks", "within_s": 60}, on_fail={"vectors": "up", "check_failed": "repair"})


@pytest.mark.parametrize(
    "reason", [Reason.CHECK_FAILED, Reason.EMPTY, Reason.TIMEOUT, Reason.BAD_ANSWER, "of_tomorrow"]
)
def test_a_failure_goes_to_the_models_other_endpoint(reason: str) -> None:
    failed = setback((attempt(HERE, plan=PLAN), reason, 5), failed_checks=("vectors",), **FOR_VECTORS)
    assert decide(failed, STAFFED, NOW) == Step(Action.SIDEWAYS, 0)


def test_no_model_above_and_no_person_is_asked() -> None:
    made = [(attempt(path, number, plan=PLAN), Reason.CHECK_FAILED, 5) for number, path in ((1, HERE), (2, THERE))]
    end = decide(setback(*made, failed_checks=("vectors",), **FOR_VECTORS), STAFFED, NOW)
    assert isinstance(end, GiveUp)
    assert (end.reason, "models.vectors.endpoints" in end.detail) == (Reason.TIERS_SPENT, True)


def test_the_end_says_which_model_gave_what() -> None:
    made = [(attempt(path, number, plan=PLAN), Reason.CHECK_FAILED, 5) for number, path in ((1, HERE), (2, THERE))]
    told = "a vector has 3 numbers, and dimensions asks for 2"
    end = decide(setback(*made, failed_checks=("vectors",), detail=told, **FOR_VECTORS), STAFFED, NOW)
    assert isinstance(end, GiveUp)
    assert end.detail.startswith("vectors@mistral: a vector has 3 numbers, and dimensions asks for 2; ")


def test_a_path_that_refused_for_the_moment_is_asked_again() -> None:
    plan = Plan(tiers=((HERE,), (ABOVE,)))
    limited = (attempt(HERE, plan=plan), Reason.RATE_LIMITED, 0)
    step = decide(setback(limited, retry_after=timedelta(seconds=1), **FOR_VECTORS), STAFFED, NOW)
    assert isinstance(step, Step)
    assert (step.action, step.not_before is not None) == (Action.AGAIN, True)


def test_an_answer_by_reference_stays_one() -> None:
    body = Body(ref="2026-03-02/0", sha256="0", bytes=5_000_000)
    told: Any = {"checks": (), "verified": True, "usage": Usage(), "cost": Cost(), "latency_ms": 5}
    accepted = AttemptAccepted(request=request(), attempt=attempt(HERE), answer=body, **told)
    end = completed_by(accepted, NOW, None)
    assert (end.answer, end.body) == (None, body)
    to_a_topic = request().model_copy(update={"reply_to": "answers.bank"})
    answer, facts = ends_of(to_a_topic, end)
    assert isinstance(answer.event, RequestCompleted)
    assert isinstance(facts.event, RequestCompleted)
    assert (answer.event.body, facts.event.body) == (body, None)
