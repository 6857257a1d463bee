"""The tools of OpenAI's Responses in the words of chats, which know functions alone: names tell their namespaces.

Source: OpenAI's API reference, "Create a model response", ``tools`` and ``tool_choice``.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Literal, Self, cast

from pydantic import Field, model_validator

from schemas.asking import why_no_call
from schemas.chat import CHOICES
from schemas.content import Json
from schemas.places import shown
from services.gateway.domain.chat_request import Named
from services.gateway.domain.json_body import Part, Schema, read_kind
from services.gateway.domain.problems import wrong

BETWEEN = "__"
LONGEST_NAME, HASH_BYTES = 64, 4
"""Characters that OpenAI's chats let a function's name have; and bytes of what tells longer ones apart."""


class Described(Part):
    """What describes a function to a model, or a namespace to its functions."""

    name: str = Field(min_length=1)
    description: str | None = None
    parameters: Schema | None = None
    strict: bool | None = None
    defer_loading: Literal[False] | None = None
    output_schema: None = None
    effect: Literal["read", "write", "irreversible"] | None = Field(default=None, alias="x-effect")


class Function(Described):
    """A function of the client's own. Those that OpenAI runs itself have other types."""

    type: Literal["function"]

    @model_validator(mode="before")
    @classmethod
    def _is_run_by_the_client(cls, told: Any) -> Any:
        return _served(told, "function")


class Tool(Described):
    """A function, or functions in a namespace: then it has ``tools``, and nothing else but what describes it."""

    type: Literal["function", "namespace"]
    tools: tuple[Function, ...] | None = Field(default=None, min_length=1, fail_fast=True, strict=False)

    @model_validator(mode="before")
    @classmethod
    def _is_run_by_the_client(cls, told: Any) -> Any:
        return _served(told, "function", "namespace")

    @model_validator(mode="after")
    def _holds_what_its_type_does(self) -> Self:
        if (self.type == "namespace") != (self.tools is not None):
            raise ValueError("a tool of type namespace needs tools, and no other takes any")
        if self.tools is not None and (self.parameters, self.strict, self.effect) != (None, None, None):
            raise ValueError("a namespace takes a name, a description and tools: the rest belongs to its functions")
        return self


def _served(told: Any, *kinds: str) -> Any:
    kind: Any = cast("Json", told).get("type") if isinstance(told, dict) else None
    if kind not in kinds:
        kind = shown(repr(kind))
        raise ValueError(f"a tool of type {kind} is not served: offer a function, and run it yourself")
    return cast("Any", told)


class ChosenFunction(Part):
    type: Literal["function"]
    name: str = Field(min_length=1)


class AllowedTools(Part):
    """Only these may be called."""

    type: Literal["allowed_tools"]
    mode: Literal["auto", "required"]
    tools: tuple[ChosenFunction, ...] = Field(min_length=1, fail_fast=True)


def flat_name(name: str, namespace: str | None) -> str:
    """The one name that a model is told. The same again gives the same, for calls of earlier turns."""
    if namespace is None:
        return name
    whole = f"{namespace.rstrip('_')}{BETWEEN}{name}"
    if len(whole) <= LONGEST_NAME:
        return whole
    told_apart = blake2b(whole.encode(errors="surrogatepass"), digest_size=HASH_BYTES).hexdigest()
    return f"{whole[: LONGEST_NAME - len(told_apart) - 1]}_{told_apart}"


def named_in(tools: Sequence[Tool] | None) -> Mapping[str, Named]:
    """What the functions in namespaces are called by a model. Raises ``Refused`` where one's name is another's."""
    found: dict[str, Named] = {}
    plain = {tool.name for tool in tools or () if tool.tools is None}
    for index, tool in enumerate(tools or ()):
        for function in tool.tools or ():
            name = flat_name(function.name, tool.name)
            if name in found or name in plain:
                raise wrong(f"tools[{index}]", f"tools[{index}]: two functions are called {shown(name)}: rename one")
            found[name] = Named(tool.name, function.name)
    return found


def tools_and_choice(offered: Sequence[Tool] | None, choice: Any) -> tuple[tuple[Json, ...] | None, Any]:
    """The functions that may be called, and which of them must be, in the words of chats. Raises ``Refused``."""
    tools = [told for tool in offered or () for told in _told(tool)]
    if isinstance(choice, dict):
        shapes = {"function": ChosenFunction, "allowed_tools": AllowedTools}
        tools, choice = _chosen(read_kind(cast("Json", choice), shapes, ("tool_choice",)), tools)
    elif choice is not None and choice not in CHOICES:
        raise wrong("tool_choice", f"tool_choice: one of {', '.join(CHOICES)} is wanted, or an object")
    if (why := why_no_call(choice, tools)) is not None:
        raise wrong("tool_choice", f"tool_choice: {why}")
    return tuple(tools) or None, choice


def _chosen(choice: Part, tools: list[Json]) -> tuple[list[Json], Any]:
    """Where only some may be called, the others are not offered: every model keeps to that."""
    if isinstance(choice, ChosenFunction):
        return tools, _named(choice)
    allowed = cast("AllowedTools", choice)
    for index, each in enumerate(allowed.tools):
        if why := why_no_call(_named(each), tools):
            raise wrong(f"tool_choice.tools[{index}]", f"tool_choice.tools[{index}]: {why}")
    names = {each.name for each in allowed.tools}
    return [tool for tool in tools if tool["function"]["name"] in names], allowed.mode


def _named(choice: ChosenFunction) -> Json:
    return {"type": "function", "function": {"name": choice.name}}


def _told(tool: Tool) -> Iterator[Json]:
    """Its functions. What describes a namespace is told once, with its first."""
    if tool.tools is None:
        yield _function(tool, tool.name, tool.description)
    for index, function in enumerate(tool.tools or ()):
        describes = (function.description, tool.description if index == 0 else None)
        told = "\n\n".join(each for each in describes if each) or None
        yield _function(function, flat_name(function.name, tool.name), told)


def _function(tool: Described, name: str, description: str | None) -> Json:
    told = {"description": description, "parameters": tool.parameters, "strict": tool.strict}
    function: Json = {"name": name, **{name: value for name, value in told.items() if value is not None}}
    return {"type": "function", "function": function, **({"x-effect": tool.effect} if tool.effect else {})}
