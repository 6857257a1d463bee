"""From OpenAI's body to the intake contract: passed on whole, or refused by name."""

import json
from collections.abc import Callable
from typing import Any, get_type_hints
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat.completion_create_params import CompletionCreateParamsBase, CompletionCreateParamsStreaming
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from schemas.chat import UNSUPPORTED
from schemas.places import place
from schemas.request import RequestSubmitted
from services.gateway.domain.chat_request import KNOWN, PASSED, Asked, ChatRequest, Extras, asked_of, fits
from services.gateway.domain.json_body import near_to
from services.gateway.domain.messages_content import Turn
from services.gateway.domain.messages_request import MessagesRequest, asked_of_messages
from services.gateway.domain.problems import Refused
from services.profiler.domain.params import PASSED as PASSED_BY_PROFILER

REQUEST_ID = UUID("11111111-2222-4333-8444-555555555555")
ASK = [{"role": "user", "content": "Where is the Louvre?"}]
TOOL = {"type": "function", "function": {"name": "where", "parameters": {"type": "object"}}}
VALUES = {
    "frequency_penalty": 0.5,
    "logit_bias": {"50256": -100.0},
    "max_completion_tokens": 50,
    "max_tokens": 60,
    "parallel_tool_calls": False,
    "presence_penalty": -1.5,
    "reasoning_effort": "low",
    "seed": 7,
    "stop": ["\n", "END"],
    "temperature": 0.0,
    "tool_choice": {"type": "function", "function": {"name": "where"}},
    "top_p": 0.9,
    "user": "u-1",
    "verbosity": "low",
    "prompt_cache_key": "faq",
    "safety_identifier": "u-1",
}
SOURCE_OF_MANY_NAMES = {"id": "1", "text": "x", **{f"x{number}": 1 for number in range(1_000)}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


def ask(**more: Any) -> RequestSubmitted:
    return asked_of(json.dumps({"messages": ASK, **more}).encode(), REQUEST_ID).submitted


def refused(**more: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        ask(**more)
    assert caught.value.problem.status == 400
    assert caught.value.problem.type == "invalid_request_error"
    return caught.value


def test_nothing_but_messages_is_required():
    assert ask() == RequestSubmitted(request_id=REQUEST_ID, tenant="default", messages=tuple(ASK))


def test_every_parameter_of_the_official_client_has_a_decision():
    hints = {**get_type_hints(CompletionCreateParamsBase), **get_type_hints(CompletionCreateParamsStreaming)}
    assert set(hints) - KNOWN == set()


def test_what_is_passed_here_is_passed_by_the_profiler():
    assert PASSED == PASSED_BY_PROFILER


def test_all_parameters_for_models_arrive_as_they_were_sent():
    assert set(VALUES) == PASSED
    assert ask(**VALUES, tools=[TOOL]).params == VALUES


def test_a_null_is_as_good_as_nothing():
    nothing = dict.fromkeys(KNOWN - {"messages"})
    assert ask(**nothing) == ask()


@pytest.mark.parametrize("name", sorted(UNSUPPORTED))
def test_an_unsupported_parameter_is_refused_by_name_with_a_remedy(name: str):
    problem = refused(**{name: "something"}).problem
    assert (problem.param, problem.code) == (name, "unsupported_parameter")
    assert problem.message.startswith(f"{name} is not supported: {UNSUPPORTED[name].remedy}")


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, how in UNSUPPORTED.items() for value in how.harmless]
)
def test_a_value_that_asks_for_nothing_is_taken(name: str, value: Any):
    assert ask(**{name: value}) == ask()


@pytest.mark.parametrize(("name", "value"), [("n", True), ("n", 2), ("stream", 0), ("logprobs", 0)])
def test_a_value_that_only_looks_harmless_is_refused(name: str, value: Any):
    assert refused(**{name: value}).problem.param == name


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"portfolio": {"lan": "simple"}}, "portfolio.lan: there is no such field: did you mean lane?"),
        ({"portfolio": {"zzz": 1}}, "portfolio.zzz: there is no such field: leave it out"),
        (
            {"portfolio": {"sources": [{"id": "a", "txt": "b"}]}},
            "portfolio.sources[0].txt: there is no such field: did you mean text?",
        ),
        ({"stream": True, "stream_options": {"include_use": True}}, "did you mean include_usage?"),
        ({"tool_choice": "sometimes"}, "tool_choice: one of none, auto, required is wanted, or {"),
    ],
)
def test_what_is_misspelt_inside_is_told_with_the_nearest_right_word(body: dict[str, Any], says: str):
    assert says in refused(**body).problem.message


def test_an_unknown_parameter_is_refused_with_the_nearest_right_word():
    problem = refused(temprature=0.5).problem
    assert (problem.param, problem.code) == ("temprature", "unknown_parameter")
    assert "did you mean temperature?" in problem.message


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"messages": None}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": ["hello"]}, "messages[0]"),
        ({"messages": [{"role": "usr", "content": "hi"}]}, "messages[0]"),
        ({"messages": [*ASK, {"content": "no role"}]}, "messages[1]"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0]"),
        ({"messages": [{"role": "user"}]}, "messages[0]"),
        ({"messages": [*ASK, {"role": "tool", "tool_call_id": "c1", "content": None}]}, "messages[1]"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0]"),
        ({"model": 5}, "model"),
        ({"temperature": "0.5"}, "temperature"),
        ({"temperature": 3}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_completion_tokens": 0}, "max_completion_tokens"),
        ({"seed": "7"}, "seed"),
        ({"stop": 5}, "stop"),
        ({"stop": ["a", 5]}, "stop"),
        ({"tool_choice": 5}, "tool_choice"),
        ({"tool_choice": "sometimes"}, "tool_choice"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": "required", "tools": []}, "tool_choice"),
        ({"tool_choice": VALUES["tool_choice"]}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "wher"}}}, "tool_choice"),
        ({"parallel_tool_calls": "yes"}, "parallel_tool_calls"),
        ({"logit_bias": {"5": "much"}}, "logit_bias.5"),
        ({"tools": TOOL}, "tools"),
        ({"tools": [TOOL, {"type": "function"}]}, "tools[1]"),
        ({"tools": [{"type": "function", "function": "where"}]}, "tools[0]"),
        ({"response_format": "json"}, "response_format"),
        ({"response_format": {"type": "yaml"}}, "response_format"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}}, "response_format"),
        ({"metadata": "x"}, "metadata"),
        ({"portfolio": "critical"}, "portfolio"),
        ({"portfolio": {"risk": "huge"}}, "portfolio.risk"),
        ({"portfolio": {"data_class": "secret"}}, "portfolio.data_class"),
        ({"portfolio": {"budget_usd": 0.01}}, "portfolio.budget_usd"),
        ({"portfolio": {"budget_usd": "1e-3"}}, "portfolio.budget_usd"),
        ({"portfolio": {"deadline_s": 0}}, "portfolio.deadline_s"),
        ({"portfolio": {"sources": [{"id": "a"}]}}, "portfolio.sources[0].text"),
        ({"portfolio": {"sources": [{"id": "a", "text": "b", "url": "c"}]}}, "portfolio.sources[0].url"),
        ({"portfolio": {"sources": ["a"]}}, "portfolio.sources[0]"),
        ({"portfolio": {"checks": ["format"]}}, "portfolio.checks[0]"),
        ({"portfolio": {"tenant": "other"}}, "portfolio.tenant"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(body: dict[str, Any], place: str):
    problem = refused(**body).problem
    assert problem.param == place
    assert problem.message.startswith(f"{place}: ")


def test_what_is_too_short_is_told_without_words_of_ours():
    assert refused(messages=[]).problem.message == "messages: at least 1 is wanted"


def test_a_missing_field_that_is_there_misspelt_is_told_so():
    with pytest.raises(Refused) as caught:
        asked_of(json.dumps({"mesages": ASK}).encode(), REQUEST_ID)
    assert caught.value.problem.message == "messages: Field required; did you mean it by mesages?"


def test_a_missing_field_is_named():
    with pytest.raises(Refused) as caught:
        asked_of(b"{}", REQUEST_ID)
    assert (caught.value.problem.param, caught.value.problem.code) == ("messages", "missing_required_parameter")


@pytest.mark.parametrize(
    "body", [b"", b"hello", b'{"messages": [', b"\xff\xfe", b'{"messages": "\\ud800"}', b'{"messages": [NaN]}']
)
def test_what_is_not_json_is_called_so(body: bytes):
    with pytest.raises(Refused) as caught:
        asked_of(body, REQUEST_ID)
    assert caught.value.problem.code == "invalid_json"
    assert caught.value.problem.message.startswith("The body is not JSON: ")


@pytest.mark.parametrize("body", [b"[]", b"null", b"5", b'"text"'])
def test_json_that_is_no_object_is_called_so(body: bytes):
    with pytest.raises(Refused) as caught:
        asked_of(body, REQUEST_ID)
    assert caught.value.problem.message == "The body must be a JSON object"


def test_the_portfolios_own_fields_are_those_of_the_intake_contract():
    intake = RequestSubmitted.model_json_schema()["properties"]
    assert {name: intake[name] for name in Extras.model_fields} == Extras.model_json_schema()["properties"]


def test_the_portfolios_own_fields_go_on():
    extras = {
        "task": "faq",
        "lane": "critical",
        "risk": "high",
        "checks": [{"name": "citations", "min": 1}],
        "sources": [{"id": "a", "text": "The Louvre is in Paris."}],
        "data_class": "restricted",
        "budget_usd": "0.01",
        "deadline_s": 12,
        "session": "s-1",
    }
    assert set(extras) == set(Extras.model_fields)
    told = json.loads(ask(portfolio=extras, metadata={"ticket": "T-1"}).to_json())
    assert {name: told[name] for name in extras} == extras
    assert told["metadata"] == {"ticket": "T-1"}


@given(extra=st.dictionaries(st.text().map("x-{}".format), JSON, max_size=3))
def test_content_arrives_unchanged_down_to_its_nulls(extra: dict[str, Any]):
    message = {**extra, "role": "assistant", "content": None}
    tool = {**TOOL, "x-effect": "read", "deep": extra}
    event = ask(messages=[message], tools=[tool], response_format={"type": "json_object", "deep": extra})
    told = json.loads(event.to_json())
    assert told["messages"] == [message]
    assert told["tools"] == [tool]
    assert told["response_format"]["deep"] == extra
    assert RequestSubmitted.read(event.to_json()) == event


@given(body=st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_body_makes_anything_but_a_refusal(body: bytes):
    with pytest.raises(Refused):
        asked_of(body, REQUEST_ID)


@given(more=st.dictionaries(st.sampled_from(sorted(KNOWN)), JSON))
def test_no_value_of_a_known_field_makes_anything_but_a_request_or_a_refusal(more: dict[str, Any]):
    try:
        event = ask(**more)
    except Refused as error:
        assert error.problem.param is not None
    else:
        assert RequestSubmitted.read(event.to_json()) == event


@given(content=st.text(alphabet=st.sampled_from('"\\\n\x01aé€'), max_size=60))
def test_what_fits_is_told_by_its_size_inside_another_json_text(content: str):
    event = ask(messages=[{"role": "user", "content": content}])
    size = len(to_json(event.to_json().decode())) - len('""')
    assert fits(event, size, size)
    assert not fits(event, size, size - 1)


def test_words_that_are_no_numbers_may_stand_in_a_text():
    assert ask(messages=[{"role": "user", "content": "NaN, -Infinity"}]).messages[0]["content"] == "NaN, -Infinity"


def test_a_number_that_python_would_not_print_is_refused():
    body = b'{"messages":[{"role":"user","content":"x","n":' + b"1" * 5_000 + b"}]}"
    with pytest.raises(Refused):
        asked_of(body, REQUEST_ID)


def test_nesting_without_end_is_refused():
    body = b'{"messages":[{"role":"user","content":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}"
    with pytest.raises(Refused):
        asked_of(body, REQUEST_ID)


@pytest.mark.parametrize(
    ("shape", "wrong"),
    [
        (ChatRequest, {"messages": [1] * 1_000}),
        (ChatRequest, {"messages": ASK, "tools": [1] * 1_000}),
        (ChatRequest, {"messages": ASK, "logit_bias": {str(number): "much" for number in range(1_000)}}),
        (ChatRequest, {"messages": ASK, "portfolio": {f"lane{number}": 1 for number in range(1_000)}}),
        (ChatRequest, {"messages": ASK, "portfolio": {"sources": [1] * 1_000}}),
        (ChatRequest, {"messages": ASK, "portfolio": {"sources": [SOURCE_OF_MANY_NAMES]}}),
        (
            MessagesRequest,
            {"model": "auto", "max_tokens": 5, "messages": ASK, "portfolio": {"sources": [SOURCE_OF_MANY_NAMES]}},
        ),
        (MessagesRequest, {"model": "auto", "max_tokens": 5, "messages": [1] * 1_000}),
        (MessagesRequest, {"model": "auto", "max_tokens": 5, "messages": ASK, "stop_sequences": [1] * 1_000}),
        (Turn, {"role": "user", "content": "x", **{f"x{number}": 1 for number in range(1_000)}}),
    ],
)
def test_a_body_that_is_wrong_in_a_thousand_places_makes_few_errors(shape: type[BaseModel], wrong: Any) -> None:
    """An error takes a kilobyte, and what it tells of two bytes: those of a body of 32 MB took 15 GB."""
    with pytest.raises(ValidationError) as caught:
        shape.model_validate_json(json.dumps(wrong))
    assert caught.value.error_count() <= 2


def test_a_word_that_is_no_name_of_ours_is_told_back_in_short_and_compared_with_none() -> None:
    problem = refused(**{"x" * 100_000: 1}).problem
    assert len(problem.message) < 200
    assert problem.param == f"{'x' * 64}..."
    assert near_to("messages" * 10, ["messages" * 10]) is None
    assert near_to("messages", (f"{number:0100}" for number in range(100))) is None
    assert near_to("messages", [*map(str, range(1_000)), "message"]) is None


WORD = "x" * 100_000
LONG_SOURCE = {"portfolio": {"sources": [{"id": "1", "text": "x", WORD: 1}]}}
LONG_IMAGE = {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": WORD}}]}]}


@pytest.mark.parametrize(
    ("asked_of", "given"),
    [(asked_of, LONG_SOURCE), (asked_of_messages, LONG_SOURCE), (asked_of_messages, LONG_IMAGE)],
)
def test_wherever_a_word_of_the_client_s_stands_little_of_it_is_told_back(
    asked_of: Callable[[bytes, UUID], Asked], given: dict[str, Any]
) -> None:
    body = {"model": "auto", "max_tokens": 5, "messages": ASK, **given}
    with pytest.raises(Refused) as caught:
        asked_of(json.dumps(body).encode(), REQUEST_ID)
    assert len(caught.value.problem.param or "") < 100
    assert len(caught.value.problem.message) < 300


def test_a_place_is_told_with_its_names_cut() -> None:
    assert place(("messages", 0, WORD, "text")) == f"messages[0].{'x' * 64}....text"
