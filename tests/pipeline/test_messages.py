"""Anthropic's official client, pointed at the gateway of the running stack."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import anthropic
import pytest
from anthropic import Anthropic

from pipeline.document import COSTS
from pipeline.scripts import calls, says
from pipeline.stack import Pipeline
from schemas.money import micro_from_usd

FIND: Any = {
    "name": "find",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "minLength": 1}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


@pytest.fixture
def client(pipeline: Pipeline) -> Iterator[Anthropic]:
    """Any key is accepted."""
    with Anthropic(base_url=pipeline.gateway, api_key="any", max_retries=0, timeout=90) as found:
        yield found


def test_a_message_is_answered_with_its_usage_and_its_names_in_headers(pipeline: Pipeline, client: Anthropic) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    raw = client.messages.with_raw_response.create(
        model="auto", max_tokens=60, system="Be short.", messages=[{"role": "user", "content": script.question}]
    )
    told = raw.parse()
    assert [block.text for block in told.content if block.type == "text"] == ["Seven."]
    assert (told.stop_reason, told.usage.input_tokens, told.usage.output_tokens) == ("end_turn", 10, 5)
    [asked] = script.asked
    assert (asked["max_tokens"], asked["messages"][0]) == (60, {"role": "system", "content": "Be short."})
    assert micro_from_usd(raw.headers["x-portfolio-cost-usd"]) == COSTS["acme-small"]
    story = pipeline.ledger.story(UUID(raw.headers["x-portfolio-request-id"]))
    assert story["request"]["trace_id"] == raw.headers["x-portfolio-trace-id"]


def test_a_tool_is_used_and_its_result_is_answered(pipeline: Pipeline, client: Anthropic) -> None:
    script = pipeline.scripts.expect(
        {"acme-small": [calls("find", {"town": "Paris"}), calls("find", {"city": "Paris"}), says("It is there.")]}
    )
    turns: list[Any] = [{"role": "user", "content": script.question}]
    with client.messages.stream(model="auto", max_tokens=60, messages=turns, tools=[FIND]) as stream:
        told = stream.get_final_message()
    [use] = [block for block in told.content if block.type == "tool_use"]
    assert (told.stop_reason, use.input) == ("tool_use", {"city": "Paris"}), "wrong arguments were mended on the way"
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "on the Seine"}
    turns += [told.to_param(), {"role": "user", "content": [result]}]
    told = client.messages.create(model="auto", max_tokens=60, messages=turns, tools=[FIND])
    assert [block.text for block in told.content if block.type == "text"] == ["It is there."]
    assert script.asked[-1]["messages"][-1] == {"role": "tool", "tool_call_id": use.id, "content": "on the Seine"}


def test_an_honest_end_is_an_error_in_anthropics_shape(client: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as raised:
        client.messages.create(model="smal", max_tokens=5, messages=[{"role": "user", "content": "Who is there?"}])
    assert "did you mean small?" in raised.value.message
    body: Any = raised.value.body
    assert (body["type"], body["error"]["type"]) == ("error", "not_found_error")
