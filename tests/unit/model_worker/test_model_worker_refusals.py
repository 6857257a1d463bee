"""Where a provider's refusal says that the fault is."""

import json
from datetime import UTC, datetime

import pytest

from schemas.vocabulary import Reason
from services.model_worker.domain.calls import Billed
from services.model_worker.domain.refusals import failure_of

AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("param", "told"),
    [
        ("response_format", "(HTTP 400, invalid_value, at response_format)"),
        ("messages[1].content", "(HTTP 400, invalid_value, at messages[1].content)"),
        ("tools[0].function.parameters", "(HTTP 400, invalid_value, at tools[0].function.parameters)"),
        ("messages.[1].role", "(HTTP 400, invalid_value, at messages.[1].role)"),
        ("tools.0.function.name", "(HTTP 400, invalid_value, at tools.0.function.name)"),
        ("messages.1234567890", "(HTTP 400, invalid_value)"),
        (None, "(HTTP 400, invalid_value)"),
        (7, "(HTTP 400, invalid_value)"),
        ("sk-4f9a1c", "(HTTP 400, invalid_value)"),
        ("my diagnosis", "(HTTP 400, invalid_value)"),
        ("messages\n", "(HTTP 400, invalid_value)"),
    ],
)
def test_a_refusal_names_the_parameter_at_fault_and_nothing_that_may_be_the_clients(param: object, told: str) -> None:
    raw = json.dumps({"error": {"code": "invalid_value", "param": param}}).encode()
    found = failure_of(400, None, raw, AT)
    assert found.detail == f"the provider refuses the request as it is {told}"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, {"code": "insufficient_quota", "type": "insufficient_quota"}),
        (429, {"code": "project_spend_limit_exceeded", "type": "insufficient_quota"}),
        (429, {"code": "billing_not_active"}),
        (400, {"code": "billing_hard_limit_reached"}),
        (402, {"message": "no"}),
        (403, {"type": "billing_error"}),
        (400, {"type": "invalid_request_error", "message": "Your credit balance is too low to use the API."}),
    ],
)
def test_an_account_without_money_is_no_limit_that_passes(status: int, error: dict[str, str]) -> None:
    found = failure_of(status, "2", json.dumps({"error": error}).encode(), AT)
    assert (found.reason, found.billed) == (Reason.UNAUTHORIZED, Billed.NOTHING)
    assert found.detail.startswith("the account has no money or quota left: pay")


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (429, {"code": "rate_limit_exceeded", "type": "requests"}, Reason.RATE_LIMITED),
        (429, {"message": "Your credit balance is too low"}, Reason.RATE_LIMITED),
        (400, {"message": 'messages[0]: "your credit balance is too low"'}, Reason.INVALID_REQUEST),
        (500, {"code": "insufficient_quota"}, Reason.PROVIDER_ERROR),
    ],
)
def test_neither_a_passing_limit_nor_a_quoted_prompt_sets_a_provider_aside(
    status: int, error: dict[str, str], reason: Reason
) -> None:
    assert failure_of(status, None, json.dumps({"error": error}).encode(), AT).reason is reason
