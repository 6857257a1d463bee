"""What a chat may hold, in the words of OpenAI's chat completions: one law for each door that requests come in by.

Source: OpenAI's API reference, "Create chat completion".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from schemas.content import Json
from schemas.places import wrong_at

ROLES = ("developer", "system", "user", "assistant", "tool", "function")
MAY_SAY_NOTHING = ("assistant", "function")
"""An assistant may call tools instead, and an old function may return nothing."""
CHOICES = ("none", "auto", "required")
NAMED = '{"type": "function", "function": {"name": ...}}'
OTHERS_CHOICES = {"any": "required", "auto": "auto", "none": "none", "required": "required", "tool": NAMED}
"""Other APIs' words for a choice, plain or as its type, and what to write for each."""
PARAMETERS = "function.parameters"
"""Where a tool has the schema of its arguments."""
SCHEMA = "json_schema.schema"
"""Where a ``response_format`` has its schema."""
FORMATS = ("text", "json_object", "json_schema")
BIASES = {"type": "object", "additionalProperties": {"type": "number"}}


def why_no_message(message: Json) -> str | None:
    """What is wrong with a message of a chat; ``None`` where nothing is."""
    role = message.get("role")
    if role not in ROLES:
        return f"role is one of {', '.join(ROLES)}"
    if message.get("content") is None and role not in MAY_SAY_NOTHING:
        return "content is wanted: a string or a list of parts"
    if role == "tool" and not isinstance(message.get("tool_call_id"), str | None):
        return "a tool_call_id is a string: the id of the call that the message answers"
    calls = message.get("tool_calls")
    return None if calls is None else _why_no_calls(calls)


def _why_no_calls(calls: Any) -> str | None:
    if not isinstance(calls, list):
        return "tool_calls is a list"
    if not all(isinstance(call, dict) and _is_call(cast("Json", call)) for call in cast("list[Any]", calls)):
        return 'a tool call is {"id": ..., "type": "function", "function": {"name": ..., "arguments": "{...}"}}'
    return None


def _is_call(call: Json) -> bool:
    """Calls of other types are the model's to read. Some clients tell none, and mean a function, or give an object."""
    if call.get("type") not in (None, "function"):
        return True
    function = _within(call, "function")
    return isinstance(function.get("name"), str) and isinstance(function.get("arguments"), str | dict | None)


def why_no_tool(tool: Json) -> str | None:
    """What is wrong with a tool; ``None`` where nothing is. Whether its schema is one is not looked at here."""
    function = _within(tool, "function")
    if tool.get("type") != "function" or not _is_name(function.get("name")):
        return 'a tool is {"type": "function", "function": {"name": ..., "parameters": ...}}'
    if not isinstance(function.get("parameters"), dict | None):
        return "its parameters are a JSON Schema: an object"
    return None


def parameters_of(tool: Json) -> Json:
    """The schema of a tool's arguments; an empty one, which takes all, where it tells none."""
    return _within(_within(tool, "function"), "parameters")


def _is_name(told: Any) -> bool:
    return isinstance(told, str) and told != ""


def why_no_format(asked: Json) -> str | None:
    """What is wrong with a ``response_format``; whether its schema is one is not looked at here."""
    kind = asked.get("type")
    if kind not in FORMATS:
        return "type is text, json_object or json_schema"
    if kind == "json_schema" and schema_of(asked) is None:
        return 'a json_schema is {"name": ..., "schema": {...}}'
    return None


def schema_of(asked: Json) -> Json | None:
    """The schema in a ``response_format``, where an answer is wanted by one."""
    if asked.get("type") != "json_schema":
        return None
    schema = _within(asked, "json_schema").get("schema")
    return cast("Json", schema) if isinstance(schema, dict) else None


def _within(outer: Json, name: str) -> Json:
    inner = outer.get(name)
    return cast("Json", inner) if isinstance(inner, dict) else {}


def _stop(stop: Any) -> Any:
    texts = cast("list[Any]", stop) if isinstance(stop, list) else [stop]
    if all(isinstance(text, str) for text in texts):
        return cast("Any", stop)
    raise ValueError("a string or a list of strings is wanted")


def _biases(told: Json) -> Json:
    for token, bias in told.items():
        if isinstance(bias, bool) or not isinstance(bias, int | float) or not abs(bias) < inf:
            raise wrong_at(token, "a number is wanted")
    return told


def _tool_choice(choice: Any) -> Any:
    told = cast("Json", choice) if isinstance(choice, dict) else None
    if choice in CHOICES if told is None else _names_one(told):
        return cast("Any", choice)
    word = cast("Any", choice) if told is None else told.get("type")
    if isinstance(word, str) and word in OTHERS_CHOICES:
        raise ValueError(f"write {OTHERS_CHOICES[word]} for this")
    if told is not None and "name" in told:
        raise ValueError(f"a tool is named within function: write {NAMED}")
    raise ValueError(f"one of {', '.join(CHOICES)} is wanted, or {NAMED}, which names a tool")


def _names_one(choice: Json) -> bool:
    """What types mean that nobody knows here is the model's to read."""
    kind = choice.get("type")
    if kind == "function":
        return _is_name(_within(choice, "function").get("name"))
    return isinstance(kind, str) and kind not in OTHERS_CHOICES


def whole(number: Any) -> Any:
    """A whole number as one, where its writer has only doubles, as many on the JVM; else what it was."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


Whole = Annotated[int, BeforeValidator(whole)]
AtLeastOne = Annotated[int, Field(ge=1), BeforeValidator(whole)]
WHOLE = ("dimensions", "max_completion_tokens", "max_tokens", "seed")
"""The parameters that are whole numbers."""


class Params(BaseModel):
    """The parameters that models are given as they are."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", protected_namespaces=())

    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    logit_bias: Annotated[Json, AfterValidator(_biases), WithJsonSchema(BIASES)] | None = None
    max_completion_tokens: AtLeastOne | None = None
    max_tokens: AtLeastOne | None = None
    parallel_tool_calls: bool | None = None
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    prompt_cache_key: str | None = None
    reasoning_effort: str | None = None
    safety_identifier: str | None = Field(default=None, max_length=64)
    seed: Whole | None = None
    stop: Annotated[Any, AfterValidator(_stop)] | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    tool_choice: Annotated[Any, AfterValidator(_tool_choice)] | None = None
    top_p: float | None = Field(default=None, ge=0, le=1)
    user: str | None = None
    verbosity: str | None = None


class VectorParams(BaseModel):
    """The parameters that models which embed are given as they are."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", protected_namespaces=())

    dimensions: AtLeastOne | None = None
    user: str | None = None


PASSED, PASSED_FOR_VECTORS = frozenset(Params.model_fields), frozenset(VectorParams.model_fields)


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A parameter of an API's that is refused: the remedy, and the values that ask for nothing."""

    remedy: str
    harmless: tuple[Any, ...] = ()

    def asks_for(self, value: Any) -> bool:
        """Whether this value asks for anything."""
        told = whole(value)
        return told is not None and not any(type(told) is type(none) and told == none for none in self.harmless)


UNSUPPORTED: Mapping[str, Unsupported] = MappingProxyType(
    {
        "audio": Unsupported("answers are text"),
        "function_call": Unsupported("use tool_choice", ("none", "auto")),
        "functions": Unsupported("use tools", ([],)),
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
"""The other parameters of OpenAI's."""
