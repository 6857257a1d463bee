"""What official clients are tried with at ``/v1/responses``."""

from collections.abc import Awaitable, Callable
from typing import Any

from agent_trials import City
from client_answers import LIVE

Tried = tuple[str, str, Callable[[Any], Awaitable[Any]], dict[str, Any]]
"""What is tried, with which client, how, and what the request's event must then hold."""
ASK = "Where is the Louvre?"
PNG = "data:image/png;base64,aGk="
SCHEMA: Any = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION: Any = {"name": "where", "strict": True, "parameters": SCHEMA}
TOOL: Any = {"type": "function", **FUNCTION}
SHAPE = {"name": "a", "strict": True, "schema": SCHEMA}
NO_SHAPE = {"type": "json_schema", "name": "a", "schema": {"type": "objekt"}}


def _response(tried: str, wanted: dict[str, Any] | None = None, **params: Any) -> Tried:
    told = {"model": "auto", "input": ASK, **params}
    return tried, "openai", lambda client: client.responses.create(**told), wanted or {}


def _passed(name: str, value: Any, wanted: str | None = None) -> Tried:
    return _response(f"`{name}`", {"params": {wanted or name: value}}, **{name: value})


async def _streamed(client: Any) -> None:
    async with client.responses.stream(model="auto", input=ASK, tools=[TOOL]) as stream:
        told = await stream.get_final_response()
    assert [item.parsed_arguments for item in told.output] == [{"city": "Paris"}] * 2


async def _live(client: Any) -> None:
    async with client.responses.stream(model=LIVE, input=ASK) as stream:
        pieces = [event.delta async for event in stream if event.type == "response.output_text.delta"]
        assert "".join(pieces) == (await stream.get_final_response()).output_text == "Paris."


async def _parsed(client: Any) -> None:
    told = await client.responses.parse(model="auto", input=ASK, text_format=City)
    assert told.output_parsed == City(city="Paris")


async def _tools(client: Any) -> None:
    turns: list[Any] = [{"role": "user", "content": ASK}]
    told = await client.responses.create(model="auto", input=turns, tools=[TOOL])
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": "there"} for call in told.output]
    again = await client.responses.create(model="auto", input=[*turns, *told.output, *results], tools=[TOOL])
    assert (len(results), again.output_text) == (2, "Paris.")


async def _usage(client: Any) -> None:
    told = await client.responses.create(model="auto", input=ASK)
    assert (told.usage.total_tokens, told.usage.input_tokens_details.cached_tokens) == (15, 4)


async def _again(client: Any) -> None:
    told: Any = {"model": "auto", "input": ASK, "extra_headers": {"Idempotency-Key": "order-20"}}
    assert (await client.responses.create(**told)).id == (await client.responses.create(**told)).id


async def _retrieved(client: Any) -> None:
    told = await client.responses.create(model="auto", input=ASK, store=True)
    assert (await client.responses.retrieve(told.id)).output_text == "Paris."


async def counted(client: Any) -> None:
    """The estimate of a prompt's tokens."""
    told = await client.responses.input_tokens.count(model="auto", input=ASK)
    assert (told.object, told.input_tokens) == ("response.input_tokens", len(ASK) // 4 + 1)


RESPONSE_TRIALS: tuple[Tried, ...] = (
    _response("`input`: a text", {"messages": ({"role": "user", "content": ASK},)}),
    _response(
        "`input`: items", input=[{"role": "developer", "content": "Be short."}, {"role": "user", "content": ASK}]
    ),
    _response(
        "`instructions`",
        {"messages": ({"role": "system", "content": "Be short."}, {"role": "user", "content": ASK})},
        instructions="Be short.",
    ),
    _response(
        "an image by data",
        {"messages": ({"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG}}]},)},
        input=[{"role": "user", "content": [{"type": "input_image", "image_url": PNG}]}],
    ),
    _passed("temperature", 0.2),
    _passed("top_p", 0.9),
    _passed("max_output_tokens", 50, "max_tokens"),
    _passed("user", "u-1"),
    _passed("safety_identifier", "u-1"),
    _passed("prompt_cache_key", "faq"),
    _response(
        "`parallel_tool_calls`", {"params": {"parallel_tool_calls": False}}, tools=[TOOL], parallel_tool_calls=False
    ),
    _response("`reasoning.effort`", {"params": {"reasoning_effort": "low"}}, reasoning={"effort": "low"}),
    _response("`text.verbosity`", {"params": {"verbosity": "low"}}, text={"verbosity": "low"}),
    _response("`metadata`", {"metadata": {"ticket": "T-1"}}, metadata={"ticket": "T-1"}),
    _response(
        "`tool_choice`: a function",
        {"params": {"tool_choice": {"type": "function", "function": {"name": "where"}}}},
        tools=[TOOL],
        tool_choice={"type": "function", "name": "where"},
    ),
    _response(
        "`tool_choice`: allowed_tools",
        {"params": {"tool_choice": "auto"}, "tools": ({"type": "function", "function": FUNCTION},)},
        tools=[TOOL, {"type": "function", "name": "when", "parameters": {}, "strict": False}],
        tool_choice={"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "where"}]},
    ),
    _response(
        "`text.format`: json_schema, strict",
        {"response_format": {"type": "json_schema", "json_schema": SHAPE}},
        text={"format": {"type": "json_schema", **SHAPE}},
    ),
    _response("`text.format`: json_object", text={"format": {"type": "json_object"}}),
    _response("`text.format`: no JSON Schema", text={"format": NO_SHAPE}),
    ("`parse()` into a type", "openai", _parsed, {}),
    ("`tools`, two calls and their results", "openai", _tools, {}),
    ("`stream()` with tools", "openai", _streamed, {}),
    ("`stream()` in a live lane", "openai", _live, {}),
    ("`usage` with details", "openai", _usage, {}),
    ("`Idempotency-Key`, asked again", "openai", _again, {}),
    ("`store`, then `retrieve()`", "openai", _retrieved, {}),
    _response("`include`: reasoning.encrypted_content", include=["reasoning.encrypted_content"]),
    _response("`include`: message.output_text.logprobs", include=["message.output_text.logprobs"]),
    _response("`top_logprobs`", top_logprobs=3),
    _response("`previous_response_id`", previous_response_id="resp_1"),
    _response("`conversation`", conversation="conv_1"),
    _response("`background`", background=True),
    _response("`prompt`", prompt={"id": "pmpt_1"}),
    _response("`truncation`: auto", truncation="auto"),
    _response("`service_tier`: flex", service_tier="flex"),
    _response("`reasoning.summary`: detailed", reasoning={"summary": "detailed"}),
    _response("a tool that OpenAI runs", tools=[{"type": "web_search"}]),
    _response(
        "`tools`: a namespace",
        {"tools": ({"type": "function", "function": {**FUNCTION, "name": "maps__where", "description": "Maps."}},)},
        tools=[{"type": "namespace", "name": "maps", "description": "Maps.", "tools": [TOOL]}],
    ),
    _response("a custom tool", tools=[{"type": "custom", "name": "shell"}]),
    _response("a file", input=[{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]),
    _response("an `item_reference`", input=[{"type": "item_reference", "id": "msg_1"}]),
    _response("a parameter that no API has", extra_body={"max_tokens": 5}),
)
