"""From the body of OpenAI's chat completions to the intake contract: passed on, or refused by name; nothing is lost.

Source: OpenAI's API reference, "Create chat completion".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from schemas.asking import DEFAULT_TENANT, why_no_call
from schemas.content import Body, Json, Question, Source
from schemas.fact import Fact
from schemas.request import ChatMessage, RequestSubmitted
from schemas.vocabulary import DataClass, Risk
from services.gateway.domain.answer_schema import why_no_schema
from services.gateway.domain.json_body import (
    Closed,
    Unsupported,
    read_as,
    refuse_undeclared,
    unknown_among,
    wrong_at,
)
from services.gateway.domain.problems import wrong

ROLES = ("developer", "system", "user", "assistant", "tool", "function")
MAY_SAY_NOTHING = ("assistant", "function")
"""An assistant may call tools instead, and an old function may return nothing."""
CHOICES = ("none", "auto", "required")
BIASES = {"type": "object", "additionalProperties": {"type": "number"}}
ELSEWHERE: Json = {"role": "user", "content": None}


def _message(message: ChatMessage) -> ChatMessage:
    if message.get("role") not in ROLES:
        raise ValueError(f"role is one of {', '.join(ROLES)}")
    if message.get("content") is None and message["role"] not in MAY_SAY_NOTHING:
        raise ValueError("content is wanted: a string or a list of parts")
    return message


def _source(told: Any) -> Any:
    """Only the first foreign name is an error, as in any :class:`Closed`: one source may hold millions."""
    names = cast("Json", told) if isinstance(told, dict) else ()
    for name in names:
        if name not in Source.model_fields:
            raise wrong_at(name, unknown_among(name, Source))
    return cast("Any", told)


def _tool(tool: Json) -> Json:
    if tool.get("type") != "function" or not isinstance(_within(tool, "function").get("name"), str):
        raise ValueError('a tool is {"type": "function", "function": {"name": ..., "parameters": ...}}')
    return tool


def _response_format(asked: Json) -> Json:
    kind = asked.get("type")
    if kind not in ("text", "json_object", "json_schema"):
        raise ValueError("type is text, json_object or json_schema")
    if kind == "json_schema":
        schema = _within(asked, "json_schema").get("schema")
        if not isinstance(schema, dict):
            raise ValueError('a json_schema is {"name": ..., "schema": {...}}')
        if why := why_no_schema(cast("Json", schema)):
            raise wrong_at("json_schema.schema", why)
    return asked


def _stop(stop: Any) -> Any:
    texts = cast("list[Any]", stop) if isinstance(stop, list) else [stop]
    if all(isinstance(text, str) for text in texts):
        return cast("Any", stop)
    raise ValueError("a string or a list of strings is wanted")


def _biases(told: Json) -> Json:
    for token, bias in told.items():
        if isinstance(bias, bool) or not isinstance(bias, int | float):
            raise wrong_at(token, "a number is wanted")
    return told


def _tool_choice(choice: Any) -> Any:
    if isinstance(choice, dict) or choice in CHOICES:
        return cast("Any", choice)
    raise ValueError(f"one of {', '.join(CHOICES)} is wanted, or an object that names a tool")


def _within(outer: Json, name: str) -> Json:
    inner = outer.get(name)
    return cast("Json", inner) if isinstance(inner, dict) else {}


class Extras(Fact, Closed):
    """What the portfolio can be told beside OpenAI's own parameters: the object ``portfolio`` in the body."""

    task: str | None = None
    lane: str | None = None
    risk: Risk | None = None
    checks: tuple[Json, ...] = Field(default=(), fail_fast=True)
    sources: tuple[Annotated[Source, BeforeValidator(_source)], ...] = Field(default=(), fail_fast=True)
    data_class: DataClass | None = None
    budget_usd: str | None = Field(default=None, pattern=r"^\d+(\.\d{1,6})?$")
    deadline_s: float | None = Field(default=None, gt=0)
    session: str | None = None


class StreamOptions(Fact, Closed):
    """What is wanted of a stream beside the answer."""

    include_usage: bool | None = None
    include_obfuscation: Literal[False] | None = None


class Params(BaseModel):
    """The parameters that models are given as they are."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", protected_namespaces=())

    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    logit_bias: Annotated[Json, AfterValidator(_biases), WithJsonSchema(BIASES)] | None = None
    max_completion_tokens: int | None = Field(default=None, ge=1)
    max_tokens: int | None = Field(default=None, ge=1)
    parallel_tool_calls: bool | None = None
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    prompt_cache_key: str | None = None
    reasoning_effort: str | None = None
    safety_identifier: str | None = Field(default=None, max_length=64)
    seed: int | None = None
    stop: Annotated[Any, AfterValidator(_stop)] | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    tool_choice: Annotated[Any, AfterValidator(_tool_choice)] | None = None
    top_p: float | None = Field(default=None, ge=0, le=1)
    user: str | None = None
    verbosity: str | None = None


class ChatRequest(Params):
    """The whole body. What is not declared here is refused by name, unless its value asks for nothing."""

    messages: tuple[Annotated[ChatMessage, AfterValidator(_message)], ...] = Field(min_length=1, fail_fast=True)
    model: str | None = None
    tools: tuple[Annotated[Json, AfterValidator(_tool)], ...] | None = Field(default=None, fail_fast=True)
    response_format: Annotated[Json, AfterValidator(_response_format)] | None = None
    metadata: dict[str, Any] | None = None
    portfolio: Extras | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """How an answer is wanted: whole or as a stream (there perhaps with its usage); vectors in base64 or as numbers."""

    stream: bool = False
    include_usage: bool = False
    as_base64: bool = False


WHOLE = Form()


@dataclass(frozen=True, slots=True)
class Asked:
    """A body, understood: what goes to the pipeline, and how the answer is wanted."""

    submitted: RequestSubmitted
    form: Form = WHOLE


UNSUPPORTED: Mapping[str, Unsupported] = MappingProxyType(
    {
        "audio": Unsupported("answers are text"),
        "function_call": Unsupported("use tool_choice"),
        "functions": Unsupported("use tools"),
        "logprobs": Unsupported("leave it out", (False,)),
        "modalities": Unsupported('answers are text: leave it out, or send ["text"]', (["text"],)),
        "moderation": Unsupported("leave it out"),
        "n": Unsupported("an answer has one choice: leave it out, or send the request several times", (1,)),
        "prediction": Unsupported("leave it out"),
        "prompt_cache_options": Unsupported("leave it out"),
        "prompt_cache_retention": Unsupported(
            "how long a provider keeps prompts is not a client's to say: leave it out"
        ),
        "service_tier": Unsupported("the lane decides which models serve: leave it out", ("auto", "default")),
        "store": Unsupported("answers are kept in the portfolio's own ledger: leave it out", (False,)),
        "top_logprobs": Unsupported("leave it out", (0,)),
        "web_search_options": Unsupported("leave it out"),
    }
)
PASSED = frozenset(Params.model_fields)
KNOWN = frozenset(ChatRequest.model_fields) | frozenset(UNSUPPORTED)


def asked_of(body: bytes, request_id: UUID) -> Asked:
    """What a body asks for. Raises :class:`Refused` that names the first thing wrong and its remedy."""
    asked = read_as(ChatRequest, body)
    refuse_undeclared(asked.model_extra, UNSUPPORTED, KNOWN)
    if asked.stream_options is not None and not asked.stream:
        raise wrong("stream_options", "stream_options: send stream: true, or leave it out", "invalid_value")
    if (why := why_no_call(asked.tool_choice, asked.tools)) is not None:
        raise wrong("tool_choice", f"tool_choice: {why}", "invalid_value")
    wanted = asked.stream_options or StreamOptions()
    return Asked(_submitted(asked, request_id), Form(bool(asked.stream), bool(wanted.include_usage)))


def _submitted(asked: ChatRequest, request_id: UUID) -> RequestSubmitted:
    extras = asked.portfolio or Extras()
    return RequestSubmitted(
        request_id=request_id,
        tenant=DEFAULT_TENANT,
        messages=asked.messages,
        model=asked.model,
        tools=asked.tools,
        response_format=asked.response_format,
        params=_params(asked),
        metadata=asked.metadata or {},
        **{name: getattr(extras, name) for name in extras.model_fields_set},
    )


def fits(asked: RequestSubmitted, body_bytes: int, limit_bytes: int) -> bool:
    """Whether its events would fit into a message: they carry it as JSON text in a JSON string.

    There each quote and each backslash takes one byte more, so that only a body over half the limit can be too large.
    """
    if 2 * body_bytes <= limit_bytes:
        return True
    text = asked.to_json()
    return len(text) + text.count(b'"') + text.count(b"\\") <= limit_bytes


def content_of(asked: RequestSubmitted) -> bytes:
    """What is kept in the object store of a large request."""
    return Question(**{name: getattr(asked, name) for name in Question.model_fields}).to_json()


def by_reference(asked: RequestSubmitted, body: Body) -> RequestSubmitted:
    """A request of which only the facts travel. Its one message stands for those that do not."""
    nothing: Json = {"tools": None, "response_format": None, "params": {}, "checks": (), "sources": ()}
    return asked.model_copy(update={**nothing, "messages": (ELSEWHERE,), "body": body})


def _params(asked: ChatRequest) -> Json:
    given = ((name, getattr(asked, name)) for name in PASSED & asked.model_fields_set)
    return {name: value for name, value in given if value is not None}
