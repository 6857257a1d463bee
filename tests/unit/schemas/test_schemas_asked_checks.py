"""A check of a request that nobody could make is refused, with what is right."""

import pytest

from schemas.asked_checks import NAMES, NO_NAME, why_no_check
from schemas.check_settings import SETTINGS
from schemas.content import Json


@pytest.mark.parametrize(
    ("check", "says"),
    [
        ({}, NO_NAME),
        ({"name": 7}, NO_NAME),
        ({"name": "citation"}, "did you mean citations?"),
        ({"name": "x" * 500}, "there are agreement, arithmetic"),
        ({"name": "words", "at_leest": 3}, "words has no such setting: did you mean at_least?"),
        ({"name": "words"}, "words: give at_least, less_than or exactly"),
        ({"name": "words", "at_least": -1}, "words.at_least: Input should be greater than or equal to 0"),
        ({"name": "policy"}, "policy needs the setting value"),
        ({"name": "format", "strict": True}, "format takes no settings"),
        ({"name": "agreement", "when": "planned"}, "agreement takes no settings in a request"),
        ({"name": "judge"}, "name a lane that does in portfolio.lane"),
    ],
)
def test_what_is_wrong_is_told_with_what_is_right(check: Json, says: str) -> None:
    assert says in (why_no_check(check) or "")


@pytest.mark.parametrize(
    "check",
    [
        *({"name": name} for name in NAMES if name not in SETTINGS),
        {"name": "agreement"},
        {"name": "citations", "min": 1, "every_sentence": True},
        {"name": "confidence", "at_least": 0.9},
        {"name": "policy", "value": "support"},
        {"name": "language", "value": "de"},
        {"name": "has_texts", "texts": ["Paris"]},
    ],
)
def test_what_can_be_made_is_taken(check: Json) -> None:
    assert why_no_check(check) is None
