"""What was learned from recorded answers speaks until live scores do, by task, and choices name it."""

from typing import Any

from knowing import Router, model
from pytest import approx
from routing import portfolio, scored

from schemas.attempt import Candidate
from schemas.models import Prior
from services.router.domain.beliefs import believed

SOURCE = "backtest-1a2b3c"
PATH = Candidate(model="small", provider="local")


def prior(success: float, micro_usd: int, **more: Any) -> dict[str, Any]:
    return {"faq": {"success": success, "answers": 50, "micro_usd": micro_usd, "source": SOURCE, **more}}


def seeded(small: dict[str, Any], *changes: tuple[str, Any]) -> Router:
    told = (("models/small/priors", small), ("models/large/priors", prior(0.95, 3_000)))
    return Router(found=portfolio(*told, *changes))


def test_a_document_that_was_seeded_plans_before_the_first_score() -> None:
    event = seeded(prior(0.1, 2_000)).first()

    assert model(event) == "large"
    assert event.choice.scores == SOURCE
    assert event.choice.why.endswith(f"; scores of {SOURCE}")
    assert "passed over by the plan: expected success 10.0% (50 answers known)" in str(event.choice.excluded)


def test_a_task_without_priors_is_as_it_was() -> None:
    found = portfolio(("models/small/priors", {"invoice": prior(0.1, 2_000)["faq"]}))

    assert Router(found=found).first() == Router(found=portfolio()).first()


def test_live_scores_and_priors_are_put_together_and_both_are_named() -> None:
    router = seeded(prior(0.1, 2_000))
    router.scores.apply_score(scored("small", good=600, micro_usd=20))

    event = router.first()

    assert model(event) == "small"
    assert event.choice.scores == f"2026-03-02T09:00:00.000000Z, {SOURCE}"


def test_a_check_that_is_too_weak_to_pay_for_itself_is_refused() -> None:
    """The small one costs next to nothing, but what it gets wrong passes, so that nobody is asked after it."""
    weak = prior(0.52, 10, false_accepts=0.48)

    event = seeded(weak, ("lanes/simple/bar", {"success": 0.85})).first()

    assert model(event) == "large"
    assert "the cheapest plan that clears a bar of 85.0%: large: success 95.0%" in event.choice.why
    assert "; runner-up small → large: success 52.0%" in event.choice.why


def test_a_guess_is_believed_but_is_no_answer_that_is_known() -> None:
    guess = believed(PATH, None, Prior(success=0.8), 100)
    learned = believed(PATH, None, Prior(success=0.8, source=SOURCE, micro_usd=7, false_accepts=0.1), 100)

    assert (guess.answers, guess.micro_usd, guess.accepted) == (0, 100, approx(0.8))
    assert (learned.answers, learned.micro_usd, learned.accepted) == (10, 7, approx(0.9))


def test_in_a_lane_whose_answers_are_confirmed_the_choice_names_who_confirms() -> None:
    router = seeded(prior(0.9, 20), ("lanes/simple/checks", ["format", "agreement"]))

    assert "small with large: success 90.0%" in router.first().choice.why
