"""From the body of Anthropic's Messages to the intake contract: passed on, or refused by name; nothing is lost.

Source: Anthropic's API reference, "Create a Message" and "Count tokens in a Message".
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from schemas.asking import DEFAULT_TENANT
from schemas.chat import Unsupported
from schemas.content import MARK, Json
from schemas.places import shown
from schemas.reckoned import prompt_tokens
from schemas.request import RequestSubmitted
from services.gateway.domain.chat_request import Asked, Extras, Form
from services.gateway.domain.json_body import Part, Schema, read_as, refuse_undeclared
from services.gateway.domain.messages_content import IN_TURNS, Turn, messages_of

_BLOCK = {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}
_CONTENT = {"anyOf": [{"type": "string"}, {"type": "array", "items": _BLOCK, "minItems": 1}]}
_TURN = {
    "type": "object",
    "required": ["role", "content"],
    "properties": {"role": {"enum": list(IN_TURNS)}, "content": _CONTENT},
    "additionalProperties": False,
}
Content = Annotated[Any, WithJsonSchema(_CONTENT)]


class Tool(Part):
    """A tool of the client's own. Those that Anthropic runs itself have other types."""

    name: str = Field(min_length=1)
    input_schema: Schema
    type: Literal["custom"] | None = None
    description: str | None = None
    strict: bool | None = None
    cache_control: Json | None = None
    eager_input_streaming: bool | None = None
    defer_loading: Literal[False] | None = None
    effect: Literal["read", "write", "irreversible"] | None = Field(default=None, alias="x-effect")

    @model_validator(mode="before")
    @classmethod
    def _is_run_by_the_client(cls, told: Any) -> Any:
        kind: Any = cast("Json", told).get("type") if isinstance(told, dict) else None
        if kind not in (None, "custom"):
            kind = shown(repr(kind))
            raise ValueError(f"a tool of type {kind} is not served: offer one of your own, and run it yourself")
        return cast("Any", told)


class ToolChoice(Part):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None

    @model_validator(mode="after")
    def _names_its_tool(self) -> Self:
        if (self.type == "tool") != (self.name is not None):
            raise ValueError("a choice of type tool needs the tool's name, and no other takes one")
        return self


class Metadata(Part):
    user_id: str | None = None


class JsonFormat(Part):
    type: Literal["json_schema"]
    schema_: Schema = Field(alias="schema")


class OutputConfig(Part):
    format: JsonFormat | None = None
    effort: Any = None

    @field_validator("effort")
    @classmethod
    def _asks_for_none(cls, told: Any) -> None:
        if told is not None:
            raise ValueError("effort is not supported: the lane decides which models serve: leave it out")


class CountRequest(BaseModel):
    """What is counted; what is not declared is refused by name, unless its value asks for nothing."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", protected_namespaces=())

    model: str
    messages: Annotated[
        tuple[Turn, ...],
        Field(min_length=1, fail_fast=True),
        WithJsonSchema({"type": "array", "items": _TURN, "minItems": 1}),
    ]
    system: Content | None = None
    tools: tuple[Tool, ...] | None = Field(default=None, fail_fast=True)
    tool_choice: ToolChoice | None = None
    output_config: OutputConfig | None = None
    cache_control: Json | None = None


class MessagesRequest(CountRequest):
    """The whole body. ``portfolio`` is what the portfolio can be told beside Anthropic's own parameters."""

    max_tokens: int = Field(ge=1)
    metadata: Metadata | None = None
    stop_sequences: tuple[str, ...] | None = Field(default=None, fail_fast=True)
    stream: bool | None = None
    temperature: float | None = Field(default=None, ge=0, le=1)
    top_p: float | None = Field(default=None, ge=0, le=1)
    portfolio: Extras | None = None


UNSUPPORTED: Mapping[str, Unsupported] = MappingProxyType(
    {
        "container": Unsupported("answers are text and tool calls: leave it out"),
        "context_management": Unsupported("leave it out", ({}, {"edits": []})),
        "diagnostics": Unsupported("leave it out"),
        "inference_geo": Unsupported("the portfolio's residency decides where data may go: leave it out"),
        "mcp_servers": Unsupported("offer tools, and run them yourself", ([],)),
        "service_tier": Unsupported("the lane decides which models serve: leave it out", ("auto", "standard_only")),
        "speed": Unsupported("the lane decides which models serve: leave it out", ("standard",)),
        "thinking": Unsupported("answers come without it: leave it out", ({"type": "disabled"},)),
        "top_k": Unsupported("use top_p"),
        "user_profile_id": Unsupported("leave it out"),
        "workspace_id": Unsupported("leave it out"),
    }
)
KNOWN = frozenset(MessagesRequest.model_fields) | frozenset(UNSUPPORTED)
COUNTED = frozenset(CountRequest.model_fields) | frozenset(UNSUPPORTED)
CHOICES: Mapping[str, str] = MappingProxyType({"auto": "auto", "any": "required", "none": "none"})


def asked_of_messages(body: bytes, request_id: UUID) -> Asked:
    """What a body asks for. Raises ``Refused`` that names the first thing wrong and its remedy."""
    asked = read_as(MessagesRequest, body)
    refuse_undeclared(asked.model_extra, UNSUPPORTED, KNOWN)
    return Asked(_submitted(asked, request_id), Form(bool(asked.stream)))


def counted(body: bytes) -> Json:
    """Anthropic's count of a body's tokens, as the profiler estimates them: no model is chosen yet, so no tokenizer."""
    asked = read_as(CountRequest, body)
    refuse_undeclared(asked.model_extra, UNSUPPORTED, COUNTED)
    messages = messages_of(asked.system, asked.messages)
    return {"input_tokens": prompt_tokens(messages, _tools(asked), _response_format(asked))}


def _submitted(asked: MessagesRequest, request_id: UUID) -> RequestSubmitted:
    extras = asked.portfolio or Extras()
    return RequestSubmitted(
        request_id=request_id,
        tenant=DEFAULT_TENANT,
        messages=_marked(messages_of(asked.system, asked.messages), asked.cache_control),
        model=asked.model,
        tools=_tools(asked),
        response_format=_response_format(asked),
        params={name: value for name, value in _params(asked).items() if value is not None},
        **{name: getattr(extras, name) for name in extras.model_fields_set},
    )


def _marked(messages: tuple[Json, ...], mark: Json | None) -> tuple[Json, ...]:
    """A mark of the whole body's stands at its end: on the last message."""
    return messages if mark is None else (*messages[:-1], {**messages[-1], MARK: mark})


def _params(asked: MessagesRequest) -> Json:
    choice = asked.tool_choice
    return {
        "max_tokens": asked.max_tokens,
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "stop": list(asked.stop_sequences) if asked.stop_sequences else None,
        "user": asked.metadata.user_id if asked.metadata else None,
        "tool_choice": _choice(choice) if choice else None,
        "parallel_tool_calls": False if choice and choice.disable_parallel_tool_use else None,
    }


def _choice(choice: ToolChoice) -> Any:
    return CHOICES.get(choice.type) or {"type": "function", "function": {"name": choice.name}}


def _tools(asked: CountRequest) -> tuple[Json, ...] | None:
    return tuple(_tool(tool) for tool in asked.tools) if asked.tools else None


def _tool(tool: Tool) -> Json:
    told = {"description": tool.description, "parameters": tool.input_schema, "strict": tool.strict}
    function: Json = {"name": tool.name, **{name: value for name, value in told.items() if value is not None}}
    beside = {"x-effect": tool.effect, MARK: tool.cache_control}
    return {"type": "function", "function": function, **{name: told for name, told in beside.items() if told}}


def _response_format(asked: CountRequest) -> Json | None:
    wanted = asked.output_config.format if asked.output_config else None
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": wanted.schema_}} if wanted else None
