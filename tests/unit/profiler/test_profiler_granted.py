"""What an API key allows is held where lane and data class are found out."""

import pytest
from asking import asked, portfolio, received

from schemas.request import Grant, Refusal, RequestSubmitted
from schemas.vocabulary import DataClass, Reason
from services.profiler.domain.admit import Terms, identity_of, profile

CARD = "My card is 4111 1111 1111 1111."
TERMS = Terms("rev-1", 60, frozenset())


def refusal_of(request: RequestSubmitted) -> Refusal | None:
    return profile(request, received(), "shop", portfolio(), TERMS).refusal


def test_a_request_without_a_key_or_with_one_for_everything_goes_on() -> None:
    assert refusal_of(asked()) is None
    assert refusal_of(asked(grant=Grant(key="mp-1"))) is None


def test_a_lane_that_the_key_does_not_allow_is_refused_whoever_chose_it() -> None:
    lanes = list(portfolio().lanes)
    chosen = profile(asked(), received(), "shop", portfolio(), TERMS).request.lane
    (other, *_) = (lane for lane in lanes if lane != chosen)
    assert refusal_of(asked(grant=Grant(key="mp-1", lanes=(chosen,)))) is None
    for request in (
        asked(grant=Grant(key="mp-1", lanes=(other,))),
        asked(lane=chosen, grant=Grant(key="mp-1", lanes=(other,))),
    ):
        refusal = refusal_of(request)
        assert refusal is not None
        assert refusal.reason is Reason.NOT_ALLOWED
        assert chosen in refusal.detail
        assert other in refusal.detail


@pytest.mark.parametrize("content", ["When do you open?", CARD])
def test_data_that_the_key_does_not_allow_is_refused_by_what_it_is_and_not_by_what_is_said(content: str) -> None:
    grant = Grant(key="mp-1", data_classes=(DataClass.PUBLIC, DataClass.INTERNAL))
    refusal = refusal_of(asked(content, data_class=DataClass.PUBLIC, grant=grant))
    assert (refusal is None) == (content != CARD)
    if refusal is not None:
        assert refusal.reason is Reason.NOT_ALLOWED
        assert "4111" not in refusal.detail


def test_the_key_is_no_part_of_what_was_asked() -> None:
    assert (
        identity_of(asked(grant=Grant(key="mp-1")))
        == identity_of(asked(grant=Grant(key="mp-2")))
        == identity_of(asked())
    )
