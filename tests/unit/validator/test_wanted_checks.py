"""Which checks a lane and a request ask for."""

import pytest

from schemas.vocabulary import Verdict
from services.validator.domain.wanted import wanted_by


@pytest.mark.parametrize(
    ("lane", "request_checks"),
    [(["agreement"], []), ([{"agreement": None}], []), ([{"agreement": {}}], []), ([], [{"name": "agreement"}])],
)
def test_agreement_may_be_asked_for_in_every_form(lane: list, request_checks: list) -> None:
    wanted = wanted_by(lane, request_checks)
    assert wanted.agreement
    assert wanted.untold == ()


def test_known_checks_need_no_words() -> None:
    wanted = wanted_by(["format", "not_empty"], [{"name": "schema"}, {"name": "tool_calls"}])
    assert (wanted.agreement, wanted.untold) == (False, ())
    assert wanted.named == {"schema", "tool_calls"}


@pytest.mark.parametrize(
    ("lane", "request_checks", "name", "says"),
    [
        (["formt"], [], "formt", "did you mean format?"),
        ([{"haiku": {"min": 1}}], [], "haiku", "known are agreement, arithmetic"),
        ([], [{"name": "x" * 500}], "x" * 77 + "...", "no check of this name"),
        ([], [{"min": 1}], "checks/0", "no check of this name"),
        ([], [{"name": 7}], "checks/0", "no check of this name"),
        ([{"agreement": {"similarity": 0.5}}], [], "agreement", "agreement: similarity: Extra"),
        ([{"agreement": {"when": "rarely"}}], [], "agreement", "agreement: when: Input should be 'always' or"),
        ([], [{"name": "agreement", "when": "planned"}], "agreement", "takes no settings in a request"),
        ([{"format": "strict"}], [], "format", "was given value"),
    ],
)
def test_what_is_asked_for_and_cannot_be_done_is_said(lane, request_checks, name: str, says: str) -> None:
    (told,) = wanted_by(lane, request_checks).untold
    assert (told.name, told.verdict) == (name, Verdict.CANNOT_TELL)
    assert says in (told.detail or "")


def test_one_check_asked_for_twice_is_told_once() -> None:
    assert len(wanted_by(["haiku", "haiku"], [{"name": "haiku"}]).untold) == 1
