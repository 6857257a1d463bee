"""Requests for embeddings: one model's vectors, whatever lane, and what cannot be followed said by name."""

from copy import deepcopy
from typing import Any

import pytest
from asking import portfolio, received

from schemas.example_request import DOCUMENT
from schemas.portfolio import Portfolio
from schemas.request import Grant, RequestProfiled, RequestSubmitted
from schemas.vocabulary import DataClass, Operation, Reason
from services.profiler.domain.admit import Terms, profile

TERMS = Terms("rev-1", longest_deadline_s=3_600, reply_topics=frozenset())


def with_embedders(**changes: Any) -> Portfolio:
    """The examples' portfolio, with two models that embed in a lane of their own; ``changes`` to the first."""
    document: Any = deepcopy(DOCUMENT)
    for name in ("vectors-a", "vectors-b"):
        document["models"][name] = {
            "kind": "api", "owner": "platform", "context_tokens": 512, "abilities": ["embeddings"],
            "endpoints": [{"provider": "mistral", "model": name, "price": {"input": "0.1", "output": "0"}}],
        }  # fmt: skip
    document["models"]["vectors-a"] |= changes
    document["lanes"]["search"] = {"tiers": [["vectors-a"], ["vectors-b"]]}
    return Portfolio.of(document)


def embedded(*texts: Any, document: Portfolio | None = None, **fields: Any) -> RequestProfiled:
    messages = tuple({"role": "user", "content": text} for text in texts or ("one", "two"))
    told: Any = {"messages": messages, "operation": Operation.EMBEDDINGS, **fields}
    return profile(RequestSubmitted(**told), received(), "bank", document or with_embedders(), TERMS)


@pytest.mark.parametrize(
    ("fields", "lane", "model"),
    [
        ({}, "search", "vectors-a"),
        ({"model": "auto"}, "search", "vectors-a"),
        ({"model": "portfolio/search"}, "search", "vectors-a"),
        ({"lane": "search"}, "search", "vectors-a"),
        ({"model": "vectors-b"}, "search", "vectors-b"),
        ({"model": "vectors-b", "lane": "search"}, "search", "vectors-b"),
    ],
)
def test_a_request_gets_the_vectors_of_one_model(fields: Any, lane: str, model: str) -> None:
    event = embedded(**fields)
    assert event.refusal is None
    assert (event.request.lane, event.request.pinned_model) == (lane, model)
    assert (event.request.profile.needs, event.request.profile.task) == (("embeddings",), "embeddings")
    assert event.request.wants_vectors


def test_a_retired_model_is_passed_over_by_a_new_revision_alone() -> None:
    assert embedded(document=with_embedders(lifecycle="retired")).request.pinned_model == "vectors-b"
    assert embedded(model="vectors-a", document=with_embedders(lifecycle="retired")).request.pinned_model == "vectors-a"


def test_each_text_is_read_by_itself() -> None:
    profiled = embedded("a" * 400, "b" * 2_000, *["c" * 40] * 100).request.profile
    assert profiled.context_tokens == 501
    assert profiled.features.estimated_tokens == 6_400 // 4 + 1


@pytest.mark.parametrize(
    ("fields", "reason", "says"),
    [
        ({"lane": "simple"}, Reason.LACKS_ABILITY, "add a model with abilities: [embeddings] to lanes.simple.tiers"),
        ({"model": "large"}, Reason.LACKS_ABILITY, "name one that has it (vectors-a, vectors-b)"),
        ({"model": "vectors-a", "lane": "simple"}, Reason.LACKS_ABILITY, "is in no tier of lane simple"),
        ({"model": "vectors"}, Reason.UNKNOWN_MODEL, "did you mean vectors-b?"),
        ({"lane": "serach"}, Reason.UNKNOWN_LANE, "did you mean search?"),
        ({"params": {"temperature": 1}}, Reason.UNSUPPORTED_PARAMETER, "params.temperature"),
        ({"tools": ({"type": "function"},)}, Reason.UNSUPPORTED_PARAMETER, "tools: leave it out"),
        ({"checks": ({"name": "format"},)}, Reason.UNSUPPORTED_PARAMETER, "checks: leave it out"),
    ],
)
def test_what_cannot_be_followed_is_refused_by_name(fields: Any, reason: Reason, says: str) -> None:
    refusal = embedded(**fields).refusal
    assert refusal is not None
    assert refusal.reason == reason
    assert says in refusal.detail


@pytest.mark.parametrize(("wanted", "refused"), [(512, None), (256, Reason.UNSUPPORTED_PARAMETER), (None, None)])
def test_a_length_that_its_model_does_not_give_is_refused_before_it_is_paid(
    wanted: Any, refused: Reason | None
) -> None:
    params = {} if wanted is None else {"dimensions": wanted}
    refusal = embedded(params=params, document=with_embedders(dimensions=512)).refusal
    assert (refusal and refusal.reason) == refused
    assert refusal is None or "the model vectors-a gives vectors of 512 numbers, and no others" in refusal.detail
    assert embedded(model="vectors-b", params=params, document=with_embedders(dimensions=512)).refusal is None


@pytest.mark.parametrize("text", ["", None, [{"type": "text", "text": "one"}]])
def test_only_texts_can_be_embedded(text: Any) -> None:
    refusal = embedded("one", text).refusal
    assert refusal is not None
    assert (refusal.reason, refusal.detail) == (
        Reason.INVALID_REQUEST, "messages[1].content: a text to embed is wanted",
    )  # fmt: skip


def test_where_no_model_can_embed_the_refusal_says_what_to_add() -> None:
    refusal = embedded(document=portfolio()).refusal
    assert refusal is not None
    assert refusal.detail == (
        "no model of lane simple has the ability embeddings: "
        "add a model with abilities: [embeddings] to lanes.simple.tiers"
    )


@pytest.mark.parametrize("fields", [{"model": "vectors-a"}, {"model": "portfolio/search"}, {"lane": "search"}])
def test_a_chat_gets_no_model_that_only_embeds(fields: Any) -> None:
    asked = RequestSubmitted(messages=({"role": "user", "content": "Hello"},), **fields)
    refusal = profile(asked, received(), "bank", with_embedders(), TERMS).refusal
    assert refusal is not None
    assert (refusal.reason, "ability chat" in refusal.detail) == (Reason.LACKS_ABILITY, True)


def test_a_chat_may_not_have_what_only_vectors_take() -> None:
    asked = RequestSubmitted(messages=({"role": "user", "content": "Hello"},), params={"dimensions": 3})
    refusal = profile(asked, received(), "bank", with_embedders(), TERMS).refusal
    assert refusal is not None
    assert refusal.reason == Reason.UNSUPPORTED_PARAMETER


def test_a_key_is_held_to_its_lanes_and_texts_are_looked_through_for_what_is_sensitive() -> None:
    refusal = embedded(grant=Grant(key="mp-1", lanes=("simple",))).refusal
    assert refusal is not None
    assert refusal.reason == Reason.NOT_ALLOWED
    event = embedded("Pay to DE89 3704 0044 0532 0130 00", data_class=DataClass.PUBLIC)
    assert (event.request.data_class, event.request.profile.sensitive) == ("confidential", ("iban",))
