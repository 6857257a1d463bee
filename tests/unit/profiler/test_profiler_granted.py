"""What an API key, or a client's declaration, allows is held where lane and data class are found out."""

import pytest
from asking import asked, portfolio, received

from schemas.portfolio import Client, Portfolio
from schemas.request import Grant, Refusal, RequestSubmitted
from schemas.vocabulary import DataClass, Reason, Risk
from services.profiler.domain.admit import Terms, client_of, identity_of, profile

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


def test_a_key_without_the_lane_for_high_risk_is_told_why_naming_another_does_not_help() -> None:
    refusal = refusal_of(asked(lane="simple", risk=Risk.HIGH, grant=Grant(key="mp-1", lanes=("simple",))))
    assert refusal is not None
    assert "as its risk is high" in refusal.detail
    assert "allow it critical" in refusal.detail


@pytest.mark.parametrize("content", ["When do you open?", CARD])
def test_data_that_the_key_does_not_allow_is_refused_by_what_it_is_and_not_by_what_is_said(content: str) -> None:
    grant = Grant(key="mp-1", data_classes=(DataClass.PUBLIC, DataClass.INTERNAL))
    refusal = refusal_of(asked(content, data_class=DataClass.PUBLIC, grant=grant))
    assert (refusal is None) == (content != CARD)
    if refusal is not None:
        assert refusal.reason is Reason.NOT_ALLOWED
        assert "4111" not in refusal.detail


def test_a_key_below_the_default_data_class_is_told_to_name_its_own() -> None:
    refusal = refusal_of(asked(grant=Grant(key="mp-1", data_classes=(DataClass.PUBLIC,))))
    assert refusal is not None
    assert refusal.detail.endswith("send what is public, and name it so")


def test_the_key_is_no_part_of_what_was_asked() -> None:
    assert (
        identity_of(asked(grant=Grant(key="mp-1")))
        == identity_of(asked(grant=Grant(key="mp-2")))
        == identity_of(asked())
    )


def declared(**clients: Client) -> Portfolio:
    return portfolio().model_copy(update={"clients": clients})


def refusal_by(client: str | None, request: RequestSubmitted, known: Portfolio) -> Refusal | None:
    terms = Terms("rev-1", 60, frozenset(), client)
    return profile(request, received(), client or "default", known, terms).refusal


@pytest.mark.parametrize(
    ("topic", "client"),
    [
        ("request.submitted", None),
        ("request.submitted.gateway", None),
        ("request.submitted.bank", "bank"),
        ("request.submitted.gateway.more", "gateway.more"),
    ],
)
def test_a_client_is_whose_own_topic_it_is(topic: str, client: str | None) -> None:
    assert client_of(received(topic), "request.submitted") == client


def test_a_client_sends_what_it_declared_and_nothing_else() -> None:
    chosen = profile(asked(), received(), "bank", portfolio(), TERMS).request.lane
    known = declared(bank=Client(data_classes=(DataClass.PUBLIC,), lanes=(chosen,)))
    assert refusal_by("bank", asked(data_class=DataClass.PUBLIC), known) is None
    for request in (
        asked(),  # of the portfolio's default class
        asked(CARD, data_class=DataClass.PUBLIC),
        asked(data_class=DataClass.PUBLIC, lane=next(lane for lane in known.lanes if lane != chosen)),
    ):
        refusal = refusal_by("bank", request, known)
        assert refusal is not None
        assert refusal.reason is Reason.NOT_ALLOWED
        assert refusal.detail.startswith("the client bank may not ")
        assert "4111" not in refusal.detail


def test_once_clients_are_declared_another_one_is_refused_and_who_has_no_topic_is_not_concerned() -> None:
    known = declared(bank=Client())
    refusal = refusal_by("shop", asked(), known)
    assert refusal is not None
    assert (refusal.reason, "clients" in refusal.detail) == (Reason.NOT_ALLOWED, True)
    assert refusal_by("bank", asked(), known) is None, "no list: all"
    assert refusal_by(None, asked(), known) is None
    assert refusal_by("shop", asked(), portfolio()) is None
