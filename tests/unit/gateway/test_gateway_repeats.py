"""What an Idempotency-Key may be, what makes two bodies the same, and what a gateway without a database says."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.request import Grant
from services.gateway.domain.chat_completion import Reply
from services.gateway.domain.chat_request import asked_of
from services.gateway.domain.problems import Problem, Refused, not_heard, not_taken, over_pace, stopping
from services.gateway.domain.repeats import HEADER, hash_of_body, key_in, same_again, under_a_key

ASK = [{"role": "user", "content": "Where is the Louvre?"}]


def ask(**more: Any):
    return asked_of(json.dumps({"messages": ASK, **more}).encode(), uuid4()).submitted


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=255))
def test_any_printable_word_is_a_key(word: str):
    assert key_in({HEADER: word}) == word


@pytest.mark.parametrize("word", ["", "x" * 256, "é", "a\tb", "\x7f"])
def test_what_cannot_be_kept_is_refused_by_name(word: str):
    with pytest.raises(Refused) as caught:
        key_in({HEADER: word})
    assert (caught.value.problem.status, caught.value.problem.param) == (400, "Idempotency-Key")


def test_without_the_header_there_is_no_key():
    assert key_in({}) is None


def test_the_same_body_is_the_same_request_whatever_id_and_api_key_it_came_with():
    granted = ask().model_copy(update={"grant": Grant(key="mp-1")})
    assert hash_of_body(ask()) == hash_of_body(ask()) == hash_of_body(granted)


@pytest.mark.parametrize(
    "other",
    [{"seed": 1}, {"model": "small"}, {"metadata": {"a": 1}}, {"portfolio": {"lane": "simple"}}, {"tools": []}],
)
def test_another_body_is_another_request(other: dict[str, Any]):
    assert hash_of_body(ask(**other)) != hash_of_body(ask())


@pytest.mark.parametrize("streamed", [{"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}])
def test_how_the_answer_is_told_makes_no_other_request(streamed: dict[str, Any]):
    assert hash_of_body(ask(**streamed)) == hash_of_body(ask())


@pytest.mark.parametrize("refused", [not_taken(handed_over=True), not_heard(5), stopping(), over_pace("mp-1", 3)])
def test_under_a_key_it_is_safe_to_ask_again(refused: Refused):
    assert under_a_key(refused.problem).retry


def test_under_a_key_what_is_wrong_stays_wrong():
    assert not under_a_key(Problem(400, "invalid_request_error", "invalid_value", "no")).retry


def test_an_end_under_a_key_is_final():
    assert same_again(Reply(503, b"", {"x-should-retry": "true"})).headers["x-should-retry"] == "false"
    assert dict(same_again(Reply(200, b"")).headers) == {}


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("chat/completions", {"messages": ASK}),
        ("messages", {"messages": ASK, "max_tokens": 9}),
        ("responses", {"input": ASK}),
    ],
)
async def test_a_gateway_without_a_database_says_that_it_can_promise_nothing(
    gateway: Callable[..., Any], path: str, more: dict[str, Any]
):
    async with gateway() as running, httpx.AsyncClient() as client:
        body = {"model": "auto", **more}
        told = await client.post(f"{running.url}/v1/{path}", json=body, headers={"Idempotency-Key": "k"})
        assert running.kafka.published == []
    assert told.status_code == 400
    assert "set DATABASE_URL" in told.json()["error"]["message"]
