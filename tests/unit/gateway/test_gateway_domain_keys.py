"""Keys, without a database: what is read of a header, what is refused, and how an amount becomes a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.asking import TOKENS_AN_IMAGE
from schemas.request import RequestSubmitted
from schemas.vocabulary import Operation
from services.gateway.config import GatewayConfig
from services.gateway.domain.dialect import ANTHROPIC, OPENAI, RESPONSES
from services.gateway.domain.keys import (
    MINUTE,
    USUAL_ANSWER_TOKENS,
    Key,
    Scope,
    checked,
    hashed,
    missing_key,
    presented,
    secret_of,
    share_of_a_minute,
    tokens_of,
    unbounded_tokens,
)
from services.gateway.domain.problems import Refused

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def key(**told: Any) -> Key:
    return Key(**{"id": "1f0c2a9b44de", "name": "a test", "created_at": NOW, **told})


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({"authorization": "Bearer abc"}, "abc"),
        ({"authorization": "bearer  abc "}, "abc"),
        ({"x-api-key": "abc"}, "abc"),
        ({"authorization": "Basic abc"}, ""),
        ({"authorization": "abc"}, ""),
        ({}, ""),
    ],
)
def test_keys_come_as_openai_s_and_anthropic_s_clients_send_them(headers: dict[str, str], secret: str) -> None:
    assert presented(headers) == secret


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (None, 401),
        (key(revoked_at=NOW), 401),
        (key(expires_at=NOW), 401),
        (key(scopes=(Scope.ADMIN,)), 403),
    ],
)
def test_a_key_that_is_not_good_is_refused(found: Key | None, status: int) -> None:
    with pytest.raises(Refused) as caught:
        checked(found, Scope.CHAT, NOW)
    assert caught.value.problem.status == status


def test_a_good_key_passes_until_it_expires() -> None:
    good = key(expires_at=NOW + timedelta(seconds=1))
    assert checked(good, Scope.CHAT, NOW) is good


def test_a_secret_shows_its_prefix_and_hashes_to_what_is_kept() -> None:
    secret = secret_of("1f0c2a9b44de", bytes(32))
    assert secret.startswith(f"{key().shown}-")
    assert (
        hashed(secret) == hashed(secret_of("1f0c2a9b44de", bytes(32))) != hashed(secret_of("1f0c2a9b44de", b"x" * 32))
    )


@given(st.integers(1, 1_000_000))
def test_a_minute_holds_as_many_as_its_limit_and_hardly_more(limit: int) -> None:
    one = share_of_a_minute(1, limit)
    assert one * limit <= MINUTE < (one + timedelta(microseconds=1)) * limit


@pytest.mark.parametrize(
    "params",
    [
        {"max_tokens": 50},
        {"max_completion_tokens": 50},
        {"max_completion_tokens": 1, "max_tokens": 50},
        {"max_completion_tokens": 50, "max_tokens": 1},
    ],
)
def test_tokens_are_reckoned_with_the_largest_limit_of_the_answer(params: dict[str, int]) -> None:
    asked = RequestSubmitted(messages=({"role": "user", "content": "x" * 400},), params=params)
    assert tokens_of(asked) == 151


@pytest.mark.parametrize(
    ("told", "tokens"),
    [({}, USUAL_ANSWER_TOKENS), ({"params": {"max_tokens": 5}}, 0), ({"operation": Operation.EMBEDDINGS}, 0)],
)
def test_an_answer_that_nothing_limits_is_held_at_what_is_usual(told: dict[str, Any], tokens: int) -> None:
    assert unbounded_tokens(RequestSubmitted(messages=({"role": "user", "content": "Hi"},), **told)) == tokens


def test_an_image_is_reckoned_as_an_image_and_not_by_the_characters_that_it_travels_as() -> None:
    shown = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{'A' * 800_000}"}}
    parts = [{"type": "text", "text": "x" * 400}, shown]
    assert tokens_of(RequestSubmitted(messages=({"role": "user", "content": parts},))) == 100 + TOKENS_AN_IMAGE + 1


MUCH = "A" * 400_000


@pytest.mark.parametrize(
    "message",
    [
        {"content": [{"type": "document", "source": {"data": MUCH}}]},
        {"content": [{"type": "refusal", "refusal": MUCH}]},
        {"content": [{"type": "thinking", "thinking": MUCH}]},
        {"content": None, "function_call": {"name": "look", "arguments": MUCH}},
        {"content": None, "reasoning_content": MUCH},
        {"content": "x", "refusal": MUCH},
    ],
)
def test_whatever_a_message_holds_is_reckoned(message: dict[str, Any]) -> None:
    tokens = tokens_of(RequestSubmitted(messages=({"role": "assistant", **message},)))
    assert 100_000 <= tokens < 100_100


@pytest.mark.parametrize(
    ("part", "tokens"),
    [
        ({"type": "text", "text": "x" * 400, "image_url": None}, 100),
        ({"type": "file", "file": {"file_data": MUCH}}, 4_000),
        ({"type": "input_audio", "input_audio": {"data": MUCH, "format": "wav"}}, 4_000),
        ({"type": "image_url", "image_url": "https://example.com/a.png"}, TOKENS_AN_IMAGE),
        ({"type": "input_image", "image_url": MUCH}, TOKENS_AN_IMAGE),
    ],
)
def test_a_part_s_type_tells_how_much_a_model_reads_of_it(part: dict[str, Any], tokens: int) -> None:
    assert tokens_of(RequestSubmitted(messages=({"role": "user", "content": [part]},))) == tokens + 1


@pytest.mark.parametrize("beside", [{"cache_control": {"type": "ephemeral"}}, {"tool_calls": None}, {"refusal": None}])
def test_what_no_model_reads_is_not_reckoned(beside: dict[str, Any]) -> None:
    message = {"role": "assistant", "content": "x" * 400, **beside}
    assert tokens_of(RequestSubmitted(messages=(message,))) == 101


def test_tools_and_earlier_calls_are_reckoned_as_what_is_read() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = ({"role": "user", "content": "x" * 400}, {"role": "assistant", "content": None, "tool_calls": [call]})
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    asked = RequestSubmitted(messages=messages)
    assert 101 < tokens_of(asked) < tokens_of(asked.model_copy(update={"tools": (tool,)}))


def test_who_has_no_key_is_told_how_to_send_one():
    for answer in (each.refusal(missing_key().problem) for each in (OPENAI, RESPONSES, ANTHROPIC)):
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert b"Authorization: Bearer <key>" in answer.body
        assert b"x-api-key" in answer.body


@pytest.mark.parametrize(
    ("host", "keys", "is_open"),
    [
        ("10.0.0.7", "off", True),
        ("::", "off", True),
        ("10.0.0.7", "required", False),
        ("127.0.0.1", "off", False),
        ("::1", "off", False),
    ],
)
def test_a_gateway_knows_whether_it_is_open_to_all(host: str, keys: str, is_open: bool) -> None:
    assert GatewayConfig.model_validate({"host": host, "keys": keys}).is_open_to_all is is_open
