"""What is kept of a lane's paths, and of what it leaves to a plan, is what would be found anew for each request."""

from datetime import timedelta
from typing import Any

import pytest
from knowing import EXPLORED, Router
from routing import NOW, asking, portfolio, scored

from schemas.eligibility import why_not
from schemas.vocabulary import DataClass, Risk
from services.router.domain.ways import WaysKept, ways_of

KINDS: tuple[dict[str, Any], ...] = (
    {},
    {"pinned_model": "large"},
    {"needs": ("chat", "tools", "vision")},
    {"context_tokens": 4_097},
    {"context_tokens": 4_097, "data_class": DataClass.RESTRICTED},
    {"data_class": DataClass.RESTRICTED},
    {"data_class": "secret-of-tomorrow"},
    {"admitted_at": NOW + timedelta(days=400)},
    {"lane": "simple"},
)
SICK = (scored("small", bad=60, micro_usd=900), scored("large", good=60, bad=2, micro_usd=3_000))


@pytest.mark.parametrize("kind", KINDS)
def test_a_way_says_the_same_against_itself_as_its_path(kind: dict[str, Any]) -> None:
    document, request = portfolio(("models/large/retires", "2027-01-01")), asking(**kind)
    for tier in ways_of(document, request):
        for way in tier:
            model = document.models[way.candidate.model]
            (endpoint,) = (each for each in model.endpoints if each.provider == way.candidate.provider)
            assert way.why_not(request) == why_not(document, way.candidate.model, model, endpoint, request)


def test_requests_of_every_kind_find_their_own_ways_whoever_came_before() -> None:
    document, kept = portfolio(("models/large/retires", "2027-01-01")), WaysKept()
    for kind in (*KINDS, *reversed(KINDS)):
        assert kept.of(document, asking(**kind)) == ways_of(document, asking(**kind))


def test_the_ways_of_a_revision_are_its_own() -> None:
    kept, before, after = WaysKept(), portfolio(), portfolio(("models/small/lifecycle", "retired"))
    assert kept.of(before, asking(revision="r1")) != kept.of(after, asking(revision="r2"))
    assert kept.of(before, asking(revision="r1")) == ways_of(before, asking())


def test_a_choice_is_the_same_whoever_asked_before() -> None:
    asking_in_turn = [
        {"request_id": EXPLORED},
        {"request_id": EXPLORED, "risk": Risk.HIGH},
        {"request_id": EXPLORED, "data_class": DataClass.PUBLIC},
        {"pinned_model": "small"},
        {},
    ]
    router = Router(*SICK)
    for changes in (*asking_in_turn, *reversed(asking_in_turn)):
        assert router.first(**changes) == Router(*SICK).first(**changes)
