"""What a key is wanted for, as the administration's API reads it."""

import json
from typing import Any

import pytest

from schemas.places import LONGEST_SHOWN
from services.gateway.domain.keys import MOST_LANES, Wish, allowed, rotation_of, wish_of
from services.gateway.domain.problems import Problem, Refused

WISH = {"name": "the web shop"}


def refused(**told: Any) -> Problem:
    with pytest.raises(Refused) as caught:
        wish_of(json.dumps({**WISH, **told}).encode())
    return caught.value.problem


def test_a_wish_is_read() -> None:
    wish = wish_of(b'{"name": "the web shop", "lanes": ["simple"], "tokens_per_minute": 5000}')
    assert (wish.name, wish.lanes, wish.tokens_per_minute) == ("the web shop", ("simple",), 5000)
    assert rotation_of(b"").overlap_s == 86_400


def test_a_limit_that_is_misspelt_is_no_key_without_limits() -> None:
    assert refused(request_per_minute=5).param == "request_per_minute"


def test_no_more_of_a_clients_word_is_told_back_than_is_a_name() -> None:
    problem = refused(**{"x" * 10_000: 1})
    assert len(problem.message) < LONGEST_SHOWN * 3
    assert problem.param == "x" * LONGEST_SHOWN + "..."


@pytest.mark.parametrize("lanes", [["simple"] * (MOST_LANES + 1), ["x" * 10_000], [1] * 20_000, ["a\x00b"]])
def test_lanes_that_go_along_with_every_request_are_bounded(lanes: list[Any]) -> None:
    assert str(refused(lanes=lanes).param).startswith("lanes")


@pytest.mark.parametrize("lanes", [None, {"simple": 1, "critical": 1}])
def test_a_key_may_name_lanes_of_the_portfolio_in_force_and_any_before_there_is_one(lanes: Any) -> None:
    for wish in (Wish(name="any"), Wish(name="one", lanes=("simple",))):
        assert allowed(wish, lanes) is wish


@pytest.mark.parametrize(
    ("lane", "remedy"), [("simpel", "did you mean 'simple'?"), ("nowhere", "apply one that has it first")]
)
def test_a_key_for_a_lane_that_is_not_in_force_is_refused_with_the_nearest_right_word(lane: str, remedy: str) -> None:
    with pytest.raises(Refused) as caught:
        allowed(Wish(name="one", lanes=("simple", lane)), ("simple", "critical"))
    problem = caught.value.problem
    assert (problem.status, problem.param) == (400, "lanes")
    assert f"no lane {lane!r}: {remedy}" in problem.message
