"""Where a provider's refusal says that the fault is."""

import json
from datetime import UTC, datetime

import pytest

from services.model_worker.domain.refusals import failure_of

AT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("param", "told"),
    [
        ("response_format", "(HTTP 400, invalid_value, at response_format)"),
        ("messages[1].content", "(HTTP 400, invalid_value, at messages[1].content)"),
        ("tools[0].function.parameters", "(HTTP 400, invalid_value, at tools[0].function.parameters)"),
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
