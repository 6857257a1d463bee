"""What no model of the lane can do is told at once, and not as if it might pass."""

from typing import Any

import pytest
from asking import asked, portfolio, received

from schemas.portfolio import Portfolio
from schemas.request import Refusal
from schemas.vocabulary import Reason
from services.profiler.domain.admit import Terms, profile

TERMS = Terms("rev-1", longest_deadline_s=3_600, reply_topics=frozenset())
IMAGE = [{"type": "image_url", "image_url": {"url": "https://example.org/sea.png"}}]
TOOL = {"type": "function", "function": {"name": "where", "parameters": {"type": "object"}}}


def with_eyes(**lane: Any) -> Portfolio:
    """``seer`` sees, and serves in the lane ``pictures`` alone; the lane ``simple`` is told more."""
    document: Any = portfolio().model_dump(mode="json", exclude_unset=True)
    document["models"]["seer"] = {**document["models"]["second"], "abilities": ["chat", "json", "tools", "vision"]}
    document["lanes"]["pictures"] = {"tiers": [["small"], ["seer"]]}
    document["lanes"]["simple"] |= lane
    return Portfolio.of(document)


def refusal(content: Any = "Hello", document: Portfolio | None = None, **fields: Any) -> Refusal | None:
    return profile(asked(content, **fields), received(), "bank", document or with_eyes(), TERMS).refusal


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"lane": "simple"}, "no model of lane simple has the ability vision: name one that has it (seer), or add a "
         "model with abilities: [chat, vision] to lanes.simple.tiers"),
        ({"model": "small"}, "the model small lacks the ability vision: name one that has it (seer)"),
        ({"model": "small", "tools": (TOOL,)}, "the model small lacks the abilities tools, vision: name one"),
    ],
)  # fmt: skip
def test_an_image_that_no_model_sees_is_the_clients_to_send_elsewhere(fields: Any, says: str) -> None:
    found = refusal(IMAGE, **fields)
    assert found is not None
    assert (found.reason, found.detail[: len(says)]) == (Reason.LACKS_ABILITY, says)


@pytest.mark.parametrize("fields", [{"lane": "pictures"}, {"lane": "pictures", "tools": (TOOL,)}])
def test_one_model_that_can_is_enough(fields: Any) -> None:
    assert refusal(IMAGE, **fields) is None


def test_each_ability_may_be_some_models_and_all_of_them_nobodys() -> None:
    document: Any = portfolio().model_dump(mode="json", exclude_unset=True)
    document["models"]["small"]["abilities"] = ["chat", "vision"]
    found = refusal(IMAGE, Portfolio.of(document), lane="simple", tools=(TOOL,))
    assert found is not None
    assert found.detail.startswith("no model of lane simple has the abilities chat, tools, vision: add a model")


def test_a_person_may_see_what_no_model_does() -> None:
    assert refusal(IMAGE, with_eyes(reviews={"ask": "desk", "within_s": 60}), lane="simple") is None


@pytest.mark.parametrize(
    ("choice", "tools", "says"),
    [
        ("required", (), "params.tool_choice: required wants a tool called: offer one in tools"),
        ({"type": "function", "function": {"name": "wher"}}, (TOOL,), "not among tools: name one that is offered"),
        ({"type": "function", "function": {"name": "where"}}, (), "offer it in tools"),
    ],
)
def test_a_call_that_no_answer_can_make_is_not_asked_for(choice: Any, tools: Any, says: str) -> None:
    found = refusal(params={"tool_choice": choice}, tools=tools)
    assert found is not None
    assert found.reason == Reason.INVALID_REQUEST
    assert says in found.detail
    assert "where" not in found.detail, "names are content, which may be sealed"


@pytest.mark.parametrize("choice", ["auto", "none", None, {"type": "of_tomorrow"}])
def test_a_choice_that_wants_no_call_needs_no_tools(choice: Any) -> None:
    assert refusal(params={"tool_choice": choice}) is None


def test_a_recording_that_no_model_hears_is_the_clients_to_send_elsewhere() -> None:
    """Servers of models without ears fail on it, as if the fault were theirs."""
    recording = [{"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}]
    found = refusal(recording, lane="simple")
    assert found is not None
    assert (found.reason, found.detail.partition(":")[0]) == (
        Reason.LACKS_ABILITY,
        "no model of lane simple has the ability audio",
    )
    document: Any = portfolio().model_dump(mode="json", exclude_unset=True)
    document["models"]["small"]["abilities"] = ["chat", "audio"]
    assert refusal(recording, Portfolio.of(document), lane="simple") is None
