"""How an end is told: OpenAI's shapes, the right status, a remedy, and whether to send it again."""

import json
from collections.abc import Callable
from uuid import UUID

import pytest
from openai.types import Model
from openai.types.chat import ChatCompletion

from schemas.content import Json
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.standing import PortfolioRevised
from schemas.vocabulary import Reason
from services.gateway.domain.chat_completion import completion_of, reply_of
from services.gateway.domain.model_list import model_list
from services.gateway.domain.openapi import REFUSALS
from services.gateway.domain.problems import ENDS, problem_of

ID = UUID("11111111-2222-4333-8444-555555555555")
CALL: Json = {"id": "call_1", "type": "function", "function": {"name": "where", "arguments": '{"a": 1}'}}
MakeCompleted = Callable[..., RequestCompleted]
MakeFailed = Callable[..., RequestFailed]


def test_an_answer_is_a_chat_completion(make_completed: MakeCompleted):
    told = ChatCompletion.model_validate_json(reply_of(make_completed(ID)).body, strict=True)
    assert told.id == f"chatcmpl-{ID}"
    assert (told.model, told.created, told.system_fingerprint) == ("small", 1772366400, "0123456789ab")
    [choice] = told.choices
    assert (choice.index, choice.finish_reason, choice.message.content) == (0, "stop", "Paris.")
    assert told.usage is not None
    assert (told.usage.prompt_tokens, told.usage.completion_tokens, told.usage.total_tokens) == (12, 3, 15)
    assert told.usage.prompt_tokens_details is not None
    assert told.usage.prompt_tokens_details.cached_tokens == 4
    assert told.usage.completion_tokens_details is not None
    assert told.usage.completion_tokens_details.reasoning_tokens == 2


def test_tool_calls_keep_their_shape_and_content_is_null(make_completed: MakeCompleted):
    answer = {"message": {"role": "assistant", "tool_calls": [CALL]}, "finish_reason": "tool_calls"}
    [choice] = completion_of(make_completed(ID, answer=answer))["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"] == {"role": "assistant", "content": None, "refusal": None, "tool_calls": [CALL]}


@pytest.mark.parametrize("told", ["moonrise", "unknown", "abort"])
@pytest.mark.parametrize(("calls", "expected"), [([], "stop"), ([CALL], "tool_calls")], ids=["text", "calls"])
def test_typed_clients_are_told_no_reason_that_they_do_not_know(
    told: str, calls: list[Json], expected: str, make_completed: MakeCompleted
):
    answer = {"message": {"role": "assistant", "content": "4", "tool_calls": calls or None}, "finish_reason": told}
    reply = reply_of(make_completed(ID, answer=answer))
    assert ChatCompletion.model_validate_json(reply.body, strict=True).choices[0].finish_reason == expected


def test_what_else_a_model_says_in_its_message_is_kept(make_completed: MakeCompleted):
    answer = {"message": {"content": "4", "reasoning_content": "2 + 2"}, "finish_reason": "stop"}
    [choice] = completion_of(make_completed(ID, answer=answer))["choices"]
    assert choice["message"]["reasoning_content"] == "2 + 2"


def test_the_headers_tell_the_road(make_completed: MakeCompleted):
    assert reply_of(make_completed(ID)).headers == {
        "x-portfolio-model": "small",
        "x-portfolio-provider": "acme",
        "x-portfolio-status": "verified",
        "x-portfolio-attempts": "2",
        "x-portfolio-cost-usd": "0.00015",
        "x-portfolio-cost-kind": "known",
    }


def test_every_reason_has_its_status_and_remedy():
    assert set(ENDS) == set(Reason)
    assert all(end.what and end.remedy.endswith(".") for end in ENDS.values())
    assert {str(end.status) for end in ENDS.values()} <= set(REFUSALS)


@pytest.mark.parametrize(
    ("reason", "status", "param"),
    [
        ("invalid_request", 400, None),
        ("unsupported_parameter", 400, None),
        ("context_too_long", 400, "messages"),
        ("unknown_lane", 400, "portfolio.lane"),
        ("unknown_task", 400, "portfolio.task"),
        ("unknown_model", 404, "model"),
        ("budget_spent", 402, None),
        ("rate_limited", 429, None),
        ("deadline", 504, None),
        ("no_eligible_model", 503, None),
        ("tiers_spent", 502, None),
        ("provider_error", 502, None),
        ("a_reason_of_next_year", 502, None),
    ],
)
def test_a_failure_has_the_status_of_its_reason(make_failed: MakeFailed, reason: str, status: int, param: str | None):
    problem = problem_of(make_failed(ID, reason=reason))
    assert (problem.status, problem.param) == (status, param)


def test_a_failure_says_what_happened_and_what_to_do(make_failed: MakeFailed):
    detail = "unknown model 'smal': did you mean small?"
    reply = reply_of(make_failed(ID, reason="unknown_model", detail=detail))
    assert json.loads(reply.body) == {
        "error": {
            "message": f"The portfolio has no such model ({detail}). GET /v1/models lists what can be asked.",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }
    }
    assert reply.headers["x-portfolio-status"] == "failed"
    assert reply.headers["x-portfolio-cost-usd"] == "0.00015"


def test_what_may_have_cost_less_is_told_as_a_bound(make_failed: MakeFailed):
    headers = reply_of(make_failed(ID, reason="provider_error", cost_usd="1.54", bounded_usd="1.5")).headers
    assert (headers["x-portfolio-cost-usd"], headers["x-portfolio-cost-kind"]) == ("1.54", "bounded")


@pytest.mark.parametrize("reason", list(Reason))
def test_what_cost_money_is_not_sent_again(make_failed: MakeFailed, reason: Reason):
    assert reply_of(make_failed(ID, reason=reason, cost_usd="0.0001")).headers["x-should-retry"] == "false"


@pytest.mark.parametrize("reason", ["rate_limited", "no_eligible_model"])
def test_what_cost_nothing_and_may_pass_is_sent_again(make_failed: MakeFailed, reason: str):
    headers = reply_of(make_failed(ID, reason=reason, cost_usd="0")).headers
    assert (headers["x-should-retry"], headers["retry-after"]) == ("true", "5")


@pytest.mark.parametrize(("cost_usd", "again"), [("0", "true"), ("0.0001", "false")])
def test_what_waiting_left_no_time_is_an_overload(make_failed: MakeFailed, cost_usd: str, again: str):
    reply = reply_of(make_failed(ID, reason="starved", cost_usd=cost_usd))
    assert (reply.status, reply.headers["retry-after"], reply.headers["x-should-retry"]) == (503, "5", again)


def test_the_model_list_has_auto_the_lanes_and_what_can_be_asked(revised: PortfolioRevised):
    listed = [Model.model_validate(entry, strict=True) for entry in model_list(revised)["data"]]
    assert [model.id for model in listed] == ["auto", "portfolio/simple", "portfolio/critical", "small", "large"]
    assert [model.owned_by for model in listed] == ["model-portfolio"] * 3 + ["platform"] * 2


@pytest.mark.parametrize(("renews", "told"), [("12:00:30", "30"), ("12:00:29.5", "30"), ("11:59:00", "1")])
def test_a_budget_that_renews_says_when(make_failed: MakeFailed, renews: str, told: str):
    ended = make_failed(ID, reason="quota_spent", cost_usd="0", retry_at=f"2026-03-01T{renews}Z")
    reply = reply_of(ended)
    assert (reply.status, reply.headers["retry-after"], reply.headers["x-should-retry"]) == (429, told, "false")


def test_a_budget_that_does_not_say_when_it_renews_is_told_without(make_failed: MakeFailed):
    assert "retry-after" not in reply_of(make_failed(ID, reason="quota_spent", cost_usd="0")).headers
