"""Payloads: what a question, a repair and stray parameters become on the wire."""

import json
from typing import Any

import pytest
from dispatches import HELLO, dispatched, json_body, portfolio, tried

from schemas.attempt import Repair
from schemas.content import Body, Question
from schemas.portfolio import OnUnknown
from schemas.providers import Provider
from schemas.vocabulary import Reason
from services.model_worker.domain.calls import Billed, CallFailed
from services.model_worker.domain.chat import NOT_RUN, characters_of, payload_of
from services.model_worker.domain.hints import bounded, messages_for, params_for
from services.model_worker.domain.preparation import Prepared, prepare, takes_marks, unpriced
from services.model_worker.domain.pricing import Rate

TOOL = {
    "type": "function",
    "x-effect": "irreversible",
    "function": {"name": "pay", "x-note": 1, "parameters": {"x-kept": True}},
}


def repair_of(message: dict[str, Any]) -> Repair:
    return Repair(answer=json_body({"message": message, "finish_reason": "stop"}), message="/boxes: not a number")


def unlisted(_model: str) -> Rate | None:
    return None


def prepared(event: Any, **entries: Any) -> Prepared:
    found = prepare(event, portfolio(**entries), unlisted)
    assert isinstance(found, Prepared)
    return found


def test_parameters_pass_through_and_cannot_replace_what_was_asked() -> None:
    params = {"temperature": 0, "seed": 3, "model": "dearer", "messages": [], "stream": True, "stream_options": {}}
    payload = payload_of(Question(messages=HELLO, params=params), None, "acme-small-2026")
    assert payload == {"temperature": 0, "seed": 3, "model": "acme-small-2026", "messages": list(HELLO)}


def test_tools_go_without_the_fields_that_are_ours_and_schemas_are_untouched() -> None:
    payload = payload_of(Question(messages=HELLO, tools=(TOOL,), response_format={"type": "json_object"}), None, "m")
    assert payload["tools"] == [
        {"type": "function", "function": {"name": "pay", "parameters": {"x-kept": True}}},
    ]
    assert payload["response_format"] == {"type": "json_object"}


MARK = {"cache_control": {"type": "ephemeral"}}
MARKED = (
    {"role": "system", "content": [{"type": "text", "text": "Rules.", **MARK}, {"type": "text", "text": "Today."}]},
    {"role": "user", "content": [{"type": "text", "text": "Hi", **MARK}]},
    {"role": "tool", "tool_call_id": "t", "content": "18", **MARK},
    {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}, **MARK}]},
)


def test_marks_of_prompt_caching_stay_with_who_takes_them() -> None:
    question = Question(messages=MARKED, tools=({**TOOL, **MARK},))
    kept, plain = (payload_of(question, None, "m", marks=marks) for marks in (True, False))
    assert (kept["messages"], kept["tools"][0]["cache_control"]) == (list(MARKED), MARK["cache_control"])
    assert plain["messages"] == [
        {"role": "system", "content": "Rules.\n\nToday."},
        {"role": "user", "content": "Hi"},
        {"role": "tool", "tool_call_id": "t", "content": "18"},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}]},
    ]
    assert "cache_control" not in json.dumps(plain)


@pytest.mark.parametrize(
    ("provider", "model", "takes"),
    [
        ({"adapter": "litellm"}, "anthropic/claude", True),
        ({"adapter": "litellm"}, "openai/gpt", False),
        ({"adapter": "litellm", "cache_control": False}, "anthropic/claude", False),
        ({"adapter": "openai_compatible", "base_url": "http://a"}, "anthropic/claude", False),
        ({"adapter": "openai_compatible", "base_url": "http://a", "cache_control": True}, "claude", True),
    ],
)
def test_who_takes_marks_is_said_by_the_portfolio_or_is_anthropic(
    provider: dict[str, Any], model: str, takes: bool
) -> None:
    assert takes_marks(Provider.of(provider), model) is takes


OPENAI = {"adapter": "openai_compatible", "base_url": "https://api.openai.com/v1"}
OTHER = {"adapter": "openai_compatible", "base_url": "https://notopenai.com/v1"}
LITELLM = {"adapter": "litellm"}


@pytest.mark.parametrize(
    ("provider", "model", "told"),
    [
        (OPENAI, "gpt", {"prompt_cache_key": "k", "safety_identifier": "ada"}),
        ({**OPENAI, "cache_control": False}, "gpt", {"safety_identifier": "ada"}),
        (OTHER, "gpt", {"user": "ada"}),
        ({**OTHER, "base_url": "${ADDRESS}"}, "gpt", {"user": "ada"}),
        ({**OTHER, "cache_control": True}, "gpt", {"prompt_cache_key": "k", "user": "ada"}),
        (LITELLM, "openai/gpt", {"prompt_cache_key": "k", "safety_identifier": "ada"}),
        ({**LITELLM, "base_url": "https://else.where"}, "openai/gpt", {"user": "ada"}),
        (LITELLM, "azure/gpt", {"prompt_cache_key": "k", "user": "ada"}),
        (LITELLM, "anthropic/claude", {"user": "ada"}),
        ({**LITELLM, "cache_control": True}, "anthropic/claude", {"user": "ada"}),
    ],
)
def test_what_only_openai_takes_is_told_to_nobody_who_would_refuse_it(
    provider: dict[str, Any], model: str, told: dict[str, Any]
) -> None:
    asked = {"prompt_cache_key": "k", "safety_identifier": "ada", "seed": 1}
    assert params_for(asked, Provider.of(provider), model) == {**told, "seed": 1}
    assert params_for({**asked, "user": "shop"}, Provider.of(provider), model)["user"] == "shop"


DEVELOPERS = {"role": "developer", "content": "Be brief."}


@pytest.mark.parametrize(
    ("provider", "model", "role"),
    [
        (OPENAI, "gpt", "developer"),
        (LITELLM, "openai/gpt", "developer"),
        (OTHER, "qwen", "system"),
        ({**LITELLM, "base_url": "https://else.where"}, "openai/qwen", "system"),
    ],
)
def test_a_developer_is_the_system_where_no_template_knows_the_word(
    provider: dict[str, Any], model: str, role: str
) -> None:
    asked = (DEVELOPERS, *HELLO)
    assert messages_for(asked, Provider.of(provider), model) == ({**DEVELOPERS, "role": role}, *HELLO)
    assert messages_for(HELLO, Provider.of(provider), model) is HELLO


def test_a_call_is_told_in_the_words_of_its_provider() -> None:
    event = dispatched(messages=(DEVELOPERS, *HELLO))
    assert prepared(event).call.payload["messages"][0] == {**DEVELOPERS, "role": "system"}


@pytest.mark.parametrize(
    ("provider", "model", "name"),
    [
        (OPENAI, "gpt", "max_completion_tokens"),
        (OTHER, "gpt", "max_tokens"),
        (LITELLM, "anthropic/claude", "max_tokens"),
    ],
)
def test_a_longer_answer_is_asked_for_in_the_word_that_the_provider_takes(
    provider: dict[str, Any], model: str, name: str
) -> None:
    assert bounded({"seed": 1}, 2_000, Provider.of(provider), model) == {"seed": 1, name: 2_000}
    assert bounded({"seed": 1}, None, Provider.of(provider), model) == {"seed": 1}


@pytest.mark.parametrize(
    ("provider", "model", "name"),
    [
        (OPENAI, "gpt-4o", "max_completion_tokens"),
        (LITELLM, "openai/gpt-4o", "max_completion_tokens"),
        (OTHER, "qwen", "max_tokens"),
        (OTHER, "gpt-oss-20b", "max_tokens"),
        (OTHER, "openai/o3-mini", "max_completion_tokens"),
        (OTHER, "gpt-5.4", "max_completion_tokens"),
        (LITELLM, "anthropic/claude", "max_tokens"),
        (LITELLM, "ollama/qwen", "max_tokens"),
        ({**LITELLM, "base_url": "https://else.where"}, "openai/qwen", "max_tokens"),
    ],
)
@pytest.mark.parametrize(
    "asked",
    [
        {"max_tokens": 60},
        {"max_completion_tokens": 60},
        {"max_completion_tokens": 60, "max_tokens": 90},
        {"max_completion_tokens": None, "max_tokens": 60.0},
    ],
)
def test_a_clients_bound_is_told_in_the_word_that_the_provider_takes(
    provider: dict[str, Any], model: str, name: str, asked: dict[str, Any]
) -> None:
    assert params_for({"seed": 1, **asked}, Provider.of(provider), model) == {"seed": 1, name: 60}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"max_tokens": 60}, {"max_tokens": 60}),
        ({"max_completion_tokens": 60}, {"max_completion_tokens": 60}),
        ({"max_completion_tokens": 60, "max_tokens": 90}, {"max_completion_tokens": 60}),
        ({}, {}),
    ],
)
def test_where_nobody_knows_which_word_is_taken_the_clients_own_goes_on(
    asked: dict[str, Any], told: dict[str, Any]
) -> None:
    assert params_for(asked, Provider.of(LITELLM), "azure/our-deployment") == told


@pytest.mark.parametrize("own", [{"max_tokens": 60}, {"max_completion_tokens": "100"}, {"max_tokens": 100.0}])
def test_where_the_client_set_a_bound_of_its_own_nothing_longer_is_asked_for(own: dict[str, Any]) -> None:
    event = dispatched(params=own)
    longer = event.attempt.model_copy(update={"most_output_tokens": 2_000})
    found = prepare(event.model_copy(update={"attempt": longer}), portfolio(), unlisted)

    assert isinstance(found, CallFailed)
    assert (found.reason, found.billed) == (Reason.INVALID_REQUEST, Billed.NOTHING)
    assert prepared(event).call.payload.items() >= own.items()


def test_a_repair_shows_the_model_its_answer_and_what_is_wrong_with_it() -> None:
    repair = repair_of({"role": "assistant", "content": "ten", "reasoning_content": "hm", "refusal": None})
    messages = payload_of(Question(messages=HELLO), repair, "m")["messages"]
    assert messages == [
        *HELLO,
        {"role": "assistant", "content": "ten"},
        {"role": "user", "content": "/boxes: not a number"},
    ]


def test_a_repaired_tool_call_gets_the_result_that_the_api_demands() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "pay", "arguments": "{}"}}
    repair = repair_of({"role": "assistant", "content": None, "tool_calls": [call]})
    messages = payload_of(Question(messages=HELLO), repair, "m")["messages"]
    assert messages[1:] == [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": NOT_RUN},
        {"role": "user", "content": "/boxes: not a number"},
    ]


def test_a_repaired_tool_call_without_an_id_is_shown_as_text() -> None:
    repair = repair_of({"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "pay"}}]})
    messages = payload_of(Question(messages=HELLO), repair, "m")["messages"]
    assert messages[1] == {"role": "assistant", "content": '[{"function": {"name": "pay"}}]'}
    assert messages[2]["role"] == "user"


def test_repaired_tool_calls_with_one_id_between_them_are_shown_as_text() -> None:
    calls = [{"id": "c1", "type": "function", "function": {"name": "pay", "arguments": "{}"}}] * 2
    messages = payload_of(Question(messages=HELLO), repair_of({"role": "assistant", "tool_calls": calls}), "m")[
        "messages"
    ]
    assert [message["role"] for message in messages[1:]] == ["assistant", "user"]
    assert json.loads(messages[1]["content"]) == calls


def calling(*calls: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": list(calls)}


@pytest.mark.parametrize(
    ("told", "text"), [({"to": "Zoë"}, '{"to": "Zoë"}'), (None, "{}"), ({}, "{}"), ('{"a":1}', '{"a":1}'), ("", "")]
)
def test_earlier_calls_are_told_in_openais_words(told: Any, text: str) -> None:
    asked = calling({"id": "c1", "function": {"name": "pay", "arguments": told}})
    wanted = calling({"id": "c1", "type": "function", "function": {"name": "pay", "arguments": text}})
    question = Question(messages=(*HELLO, asked))
    assert payload_of(question, None, "m")["messages"] == [*HELLO, wanted]
    assert payload_of(question, None, "m", marks=True)["messages"] == [*HELLO, wanted]


def test_a_call_without_arguments_is_told_with_none() -> None:
    [*_, told] = payload_of(Question(messages=(calling({"function": {"name": "pay"}}),)), None, "m")["messages"]
    assert told["tool_calls"] == [{"function": {"name": "pay", "arguments": "{}"}, "type": "function"}]


def test_a_call_of_another_type_is_told_as_it_was_sent() -> None:
    asked = calling({"id": "c1", "type": "custom", "custom": {"name": "pay", "input": "x"}})
    assert payload_of(Question(messages=(asked,)), None, "m")["messages"] == [asked]


def test_characters_count_messages_tools_and_schema() -> None:
    parts = {"role": "user", "content": [{"type": "text", "text": "abc"}]}
    payload = {"messages": [*HELLO, parts, {"role": "assistant", "content": None}], "tools": [{"a": 1}]}
    assert characters_of(payload) == len(HELLO[0]["content"]) + len('[{"type": "text", "text": "abc"}]') + len(
        '[{"a": 1}]'
    )


def test_a_call_knows_how_often_its_own_model_was_asked_before() -> None:
    refused = tried(4, "small").model_copy(update={"reason": Reason.BREAKER_OPEN})
    event = dispatched(number=5, tried=(tried(1, "small"), tried(2, "other"), tried(3, "small"), refused))
    call = prepared(event).call
    assert (call.model, call.nth, call.fingerprint) == ("small", 2, event.request.fingerprint)
    assert call.payload["model"] == "acme-small-2026"


def test_the_most_input_is_a_token_a_byte_and_never_more_than_the_context() -> None:
    event = dispatched()
    assert prepared(event).call.most_input_tokens == event.body.bytes
    assert prepared(dispatched(has_images=True)).call.most_input_tokens == 4096
    long = dispatched(messages=({"role": "user", "content": "x" * 9_000},))
    assert prepared(long).call.most_input_tokens == 4096
    repaired = dispatched(repair=repair_of({"role": "assistant", "content": "ten"}))
    assert prepared(repaired).call.most_input_tokens > repaired.body.bytes


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (dispatched(model="unheard"), Reason.UNKNOWN_MODEL),
        (dispatched(provider="elsewhere"), Reason.UNKNOWN_MODEL),
        (dispatched().model_copy(update={"body": json_body({"messages": []})}), Reason.INVALID_REQUEST),
        (dispatched().model_copy(update={"body": Body(ref="s3://b/k", sha256="0", bytes=1)}), Reason.INVALID_REQUEST),
    ],
    ids=["model", "provider", "shape", "by reference"],
)
def test_what_cannot_be_called_says_why(event: Any, reason: Reason) -> None:
    failure = prepare(event, portfolio(), unlisted)
    assert isinstance(failure, CallFailed)
    assert failure.reason is reason
    assert failure.detail


def test_the_lane_says_what_an_unknown_outcome_means() -> None:
    assert prepared(dispatched(), lane={"on_unknown": "fail"}).on_unknown is OnUnknown.FAIL
    assert prepared(dispatched(lane="gone")).on_unknown is OnUnknown.REPEAT


def test_models_without_a_price_are_named_as_the_provider_knows_them() -> None:
    assert unpriced(portfolio(), "acme") == ["acme-small-2026"]
    assert unpriced(portfolio(price={"usd_per_hour": "1"}), "acme") == []
    assert unpriced(portfolio(), "elsewhere") == []
