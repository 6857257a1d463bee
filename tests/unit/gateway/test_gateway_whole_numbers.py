"""Whole numbers of clients whose language has only doubles are taken as such; none with a fraction is."""

import json
from typing import Any
from uuid import UUID

import pytest

from schemas.content import Json
from services.gateway.domain.chat_request import asked_of
from services.gateway.domain.problems import Refused


def params_of(**params: Any) -> Json:
    body = {"messages": [{"role": "user", "content": "Where is the Louvre?"}], **params}
    return asked_of(json.dumps(body).encode(), UUID(int=1)).submitted.params


def test_a_double_without_a_fraction_is_a_whole_number() -> None:
    told = {"max_tokens": 4.0, "max_completion_tokens": 5.0, "seed": -1.0}
    params = params_of(**told)
    assert params == told
    assert {type(value) for value in params.values()} == {int}


def test_one_choice_may_be_asked_for_so_as_well_and_one_and_a_half_may_not() -> None:
    assert "n" not in params_of(n=1.0)
    with pytest.raises(Refused, match="one choice"):
        params_of(n=1.5)


@pytest.mark.parametrize("told", [0.0, 1.5, True, "4"])
def test_anything_else_is_none(told: Any) -> None:
    with pytest.raises(Refused) as refused:
        params_of(max_tokens=told)
    assert refused.value.problem.param == "max_tokens"
