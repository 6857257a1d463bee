"""The bound that a client sets on an answer, read alike by all who go by it."""

import pytest

from schemas.asking import answer_bound
from schemas.content import Json


@pytest.mark.parametrize(
    ("params", "bound"),
    [
        ({}, None),
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 7, "max_tokens": 5}, 7),
        ({"max_completion_tokens": None, "max_tokens": 5}, 5),
        ({"max_completion_tokens": 0, "max_tokens": 5}, 5),
        ({"max_tokens": True}, None),
        ({"max_tokens": -1}, None),
        ({"max_tokens": "5"}, None),
    ],
)
def test_the_first_bound_that_counts_is_the_clients(params: Json, bound: int | None) -> None:
    assert answer_bound(params) == bound
