"""What an earlier attempt says of the paths that are left."""

from copy import deepcopy
from typing import Any

import pytest

from schemas.attempt import Candidate, Tried
from schemas.example_request import DOCUMENT, LARGE, SECOND, SMALL
from schemas.paths import why_hopeless
from schemas.portfolio import Portfolio
from schemas.vocabulary import Reason, Role

SMALL_AT_AZURE = Candidate(model="small", provider="azure")


def portfolio() -> Portfolio:
    """The examples' portfolio, where azure serves the small model, too. Contexts: 4,096, 128,000 and 64,000 tokens."""
    document: Any = deepcopy(DOCUMENT)
    document["models"]["small"]["endpoints"].append({"provider": "azure", "model": "small-2026"})
    return Portfolio.of(document)


def tried(path: Candidate, reason: Reason | str, role: Role = Role.PRIMARY) -> Tried:
    return Tried(number=1, role=role, tier=0, model=path.model, provider=path.provider, reason=reason)


def hopeless(*attempts: Tried) -> set[Candidate]:
    paths = (SMALL, SMALL_AT_AZURE, LARGE, SECOND)
    return {path for path in paths if why_hopeless(path, attempts, portfolio()) is not None}


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([], set()),
        ([tried(LARGE, Reason.UNAUTHORIZED)], {LARGE, SMALL_AT_AZURE}),
        ([tried(SMALL, Reason.CONTEXT_TOO_LONG)], {SMALL, SMALL_AT_AZURE}),
        ([tried(SECOND, Reason.CONTEXT_TOO_LONG)], {SMALL, SMALL_AT_AZURE, SECOND}),
        ([tried(LARGE, Reason.CONTEXT_TOO_LONG)], {SMALL, SMALL_AT_AZURE, SECOND, LARGE}),
        ([tried(LARGE, Reason.CONTEXT_TOO_LONG, Role.REPAIR)], set()),
        ([tried(LARGE, Reason.TIMEOUT), tried(SMALL, "a_reason_of_tomorrow")], set()),
        ([tried(SMALL, Reason.CONTEXT_TOO_LONG), tried(LARGE, Reason.UNAUTHORIZED)], {SMALL, SMALL_AT_AZURE, LARGE}),
        ([tried(Candidate(model="gone", provider="gone"), Reason.CONTEXT_TOO_LONG)], set()),
    ],
)
def test_paths_that_would_fail_the_same_way_are_hopeless(attempts: list[Tried], expected: set[Candidate]) -> None:
    assert hopeless(*attempts) == expected


def test_a_model_that_the_portfolio_does_not_have_is_for_the_router_to_refuse() -> None:
    unknown = Candidate(model="gone", provider="local")
    assert why_hopeless(unknown, [tried(SMALL, Reason.CONTEXT_TOO_LONG)], portfolio()) is None


def test_it_says_why() -> None:
    assert why_hopeless(LARGE, [tried(LARGE, Reason.UNAUTHORIZED)], portfolio()) == (
        "azure refused our key in an earlier attempt"
    )
    assert "context of 64000 tokens" in str(why_hopeless(SECOND, [tried(LARGE, Reason.CONTEXT_TOO_LONG)], portfolio()))
