"""OpenAI's official client asking for responses, pointed at the gateway of the running stack."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel

from pipeline.document import COSTS
from pipeline.scripts import RIGHT, WRONG, Writes, calls, says
from pipeline.stack import Pipeline
from schemas.money import micro_from_usd

FIND: Any = {
    "type": "function",
    "name": "find",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string", "minLength": 1}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


class Number(BaseModel):
    """What answers are parsed into."""

    number: int


@pytest.fixture
def client(pipeline: Pipeline) -> Iterator[OpenAI]:
    """Any key is accepted."""
    with OpenAI(base_url=f"{pipeline.gateway}/v1", api_key="any", max_retries=0, timeout=90) as found:
        yield found


def test_a_response_has_its_usage_and_its_names_in_headers_and_is_given_again(
    pipeline: Pipeline, client: OpenAI
) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    raw = client.responses.with_raw_response.create(
        model="auto", input=script.question, instructions="Be short.", max_output_tokens=60, store=True
    )
    told = raw.parse()
    assert (told.output_text, told.status) == ("Seven.", "completed")
    assert told.usage and (told.usage.input_tokens, told.usage.output_tokens) == (10, 5)
    [asked] = script.asked
    assert (asked["max_tokens"], asked["messages"][0]) == (60, {"role": "system", "content": "Be short."})
    assert micro_from_usd(raw.headers["x-portfolio-cost-usd"]) == COSTS["acme-small"]
    story = pipeline.ledger.story(UUID(raw.headers["x-portfolio-request-id"]))
    assert story["request"]["trace_id"] == raw.headers["x-portfolio-trace-id"]
    again = client.responses.retrieve(told.id)
    assert (again.output, again.usage) == (told.output, told.usage)


def test_a_function_is_called_and_its_result_is_answered(pipeline: Pipeline, client: OpenAI) -> None:
    script = pipeline.scripts.expect(
        {"acme-small": [calls("find", {"town": "Paris"}), calls("find", {"city": "Paris"}), says("It is there.")]}
    )
    turns: list[Any] = [{"role": "user", "content": script.question}]
    with client.responses.stream(model="auto", input=turns, tools=[FIND]) as stream:
        told = stream.get_final_response()
    [call] = told.output
    assert call.type == "function_call"
    assert call.arguments == '{"city": "Paris"}', "wrong arguments were mended on the way"
    turns += [call, {"type": "function_call_output", "call_id": call.call_id, "output": "on the Seine"}]
    again = client.responses.create(model="auto", input=turns, tools=[FIND])
    assert again.output_text == "It is there."
    assert script.asked[-1]["messages"][-1] == {"role": "tool", "tool_call_id": "call_1", "content": "on the Seine"}


def test_a_schema_is_checked_before_the_client_parses_the_answer(pipeline: Pipeline, client: OpenAI) -> None:
    script = pipeline.scripts.expect({"acme-small": [says('{"number": "seven"}'), says(RIGHT)]})
    told = client.responses.parse(model="auto", input=script.question, text_format=Number)
    assert told.output_parsed == Number(number=7)


def test_a_live_response_is_read_while_it_is_written(pipeline: Pipeline, client: OpenAI) -> None:
    writes = Writes("It is ", "open ", "now.")
    script = pipeline.scripts.expect({"acme-small": [writes]})
    read: list[str] = []
    with client.responses.stream(model="portfolio/live", input=script.question) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                read.append(event.delta)
                writes.release()
        told = stream.get_final_response()
    assert "".join(read) == told.output_text == "It is open now."
    assert len(read) > 1
    assert told.usage and told.usage.total_tokens == 15


def test_a_live_response_that_fails_its_check_says_so_last(pipeline: Pipeline, client: OpenAI) -> None:
    writes = Writes(WRONG[:5], WRONG[5:])
    script = pipeline.scripts.expect(
        {"acme-small": [writes], "backup-small": [says(RIGHT)], "backup-strong": [says(RIGHT)]}
    )
    schema = {"type": "object", "properties": {"number": {"type": "integer", "minimum": 1}}, "required": ["number"]}
    form: Any = {"format": {"type": "json_schema", "name": "number", "schema": schema}}
    kinds: list[str] = []
    stream = client.responses.create(model="portfolio/live", input=script.question, text=form, stream=True)
    with stream, pytest.raises(openai.APIError) as raised:
        for event in stream:
            kinds.append(event.type)
            writes.release()
    error: Any = raised.value.body
    assert (error["code"], error["portfolio"]["reason"]) == ("answer_not_verified", "check_failed")
    assert kinds[-1] == "response.failed"
    assert "response.output_item.done" not in kinds


def test_an_honest_end_names_the_nearest_model(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match=r"did you mean small\?"):
        client.responses.create(model="smal", input="Who is there?")
