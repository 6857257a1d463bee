"""Vectors come from one model alone, by any of its endpoints; a text to embed is paid for, and nothing written."""

from routing import asking, options_of, portfolio

from schemas.attempt import Candidate, Tried
from schemas.models import Price
from schemas.portfolio import Portfolio
from schemas.vocabulary import EMBEDDINGS, Action, Reason, Role
from services.router.domain.choose import choose_first, choose_next
from services.router.domain.cost import expected_micro_usd

ENDPOINTS = [
    {"provider": provider, "model": "v", "price": {"input": price, "output": "50"}}
    for provider, price in (("mistral", "2"), ("azure", "1"))
]
FIRST, SECOND = Candidate(model="vectors", provider="azure"), Candidate(model="vectors", provider="mistral")
EMBEDDER = {"kind": "api", "owner": "o", "context_tokens": 512, "abilities": [EMBEDDINGS], "endpoints": ENDPOINTS}
REQUEST = asking(needs=(EMBEDDINGS,), context_tokens=100, pinned_model="vectors", lane="search")


def document() -> Portfolio:
    """Two models that embed in one lane, beside one that chats."""
    return portfolio(
        ("models/vectors", EMBEDDER),
        ("models/others", {**EMBEDDER, "endpoints": ENDPOINTS[1:]}),
        ("lanes/search", {"tiers": [["large", "vectors"], ["others"]]}),
    )


def test_only_the_endpoints_of_the_one_model_can_serve() -> None:
    options = options_of(document(), REQUEST)
    assert options.plan.tiers == ((FIRST, SECOND), ())
    told = {excluded.model: excluded.why for excluded in options.excluded}
    assert told == dict.fromkeys(("large", "others"), "its vectors cannot stand in for those of vectors")
    chosen = choose_first(options)
    assert chosen is not None
    assert chosen.candidate == FIRST


def test_after_the_last_endpoint_nothing_is_left() -> None:
    options = options_of(document(), REQUEST)
    tried = [
        Tried(number=n, role=Role.PRIMARY, tier=0, model=c.model, provider=c.provider, reason=Reason.CHECK_FAILED)
        for n, c in enumerate((FIRST, SECOND), start=1)
    ]
    after_one = choose_next(options, Action.SIDEWAYS, 0, tried[:1])
    assert after_one is not None
    assert after_one.candidate == SECOND
    assert choose_next(options, Action.SIDEWAYS, 0, tried) is None
    assert choose_next(options, Action.UP, 0, tried) is None


def test_a_chat_is_not_given_to_a_model_that_embeds() -> None:
    options = options_of(document(), asking(needs=("chat",), lane="search"))
    assert {excluded.why for excluded in options.excluded} == {"it lacks the ability: chat"}
    assert options.plan.tiers == ((Candidate(model="large", provider="azure"),), ())


def test_vectors_cost_their_texts() -> None:
    tokens = REQUEST.profile.features.estimated_tokens
    assert expected_micro_usd(Price.of({"input": "2", "output": "50"}), REQUEST) == 2 * tokens
