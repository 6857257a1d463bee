from typing import Any

import pytest

from infra.bus.portfolio_view import PortfolioView, RevisionUnknown
from schemas.example_request import START, portfolio
from schemas.reaction import NotYet
from schemas.standing import PortfolioRevised


def revised(revision: str, number: int, current: bool = True, **changes: Any) -> PortfolioRevised:
    document = portfolio().model_copy(update=changes)
    return PortfolioRevised(
        revision=revision, number=number, portfolio=document, revised_at=START, author="operator", current=current
    )


def test_before_anything_is_applied_there_is_nothing_in_force() -> None:
    view = PortfolioView()

    assert not view.has_current()
    with pytest.raises(RevisionUnknown, match="portfolio apply"):
        _ = view.current


def test_every_revision_can_be_asked_for_and_one_is_in_force() -> None:
    view = PortfolioView()
    for event in (
        revised("a", 1, False),
        revised("a", 1),
        revised("b", 2, False, residency={}),
        revised("b", 2, residency={}),
    ):
        view.apply(event)

    assert view.current.revision == "b"
    assert view.revision("a").residency
    assert not view.revision("b").residency


def test_a_revision_that_is_kept_is_not_in_force() -> None:
    view = PortfolioView()
    view.apply(revised("a", 1, current=False))

    assert not view.has_current()
    assert view.revision("a")


def test_what_is_in_force_only_moves_forward() -> None:
    view = PortfolioView()
    for number in (2, 1):
        view.apply(revised(f"r{number}", number))

    assert view.current.revision == "r2"


def test_a_rollback_moves_forward_too() -> None:
    view = PortfolioView()
    for revision, number in (("a", 1), ("b", 2), ("a", 3)):
        view.apply(revised(revision, number))

    assert (view.current.revision, view.current.number) == ("a", 3)


def test_an_unknown_revision_is_one_that_may_still_come() -> None:
    with pytest.raises(NotYet, match="revision zzz"):
        PortfolioView().revision("zzz")
