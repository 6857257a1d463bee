"""The intake contract: nothing but messages is required."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.request import RequestSubmitted

TEXT = {"type": "text", "text": "7"}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/sea.png", "detail": "low"}}
PLAIN_IMAGE = {"type": "image_url", "image_url": "https://example.org/sea.png"}
MESSAGES = [{"role": "user", "content": "When do you open?"}]


def read(**fields: Any) -> RequestSubmitted:
    return RequestSubmitted.read(json.dumps({"messages": MESSAGES, **fields}))


def test_messages_are_enough() -> None:
    assert read().messages == tuple(MESSAGES)


def test_a_field_that_is_null_is_absent() -> None:
    optional = [name for name in RequestSubmitted.model_fields if name != "messages"]
    assert read(**dict.fromkeys(optional)) == read()


def test_what_a_message_holds_is_passed_through() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [call], "x": {"deep": [1]}},
        {"role": "tool", "tool_call_id": "c1", "content": [TEXT]},
        {"role": "user", "content": [IMAGE, PLAIN_IMAGE, {"type": "of_another_api", "any": 1}]},
        {"role": "user", "content": []},
    ]

    assert list(read(messages=messages).messages) == messages


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": [{"content": "no role"}]}, "needs a role"),
        ({"messages": [{"role": 7, "content": "x"}]}, "needs a role"),
        ({"messages": [{"role": "user", "content": 7}]}, "content is a string"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, r"content\[0\] should be an object with a type"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, r"content\[0\] should be an object with a type"),
        ({"messages": [{"role": "user", "content": [TEXT, {"type": "text"}]}]}, r"content\[1\] should be"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": 7}]}]}, r"content\[0\] should be"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": 7}]}]}, "image_url.+url"),
        ({"messages": ["hello"]}, "messages.0"),
        ({"request_id": "seven"}, "request_id"),
        ({"risk": "extreme"}, "risk"),
        ({"data_class": "secret"}, "data_class"),
        ({"budget_usd": "-1"}, "budget_usd"),
        ({"budget_usd": 0.01}, 'a string of dollars is wanted, such as "0.05"'),
        ({"budget_usd": "0.0000001"}, "budget_usd"),
        ({"deadline_s": 0}, "deadline_s"),
        ({"deadline_s": -1}, "deadline_s"),
        ({"deadline_s": "30"}, "deadline_s"),
        ({"deadline_s": float("nan")}, "deadline_s"),
        ({"params": []}, "params"),
        ({"tools": {}}, "tools"),
        ({"metadata": "x"}, "metadata"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        read(**fields)


def test_an_unknown_field_is_no_error() -> None:
    assert read(colour="blue") == read()


@pytest.mark.parametrize("deadline", [30, 30.5, 0.001])
def test_a_deadline_may_be_whole_or_not(deadline: float) -> None:
    assert read(deadline_s=deadline).deadline_s == deadline
