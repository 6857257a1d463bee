"""From the body of OpenAI's Responses to the intake contract: passed on, or refused by name; nothing is lost.

Source: OpenAI's API reference, "Create a model response".
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, cast
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import to_json

from schemas.asking import DEFAULT_TENANT
from schemas.chat import CHOICES, AtLeastOne, Unsupported
from schemas.content import Json
from schemas.places import shown
from schemas.reckoned import prompt_tokens
from schemas.request import RequestSubmitted
from services.gateway.domain.chat_request import Asked, Extras, Form
from services.gateway.domain.json_body import Part, Schema, read_as, refuse_undeclared
from services.gateway.domain.problems import wrong
from services.gateway.domain.responses_content import messages_of
from services.gateway.domain.responses_tools import Tool, named_in, tools_and_choice

LONGEST_ECHO = 4_096
"""Bytes of one field that are told again beside an answer: what was sent is not held while its answer is waited for."""
NOBODYS = UUID(int=0)
"""The id of a request that is counted and never made."""
_ITEM = {"type": "object", "properties": {"type": {"type": "string"}}}
_INPUT = {"anyOf": [{"type": "string"}, {"type": "array", "items": _ITEM, "minItems": 1}]}
_CHOICE = {"anyOf": [{"enum": list(CHOICES)}, {"type": "object", "required": ["type"]}]}


class Format(Part):
    """The form of the answer. A schema goes with ``json_schema`` alone."""

    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    schema_: Schema | None = Field(default=None, alias="schema")
    description: str | None = None
    strict: bool | None = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> Self:
        if (self.type == "json_schema") != (self.schema_ is not None) or (self.schema_ is not None and not self.name):
            raise ValueError("a format of type json_schema needs a name and a schema, and no other takes a schema")
        return self


class TextConfig(Part):
    format: Format | None = None
    verbosity: str | None = None


class Reasoning(Part):
    """Answers come without what was thought, and earlier thoughts are left out: what asks for no more is taken."""

    effort: str | None = None
    summary: Literal["auto"] | None = None
    generate_summary: Literal["auto"] | None = None
    context: Literal["auto", "current_turn"] | None = None
    mode: Literal["standard"] | None = None


class StreamOptions(Part):
    include_obfuscation: Literal[False] | None = None


INCLUDED = (
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
    "file_search_call.results",
    "message.input_image.image_url",
    "reasoning.encrypted_content",
    "web_search_call.action.sources",
    "web_search_call.results",
)
"""What more may be asked for of items that no answer here has. Log-probabilities are not told."""


def _included(told: str) -> str:
    if told not in INCLUDED:
        raise ValueError(f"{shown(repr(told))} is not told here: leave it out")
    return told


Included = Annotated[str, AfterValidator(_included), WithJsonSchema({"enum": list(INCLUDED)})]


class ResponsesRequest(BaseModel):
    """The whole body; what is not declared is refused by name, unless its value asks for nothing.

    ``max_tool_calls`` bounds what OpenAI runs, and ``client_metadata`` is what an agent says of itself: both change
    nothing here. ``portfolio`` is what the portfolio can be told beside.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", protected_namespaces=())

    input: Annotated[Any, WithJsonSchema(_INPUT)]
    model: str | None = None
    instructions: str | None = None
    tools: tuple[Tool, ...] | None = Field(default=None, fail_fast=True)
    tool_choice: Annotated[Any, WithJsonSchema(_CHOICE)] | None = None
    parallel_tool_calls: bool | None = None
    max_tool_calls: AtLeastOne | None = None
    text: TextConfig | None = None
    reasoning: Reasoning | None = None
    max_output_tokens: AtLeastOne | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    metadata: dict[str, Any] | None = None
    client_metadata: Json | None = None
    user: str | None = None
    safety_identifier: str | None = Field(default=None, max_length=64)
    prompt_cache_key: str | None = None
    include: tuple[Included, ...] | None = Field(default=None, fail_fast=True)
    store: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    portfolio: Extras | None = None


WHOLE_CHAT = "the gateway keeps no conversation: send all of it in input"
UNSUPPORTED: Mapping[str, Unsupported] = MappingProxyType(
    {
        "background": Unsupported("POST /v1/requests takes chats whose answers are looked at later", (False,)),
        "context_management": Unsupported("leave it out", ([],)),
        "conversation": Unsupported(WHOLE_CHAT),
        "moderation": Unsupported("leave it out"),
        "previous_response_id": Unsupported(WHOLE_CHAT),
        "prompt": Unsupported("templates are kept at OpenAI: send instructions and input"),
        "prompt_cache_options": Unsupported("leave it out"),
        "prompt_cache_retention": Unsupported(
            "how long a provider keeps prompts is not a client's to say: leave it out"
        ),
        "service_tier": Unsupported("the lane decides which models serve: leave it out", ("auto", "default")),
        "top_logprobs": Unsupported("leave it out", (0,)),
        "truncation": Unsupported("nothing is cut from a conversation here: leave it out", ("disabled",)),
    }
)
KNOWN = frozenset(ResponsesRequest.model_fields) | frozenset(UNSUPPORTED)
ECHOED = (
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "parallel_tool_calls",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "user",
)
"""What an answer tells again of its request."""


def asked_of_responses(body: bytes, request_id: UUID) -> Asked:
    """What a body asks for. Raises ``Refused`` that names the first thing wrong and its remedy."""
    asked = read_as(ResponsesRequest, body)
    refuse_undeclared(asked.model_extra, UNSUPPORTED, KNOWN)
    if asked.stream_options is not None and not asked.stream:
        raise wrong("stream_options", "stream_options: send stream: true, or leave it out")
    form = Form(bool(asked.stream), echo=_echo(asked), is_kept=bool(asked.store), named=named_in(asked.tools))
    return Asked(_submitted(asked, request_id), form)


def input_counted(body: bytes) -> Json:
    """OpenAI's count of a body's tokens, as the profiler estimates them: no model is chosen yet, so no tokenizer."""
    asked = asked_of_responses(body, NOBODYS).submitted
    tokens = prompt_tokens(asked.messages, asked.tools, asked.response_format)
    return {"object": "response.input_tokens", "input_tokens": tokens}


def _submitted(asked: ResponsesRequest, request_id: UUID) -> RequestSubmitted:
    extras = asked.portfolio or Extras()
    tools, choice = tools_and_choice(asked.tools, asked.tool_choice)
    return RequestSubmitted(
        request_id=request_id,
        tenant=DEFAULT_TENANT,
        messages=messages_of(asked.instructions, asked.input),
        model=asked.model,
        tools=tools,
        response_format=_response_format(asked.text),
        params={name: value for name, value in _params(asked, tools, choice).items() if value is not None},
        metadata=asked.metadata or {},
        **{name: getattr(extras, name) for name in extras.model_fields_set},
    )


def _params(asked: ResponsesRequest, tools: Sequence[Json] | None, choice: Any) -> Json:
    """How tools are called is said beside tools alone: OpenAI's chats refuse it elsewhere, and its Responses do not."""
    same = ("temperature", "top_p", "user", "safety_identifier", "prompt_cache_key")
    calling = {"tool_choice": choice, "parallel_tool_calls": asked.parallel_tool_calls}
    return {
        **{name: getattr(asked, name) for name in same},
        **(calling if tools else {}),
        "max_tokens": asked.max_output_tokens,
        "reasoning_effort": asked.reasoning.effort if asked.reasoning else None,
        "verbosity": asked.text.verbosity if asked.text else None,
    }


def _response_format(text: TextConfig | None) -> Json | None:
    wanted = text.format if text else None
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return {"type": "json_object"}
    told = {"name": wanted.name, "description": wanted.description, "schema": wanted.schema_, "strict": wanted.strict}
    return {"type": "json_schema", "json_schema": {name: value for name, value in told.items() if value is not None}}


def _echo(asked: ResponsesRequest) -> bytes:
    """JSON of what is told again; of longer ones, that they are not."""
    told: Json = {}
    for name, value in asked.model_dump(include=set(ECHOED), exclude_none=True, by_alias=True).items():
        told[name] = value if _is_short(value) else _cut(name, value)
    return to_json(told)


def _is_short(value: Any) -> bool:
    return len(to_json(value)) <= LONGEST_ECHO


def _cut(name: str, value: Any) -> Json | None:
    """Of a format without what is long in it, the rest: clients go by its type when they read the answer."""
    if name != "text" or "format" not in value:
        return None
    text = cast("Json", value)
    cut: Json = {**text, "format": {**text["format"], "schema": {}, "description": None}}
    return cut if _is_short(cut) else None
