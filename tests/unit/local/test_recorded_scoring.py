"""Joining ends with recorded verdicts: each answer counts by the verdict on the model that gave it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_samples import LADDER, accepted, failed, question

from infra.local.recorded.scoring import Tally, score
from services.console.domain.road import Road, Turn

ASKED = Turn(2, "agreement", "doubted", "")
DISAGREED = Turn(3, "up", "disagreed", "")
SMALL, MIDDLE, STRONG = LADDER


def test_an_answer_counts_by_the_verdict_on_its_own_model() -> None:
    wrong_at_small = question(1, small=False)

    of_small = score("set", LADDER, [(wrong_at_small, accepted("small"))])
    of_strong = score("set", LADDER, [(wrong_at_small, accepted("strong"))])

    assert of_small.by_rung == {SMALL: Tally(1, 0), MIDDLE: Tally(0, 0), STRONG: Tally(0, 0)}
    assert of_strong.by_rung == {SMALL: Tally(0, 0), MIDDLE: Tally(0, 0), STRONG: Tally(1, 1)}


def test_verified_and_unverified_answers_are_counted_apart() -> None:
    ends = [
        (question(1, small=False), accepted("small", "verified")),
        (question(2), accepted("small", "verified")),
        (question(3, strong=False), accepted("strong", "unverified")),
    ]

    found = score("set", LADDER, ends)

    assert (found.verified, found.unverified, found.accepted) == (Tally(2, 1), Tally(1, 0), Tally(3, 1))
    assert found.accepted.wrong == 2


def test_what_followed_is_counted_by_what_and_why() -> None:
    ends = [
        (question(1), accepted("small", steps=2, turns=(ASKED,))),
        (question(2), accepted("strong", steps=3, turns=(ASKED, DISAGREED))),
    ]

    found = score("set", LADDER, ends)

    assert found.turns == {("agreement", "doubted"): 2, ("up", "disagreed"): 1}
    assert found.attempts == 5


def test_failures_and_open_requests_are_no_accepted_answers_and_still_cost() -> None:
    ends = [
        (question(1), failed("tiers_spent", 30)),
        (question(2), Road("open")),
        (question(3), accepted("small", cost=5)),
    ]

    found = score("set", LADDER, ends)

    assert (found.failures, found.open, found.accepted) == ({"tiers_spent": 1}, 1, Tally(1, 1))
    assert found.cost_micro_usd == 35


def test_the_strongest_is_asked_every_question_at_its_list_price() -> None:
    ends = [(question(1, strong=False), accepted("small")), (question(2), failed("deadline"))]

    found = score("set", LADDER, ends).strongest

    assert (found.model, found.right) == ("strong", 1)
    assert found.cost_micro_usd == 2 * (40 // 4 * 4 + 80 // 4 * 20)


def test_an_answer_of_a_model_from_elsewhere_is_an_error_and_no_score() -> None:
    with pytest.raises(KeyError, match="stranger"):
        score("set", LADDER, [(question(1), accepted("stranger"))])


ROADS = st.one_of(
    st.builds(accepted, st.sampled_from([rung.model for rung in LADDER]), st.sampled_from(["verified", "unverified"])),
    st.builds(failed, st.sampled_from(["deadline", "tiers_spent"])),
    st.just(Road("open")),
)
QUESTIONS = st.builds(question, st.integers(0, 999), st.booleans(), st.booleans(), st.booleans())


@given(st.lists(st.tuples(QUESTIONS, ROADS)))
def test_every_request_is_counted_once(ends: list[tuple]) -> None:
    found = score("set", LADDER, ends)

    assert found.accepted.accepted + sum(found.failures.values()) + found.open == found.asked == len(ends)
    assert sum(tally.accepted for tally in found.by_rung.values()) == found.accepted.accepted
    assert sum(tally.right for tally in found.by_rung.values()) == found.accepted.right <= found.accepted.accepted


@given(st.lists(st.tuples(QUESTIONS, ROADS, ROADS)))
def test_the_strongest_does_not_depend_on_how_requests_ended(ends: list[tuple]) -> None:
    once = score("set", LADDER, [(asked, road) for asked, road, _ in ends])
    again = score("set", LADDER, [(asked, road) for asked, _, road in ends])

    assert once.strongest == again.strongest
