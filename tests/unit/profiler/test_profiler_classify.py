from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from asking import asked, portfolio
from hypothesis import given
from hypothesis import strategies as st

from schemas.asking import GENERAL
from schemas.example_request import DOCUMENT
from schemas.portfolio import Portfolio
from schemas.vocabulary import Reason, Risk
from services.profiler.domain.classify import TaskFound, classify, lane_of, pinned_model, refusal_of, risk_of
from services.profiler.domain.features import features_of

TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
JSON_SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}


def found(content: Any = "When do you open?", **fields: Any):
    request = asked(content, **fields)
    return classify(request, features_of(request), portfolio())


def test_a_task_that_is_given_is_believed() -> None:
    assert (found(task="loan").task, found(task="loan").confidence) == ("loan", 1.0)


@pytest.mark.parametrize(
    ("content", "fields", "task"),
    [
        ("What is the weather?", {"tools": (TOOL,)}, "tool_use"),
        ("Extract the total.", {"response_format": JSON_SCHEMA}, "extraction"),
        ("Extract the total.", {"response_format": {"type": "json_object"}}, "extraction"),
        ("Write a Python function that reverses a list.", {}, "code"),
        ("```\nx = 1\n```", {}, "code"),
        ("def f(x):\n    return x", {}, "code"),
        ("word " * 4_000, {}, "long_text"),
        ("When do you open?", {}, "faq"),
        ("Tell me of the sea. " * 30, {}, GENERAL),
    ],
)
def test_a_task_shows_in_the_form_of_a_request(content: str, fields: dict[str, Any], task: str) -> None:
    assert found(content, **fields).task == task


def test_what_is_evident_counts_before_what_is_likely() -> None:
    assert found("Write a Python function.", tools=(TOOL,), response_format=JSON_SCHEMA).task == "tool_use"


def test_a_guess_is_less_sure_than_what_is_evident() -> None:
    sure = [found(task="faq"), found(tools=(TOOL,)), found("```x```"), found()]

    assert [one.confidence for one in sure] == sorted((one.confidence for one in sure), reverse=True)
    assert len({one.confidence for one in sure}) == 4


def test_a_class_that_the_portfolio_does_not_know_is_not_found() -> None:
    request = asked("Write a Python function.")
    known = portfolio().model_copy(update={"tasks": {}})

    assert classify(request, features_of(request), known).task == GENERAL


@pytest.mark.parametrize(
    ("fields", "task", "risk"),
    [
        ({}, "faq", Risk.LOW),
        ({}, "invoice", Risk.HIGH),
        ({"risk": Risk.HIGH}, "faq", Risk.HIGH),
        ({"risk": Risk.LOW}, "invoice", Risk.HIGH),
        ({"tools": ({**TOOL, "x-effect": "irreversible"},)}, "faq", Risk.HIGH),
        ({"tools": ({"type": "function", "function": {"name": "pay", "x-effect": "irreversible"}},)}, "faq", Risk.HIGH),
        ({"tools": ({**TOOL, "x-effect": "write"},)}, "faq", Risk.LOW),
        ({"tools": ({**TOOL, "x-effect": "read"}, {**TOOL, "x-effect": "irreversible"})}, "faq", Risk.HIGH),
        ({}, "a task of nobody", Risk.LOW),
    ],
)
def test_risk_is_the_highest_that_anything_says(fields: dict[str, Any], task: str, risk: Risk) -> None:
    assert risk_of(asked(**fields), task, portfolio()) is risk


@pytest.mark.parametrize("function", [None, "f", 7, ["f"]])
def test_a_malformed_tool_is_no_error_of_ours(function: Any) -> None:
    assert risk_of(asked(tools=({"type": "function", "function": function},)), "faq", portfolio()) is Risk.LOW


@pytest.mark.parametrize(
    ("fields", "task", "risk", "lane"),
    [
        ({}, "faq", Risk.LOW, "simple"),
        ({}, "invoice", Risk.HIGH, "critical"),
        ({}, "poetry", Risk.LOW, "simple"),
        ({}, "faq", Risk.HIGH, "critical"),
        ({"lane": "simple"}, "invoice", Risk.HIGH, "critical"),
        ({"lane": "simple"}, "invoice", Risk.LOW, "simple"),
        ({"lane": "critical"}, "faq", Risk.LOW, "critical"),
        ({"lane": "nowhere"}, "faq", Risk.LOW, "simple"),
        ({"model": "auto"}, "faq", Risk.LOW, "simple"),
    ],
)
def test_a_lane_is_the_named_one_or_a_strict_one_or_the_tasks(
    fields: dict[str, Any], task: str, risk: Risk, lane: str
) -> None:
    assert lane_of(asked(**fields), task, risk, portfolio()).name == lane


def with_lanes(**lanes: Any) -> Portfolio:
    """The portfolio of the examples with further lanes, each like its simple one but for this."""
    document: Any = deepcopy(DOCUMENT)
    simple = document["lanes"]["simple"]
    document["lanes"] |= {name: {**simple, "tasks": [], **changes} for name, changes in lanes.items()}
    return Portfolio.of(document)


@pytest.mark.parametrize(
    ("named", "changes", "lane"),
    [
        ("checked", {"checks": ["format", {"agreement": {"threshold": 0.9}}, "arithmetic"]}, "checked"),
        ("urgent", {"priority": 0}, "critical"),
        ("half", {"checks": ["agreement"]}, "critical"),
    ],
)
def test_at_high_risk_a_named_lane_is_kept_where_it_checks_as_much(
    named: str, changes: dict[str, Any], lane: str
) -> None:
    assert lane_of(asked(lane=named), "faq", Risk.HIGH, with_lanes(**{named: changes})).name == lane


def test_a_task_of_high_risk_stays_in_its_own_lane() -> None:
    document: Any = deepcopy(DOCUMENT)
    document["tasks"]["loan"] = {"describe": "loans", "risk": "high"}
    document["lanes"]["loans"] = {**document["lanes"]["simple"], "tasks": ["loan"]}
    assert lane_of(asked(), "loan", Risk.HIGH, Portfolio.of(document)).name == "loans"


def test_where_no_lane_is_made_for_high_risk_the_usual_one_serves_it() -> None:
    document: Any = deepcopy(DOCUMENT)
    document["tasks"]["invoice"]["risk"] = "low"
    assert lane_of(asked(lane="simple"), "faq", Risk.HIGH, Portfolio.of(document)).name == "simple"


def test_a_lane_that_was_not_asked_for_is_explained() -> None:
    found = lane_of(asked(lane="simple"), "faq", Risk.HIGH, portfolio())
    assert found.why == "as its risk is high, in lane critical instead of simple, which checks less"
    assert lane_of(asked(), "invoice", Risk.HIGH, portfolio()).why is None


@dataclass(frozen=True)
class Told:
    """A classifier that always says this."""

    task: str | None
    confidence: float = 0.9
    version: str = "v1"

    def guess(self, text: str) -> "Told":
        return self


AS_JSON = {"response_format": {"type": "json_object"}}


def class_of(told: str | None, confidence: float = 0.9, **fields: Any) -> TaskFound:
    request = asked(**fields)
    return classify(request, features_of(request), portfolio(), Told(told, confidence))


def test_words_of_high_risk_count_before_the_form_of_the_answer() -> None:
    assert class_of("invoice", **AS_JSON).task == "invoice"
    assert class_of("invoice", 0.89, **AS_JSON).task == "extraction"
    assert class_of("faq", **AS_JSON).task == "extraction"
    assert class_of(None, **AS_JSON).task == "extraction"


def test_the_named_task_counts_before_any_words() -> None:
    assert class_of("invoice", task="faq").task == "faq"


def test_only_what_is_named_shown_or_told_for_sure_is_sure() -> None:
    assert class_of("faq").is_sure
    assert class_of(None, task="faq").is_sure
    assert class_of(None, **AS_JSON).is_sure
    assert not class_of(None).is_sure
    plain = asked()
    assert not classify(plain, features_of(plain), portfolio()).is_sure


@pytest.mark.parametrize(("model", "pinned"), [(None, None), ("auto", None), ("large", "large")])
def test_a_model_is_pinned_when_it_is_named(model: str | None, pinned: str | None) -> None:
    assert pinned_model(asked(model=model)) == pinned


@pytest.mark.parametrize(
    ("fields", "reason", "nearest"),
    [
        ({"task": "invoise"}, Reason.UNKNOWN_TASK, "did you mean invoice?"),
        ({"lane": "criticle"}, Reason.UNKNOWN_LANE, "did you mean critical?"),
        ({"model": "smal"}, Reason.UNKNOWN_MODEL, "did you mean small?"),
        ({"model": "portfolio/criticle"}, Reason.UNKNOWN_MODEL, "did you mean portfolio/critical?"),
        ({"model": "invoise"}, Reason.UNKNOWN_MODEL, "did you mean invoice?"),
        ({"model": "zzz"}, Reason.UNKNOWN_MODEL, "the portfolio has: auto, "),
    ],
)
def test_a_word_that_is_unknown_is_refused_with_the_nearest_right_one(
    fields: dict[str, Any], reason: Reason, nearest: str
) -> None:
    refusal = refusal_of(asked(**fields), portfolio())

    assert refusal is not None
    assert refusal.reason is reason
    assert nearest in refusal.detail


def test_known_words_are_followed() -> None:
    assert refusal_of(asked(task="invoice", lane="critical", model="large"), portfolio()) is None


@given(st.text(max_size=50), st.sampled_from(["task", "lane", "model"]))
def test_any_word_is_followed_or_refused_and_never_an_error(word: str, field: str) -> None:
    request = asked(**{field: word})
    known = {"task": portfolio().tasks, "lane": portfolio().lanes, "model": portfolio().models}[field]
    refusal = refusal_of(request, portfolio())

    assert (refusal is None) == (word in known or (field == "model" and word == "auto"))
