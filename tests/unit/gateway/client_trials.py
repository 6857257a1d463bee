"""What official clients are tried with at the gateway, and the table of what came of it: ``docs/compatibility.md``."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import anthropic
import openai
from agent_trials import AGENTS, City
from client_answers import LIVE
from embedding_trials import EMBEDDING_TRIALS
from openai.types.chat import ChatCompletion
from response_trials import RESPONSE_TRIALS, counted

ASK: Any = [{"role": "user", "content": "Where is the Louvre?"}]
PNG = "data:image/png;base64,aGk="
MARKED: Any = {"type": "text", "text": ASK[0]["content"], "cache_control": {"type": "ephemeral"}}
SCHEMA: Any = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL: Any = {"type": "function", "function": {"name": "where", "strict": True, "parameters": SCHEMA}}
WHERE: Any = {"name": "where", "input_schema": SCHEMA}
WHERE_TOOL: Any = {"title": "where", "description": "Finds.", **SCHEMA}
IMAGES: Any = {
    "an image by URL": {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    "an image by data": {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
}
CHAT, MESSAGES, COUNT, MODELS = "/v1/chat/completions", "/v1/messages", "/v1/messages/count_tokens", "/v1/models"
REQUESTS, EMBEDDINGS, RESPONSES = "/v1/requests", "/v1/embeddings", "/v1/responses"
TAGGED: Any = {"tags": ["web"], "trace_user_id": "u-1"}
OF_LITELLM: Any = {
    "tags": ["web"],
    "fallbacks": ["claude"],
    "mock_response": "Paris.",
    "num_retries": 2,
    "timeout": 9,
    "api_base": "https://example.com/v1",
    "drop_params": True,
    "cache": {"no-cache": True},
    "guardrails": ["pii"],
}
"""What clients of a LiteLLM proxy send in `extra_body`."""
BY_RESPONSES = "ChatOpenAI, by Responses", "Agents SDK, by Responses"
KEYED: Any = {"Idempotency-Key": "order-17"}
HEAD = """# Compatibility

What the official clients were tried with at the gateway, and what came of it: a test runs it all and holds this
page to it (`pytest tests/unit/gateway/test_gateway_compatibility.py`; with `WRITE=1` it writes the page anew). The
clients talk to the gateway's own HTTP server, and the pipeline behind it is scripted: "passed on" says that the
parameter came whole into the request's event, and "refused" that the client got an error that names it, before
anything was asked. The same clients on the whole pipeline: `tests/pipeline/test_gateway.py`, `test_responses.py` and
`test_messages.py`. LangChain's `OpenAIEmbeddings` sends token arrays unless `check_embedding_ctx_length` is off, and
these are refused. The Agents SDK asks `/v1/responses`, or chats where it is given an `OpenAIChatCompletionsModel`;
LangChain's `ChatOpenAI` asks for chats, or with `use_responses_api=True` `/v1/responses`.

`/v1/files` and `/v1/batches` (OpenAI's client: `create`, `retrieve`, `list`, `content`, `delete`, `cancel`) are tried
on real Kafka and PostgreSQL: `tests/integration/test_gateway_batches.py`, `tests/pipeline/test_batches.py`. Not
served: `/v1/uploads`.

| endpoint | tried | client | result |
|---|---|---|---|
"""


"""Where the scripted pipeline writes answers piece by piece, and they are shown so."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that a client is tried with. ``wanted``: what the request's event must then hold."""

    endpoint: str
    tried: str
    client: str
    call: Callable[[Any], Awaitable[Any]]
    wanted: dict[str, Any] = field(default_factory=dict)


def _chat(tried: str, wanted: dict[str, Any] | None = None, **params: Any) -> Trial:
    told = {"model": "auto", "messages": ASK, **params}
    return Trial(CHAT, tried, "openai", lambda client: client.chat.completions.create(**told), wanted or {})


def _passed(name: str, value: Any) -> Trial:
    return _chat(f"`{name}`", {"params": {name: value}}, **{name: value})


def _message(tried: str, wanted: dict[str, Any] | None = None, **params: Any) -> Trial:
    told = {"model": "auto", "max_tokens": 50, "messages": ASK, **params}
    return Trial(MESSAGES, tried, "anthropic", lambda client: client.messages.create(**told), wanted or {})


async def _chat_streamed(client: Any) -> None:
    options = {"include_usage": True}
    stream = await client.chat.completions.create(model="auto", messages=ASK, stream=True, stream_options=options)
    chunks = [chunk async for chunk in stream]
    assert chunks[-1].usage.total_tokens == 15


async def _chat_live(client: Any) -> None:
    stream = await client.chat.completions.create(model=LIVE, messages=ASK, stream=True)
    assert "".join([part.choices[0].delta.content or "" async for part in stream]) == "Paris."


async def _message_live(client: Any) -> None:
    async with client.messages.stream(model=LIVE, max_tokens=50, messages=ASK) as stream:
        assert "".join([text async for text in stream.text_stream]) == "Paris."
        assert (await stream.get_final_message()).usage.output_tokens == 3


async def _chat_tool_calls(client: Any) -> None:
    told = await client.chat.completions.create(model="auto", messages=ASK, tools=[TOOL])
    assert [json.loads(call.function.arguments) for call in told.choices[0].message.tool_calls] == [
        {"city": "Paris"}
    ] * 2


async def _chat_parsed(client: Any) -> None:
    told = await client.chat.completions.parse(model="auto", messages=ASK, response_format=City)
    assert told.choices[0].message.parsed == City(city="Paris")


async def _chat_usage(client: Any) -> None:
    told = await client.chat.completions.create(model="auto", messages=ASK)
    assert (told.usage.total_tokens, told.usage.prompt_tokens_details.cached_tokens) == (15, 4)


async def _message_streamed(client: Any) -> None:
    async with client.messages.stream(model="auto", max_tokens=50, messages=ASK, tools=[WHERE]) as stream:
        told = await stream.get_final_message()
    assert [block.input for block in told.content] == [{"city": "Paris"}] * 2


async def _message_tools(client: Any) -> None:
    told = await client.messages.create(model="auto", max_tokens=50, messages=ASK, tools=[WHERE])
    assert (told.stop_reason, told.content[0].input) == ("tool_use", {"city": "Paris"})


async def _message_parsed(client: Any) -> None:
    told = await client.messages.parse(model="auto", max_tokens=50, messages=ASK, output_format=City)
    assert told.parsed_output == City(city="Paris")


async def _counted(client: Any) -> None:
    assert (await client.messages.count_tokens(model="auto", messages=ASK)).input_tokens > 1


async def _chat_again(client: Any) -> None:
    first, again = [
        await client.chat.completions.create(model="auto", messages=ASK, extra_headers=KEYED) for _ in range(2)
    ]
    assert first.id == again.id


async def _message_again(client: Any) -> None:
    told: Any = {"model": "auto", "max_tokens": 50, "messages": ASK, "extra_headers": {"Idempotency-Key": "order-18"}}
    assert (await client.messages.create(**told)).id == (await client.messages.create(**told)).id


async def _looked_at(client: Any) -> None:
    taken = await client.post("/requests", body={"model": "auto", "messages": ASK}, cast_to=object)
    told = await client.get(f"/requests/{taken['id']}", cast_to=object, options={"params": {"wait": 5}})
    assert ChatCompletion.model_validate(told["response"]).choices[0].message.content == "Paris."


async def _listed(client: Any) -> None:
    assert "portfolio/simple" in [model.id async for model in client.models.list()]


async def _retrieved(client: Any) -> None:
    assert (await client.models.retrieve("portfolio/simple")).id == "portfolio/simple"


async def _invoked(model: Any) -> None:
    assert (await model.ainvoke("Where is the Louvre?")).text == "Paris."


async def _streamed(model: Any) -> None:
    assert "".join([part.text async for part in model.astream("Where is the Louvre?")]) == "Paris."


async def _streamed_live(model: Any) -> None:
    parts = [part.text async for part in model.bind(model=LIVE).astream("Where is the Louvre?")]
    assert "".join(parts) == "Paris."


async def _bound(model: Any) -> None:
    told = await model.bind_tools([WHERE_TOOL]).ainvoke("Where is the Louvre?")
    assert [call["args"] for call in told.tool_calls] == [{"city": "Paris"}] * 2


async def _structured(model: Any) -> None:
    told = await model.with_structured_output(City).ainvoke("Where is the Louvre?")
    assert told == City(city="Paris")


LANGCHAIN = (
    ("invoke", _invoked),
    ("stream", _streamed),
    ("stream` of a live lane, by `bind", _streamed_live),
    ("bind_tools", _bound),
    ("with_structured_output", _structured),
)


def _turn(*blocks: Any) -> Any:
    return [{"role": "user", "content": list(blocks)}]


SHAPE = {"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": SCHEMA}}
NO_SHAPE = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "objekt"}}}
TRIALS = (
    *(
        _chat(f"`model`: {what}", {"model": name}, model=name)
        for what, name in (
            ("auto", "auto"),
            ("`portfolio/<lane>`", "portfolio/simple"),
            ("a lane's name", "simple"),
            ("a model", "small"),
        )
    ),
    *(_chat(what, {"messages": (_turn(part)[0],)}, messages=_turn(part)) for what, part in IMAGES.items()),
    _passed("temperature", 0.2),
    _passed("top_p", 0.9),
    _passed("max_tokens", 50),
    _passed("max_completion_tokens", 50),
    _passed("stop", ["END"]),
    _passed("seed", 7),
    _passed("presence_penalty", 0.5),
    _passed("frequency_penalty", 0.5),
    _passed("logit_bias", {"50256": -100.0}),
    _passed("user", "u-1"),
    _passed("prompt_cache_key", "faq"),
    _passed("safety_identifier", "u-1"),
    _passed("reasoning_effort", "low"),
    _passed("verbosity", "low"),
    _passed("tool_choice", "none"),
    _passed("parallel_tool_calls", False),
    _chat("`metadata`", {"metadata": {"ticket": "T-1"}}, metadata={"ticket": "T-1"}),
    _chat("`response_format`: json_schema, strict", {"response_format": SHAPE}, response_format=SHAPE),
    _chat("`response_format`: json_object", response_format={"type": "json_object"}),
    _chat("`response_format`: no JSON Schema", response_format=NO_SHAPE),
    Trial(CHAT, "`parse()` into a type", "openai", _chat_parsed),
    Trial(CHAT, "`tools`, calls in parallel", "openai", _chat_tool_calls),
    Trial(CHAT, "`stream` with `stream_options.include_usage`", "openai", _chat_streamed),
    Trial(CHAT, "`stream` in a live lane", "openai", _chat_live),
    Trial(CHAT, "`usage` with details", "openai", _chat_usage),
    Trial(CHAT, "`Idempotency-Key`, asked again", "openai", _chat_again),
    _chat("`n`: 1", n=1),
    _chat("`n`: 2", n=2),
    _chat("`logprobs`", logprobs=True),
    _chat("`top_logprobs`", top_logprobs=3),
    _chat("`store`", store=True),
    _chat("`service_tier`: flex", service_tier="flex"),
    _chat("`audio`", audio={}),
    _chat("`modalities`: audio", modalities=["audio"]),
    _chat("`prediction`", prediction={}),
    _chat("`web_search_options`", web_search_options={}),
    _chat("`functions`", functions=[{"name": "f"}]),
    _chat("`prompt_cache_retention`", prompt_cache_retention="24h"),
    _chat("a parameter that no API has", extra_body={"top_k": 5}),
    *(_chat(f"LiteLLM's `{name}`", extra_body={name: value}) for name, value in OF_LITELLM.items()),
    _chat("LiteLLM's headers", extra_headers={"x-litellm-tags": "a,b", "x-litellm-timeout": "9"}),
    _chat("`metadata` with LiteLLM's tags", {"metadata": TAGGED}, extra_body={"metadata": TAGGED}),
    *(Trial(EMBEDDINGS, *told) for told in EMBEDDING_TRIALS),
    *(Trial(RESPONSES, *told) for told in RESPONSE_TRIALS),
    Trial(f"{RESPONSES}/input_tokens", "a question", "openai", counted),
    Trial(REQUESTS, "`post`, then `get` with `wait`", "openai", _looked_at),
    Trial(MODELS, "list", "openai", _listed),
    Trial(MODELS, "retrieve", "openai", _retrieved),
    Trial(MODELS, "list", "anthropic", _listed),
    Trial(MODELS, "retrieve", "anthropic", _retrieved),
    _message("`max_tokens`", {"params": {"max_tokens": 50}}),
    _message("`system`", {"messages": ({"role": "system", "content": "Be short."}, *ASK)}, system="Be short."),
    _message("`stop_sequences`", {"params": {"max_tokens": 50, "stop": ["END"]}}, stop_sequences=["END"]),
    _message("`metadata.user_id`", {"params": {"max_tokens": 50, "user": "u"}}, metadata={"user_id": "u"}),
    _message("`temperature`", {"params": {"max_tokens": 50, "temperature": 0.2}}, extra_body={"temperature": 0.2}),
    _message("`top_p`", {"params": {"max_tokens": 50, "top_p": 0.9}}, extra_body={"top_p": 0.9}),
    _message("`tool_choice`: none", tools=[WHERE], tool_choice={"type": "none"}),
    Trial(MESSAGES, "`tools`", "anthropic", _message_tools),
    Trial(MESSAGES, "`stream()` with tools", "anthropic", _message_streamed),
    Trial(MESSAGES, "`stream()` in a live lane", "anthropic", _message_live),
    Trial(MESSAGES, "`parse()` into a type", "anthropic", _message_parsed),
    Trial(MESSAGES, "`Idempotency-Key`, asked again", "anthropic", _message_again),
    _message(
        "an image by data",
        {"messages": (_turn({"type": "image_url", "image_url": {"url": PNG}})[0],)},
        messages=_turn({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}),
    ),
    _message(
        "an image by URL", messages=_turn({"type": "image", "source": {"type": "url", "url": "https://example.com"}})
    ),
    _message(
        "`cache_control` of a block",
        {"messages": tuple(_turn(MARKED))},
        messages=_turn(MARKED),
    ),
    _message(
        "a document",
        messages=_turn({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}),
    ),
    _message("`thinking`: disabled", thinking={"type": "disabled"}),
    _message("`thinking`: enabled", thinking={"type": "enabled", "budget_tokens": 1024}),
    _message("a tool that Anthropic runs", tools=[{"type": "web_search_20250305", "name": "web_search"}]),
    _message("`service_tier`: standard_only", service_tier="standard_only"),
    _message("`output_config.effort`", output_config={"effort": "low"}),
    _message("`top_k`", extra_body={"top_k": 5}),
    Trial(COUNT, "a question", "anthropic", _counted),
    *(Trial(CHAT, f"`{name}`", "ChatOpenAI", call) for name, call in LANGCHAIN),
    *(Trial(CHAT, f"`{name}`", "Agents SDK", call) for name, call in AGENTS),
    *(Trial(RESPONSES, f"`{name}`", BY_RESPONSES[0], call) for name, call in LANGCHAIN),
    *(Trial(RESPONSES, f"`{name}`", BY_RESPONSES[1], call) for name, call in AGENTS),
    *(Trial(MESSAGES, f"`{name}`", "ChatAnthropic", call) for name, call in LANGCHAIN),
)


async def result_of(trial: Trial, clients: dict[str, Any], published: list[Any]) -> str:
    """What came of it: served, passed on, or refused with the name of what is refused. Raises for anything else."""
    try:
        await trial.call(clients[trial.client])
    except openai.NotFoundError as absent:
        return f"refused: {absent.body['message'].partition(';')[0]}."  # type: ignore[index]
    except (openai.BadRequestError, anthropic.BadRequestError) as refused:
        assert not published, "nothing may be asked of the pipeline before a refusal"
        body: Any = refused.body
        return f"refused: {body.get('error', body)['message'].replace('|', '/')}"
    if not trial.wanted:
        return "served"
    [(asked, _)] = published
    held = {name: getattr(asked, name) for name in trial.wanted}
    assert held == trial.wanted
    return "passed on"


def table(rows: list[tuple[Trial, str]]) -> str:
    """The whole page."""
    lines = [f"| `{trial.endpoint}` | {trial.tried} | {trial.client} | {result} |" for trial, result in rows]
    return HEAD + "\n".join(lines) + "\n"
