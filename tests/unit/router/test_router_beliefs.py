"""Live answers overrule what was recorded once they speak against it, and leave it alone where they do not."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from knowing import Router, model
from routing import portfolio, scored

from schemas.attempt import Candidate
from schemas.models import Prior
from services.router.domain.beliefs import believed, kept_of

PATH = Candidate(model="small", provider="local")
SHARES = st.floats(0, 1)
ANSWERS = st.floats(0, 1_000)
RECORDED = Prior(success=0.95, answers=50, micro_usd=20, source="backtest-1a2b3c")


def success(good: float, bad: float, prior: Prior = RECORDED) -> float:
    return believed(PATH, scored("small", good=good, bad=bad), prior, 100).success


def test_some_ten_answers_that_contradict_it_let_go_of_what_was_recorded() -> None:
    kept = [kept_of(0.95, 50, 0.5 * answers, 0.5 * answers) for answers in (10, 14, 20)]

    assert all(fewer > more for fewer, more in pairwise(kept))
    assert kept[0] < 0.2
    assert kept[-1] < 0.01
    assert success(10, 10) == pytest.approx(0.5, abs=0.01)


def test_a_few_failures_are_no_proof_and_answers_as_recorded_bring_it_back() -> None:
    assert kept_of(0.95, 50, 0, 9) == 1
    assert kept_of(0.95, 50, 9, 1) == 1
    assert success(7, 3) < 0.92
    assert success(40, 3) > 0.93


def test_a_model_that_was_good_for_long_and_gets_worse_is_believed_to_be_what_live_answers_say() -> None:
    """A hundred answers of 95 % fade one by one behind sixty of which half are right, as the ledger discounts them."""
    before = 0.99**60
    right = 95 * before + 50 * (1 - before)

    assert success(right, 100 - right) - right / 100 < 0.03
    assert (right + 0.95 * 50) / 150 - right / 100 > 0.06, "with what was recorded in full"


@given(SHARES, st.floats(1, 1_000), ANSWERS, ANSWERS)
def test_a_share_of_a_prior_is_kept_and_all_of_it_beside_answers_that_are_no_worse(
    recorded: float, worth: float, right: float, wrong: float
) -> None:
    kept = kept_of(recorded, worth, right, wrong)

    assert 0 <= kept <= 1
    assert kept == 1 or right < recorded * (right + wrong)


@given(SHARES, st.floats(1, 50), ANSWERS, st.floats(10, 100))
def test_more_right_answers_never_make_a_model_look_worse(
    recorded: float, worth: float, right: float, wrong: float
) -> None:
    prior = Prior(success=recorded, answers=worth)

    assert success(right + 1, wrong, prior) >= success(right, wrong, prior) - 1e-9


def test_answers_at_which_nobody_looked_do_not_overrule_what_was_recorded_as_wrong() -> None:
    """Half of what passed was wrong when it was recorded; live, all that passes counts as right until somebody says."""
    prior = Prior(success=0.5, answers=50, false_accepts=0.5, source="backtest-1a2b3c")

    assert success(100, 0, prior) == pytest.approx(125 / 150)


def test_a_plan_tells_that_live_answers_overrule_what_was_recorded() -> None:
    priors = {"faq": RECORDED.model_dump(mode="json", exclude_none=True)}
    sure = {"faq": {"success": 0.95, "answers": 50, "micro_usd": 50, "source": "backtest-1a2b3c"}}
    bar = ("lanes/simple/bar", {"success": 0.85})
    found = portfolio(("models/small/priors", priors), ("models/large/priors", sure), bar)

    as_ever = Router(scored("small", good=19, bad=1, micro_usd=20), found=found).first()
    worse = Router(scored("small", good=6, bad=14, micro_usd=20), found=found).first()

    assert (model(as_ever), model(worse)) == ("small", "large")
    assert "of its prior" not in as_ever.choice.why
    assert "1 small 31.8% (live answers leave 0% of its prior)" in worse.choice.why
