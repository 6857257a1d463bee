"""What breaks the law for chats, which the gateway holds its clients to: told by its place, and never by value.

What is told may stand where content is sealed, so that no name of the client's own is in it.
"""

from collections.abc import Iterator

from pydantic import ValidationError

from schemas.answer_schema import why_no_schema
from schemas.asked_checks import why_no_check
from schemas.asking import why_no_call
from schemas.chat import (
    PARAMETERS,
    SCHEMA,
    Params,
    VectorParams,
    parameters_of,
    schema_of,
    why_no_format,
    why_no_message,
    why_no_tool,
)
from schemas.content import Json
from schemas.places import place, why_of
from schemas.request import RequestSubmitted


def why_malformed(asked: RequestSubmitted, *, for_vectors: bool = False) -> str | None:
    """The first thing wrong with its content, where it is, and what is right; ``None`` where nothing is wrong."""
    found = _in_params(VectorParams, asked.params) if for_vectors else _in_chat(asked)
    return next(found, None)


def _in_chat(asked: RequestSubmitted) -> Iterator[str]:
    for index, message in enumerate(asked.messages):
        if why := why_no_message(message):
            yield f"messages[{index}]: {why}"
    for index, tool in enumerate(asked.tools or ()):
        if why := why_no_tool(tool):
            yield f"tools[{index}]: {why}"
        if why := why_no_schema(parameters_of(tool), quoted=False):
            yield f"tools[{index}].{PARAMETERS}: {why}"
    for index, check in enumerate(asked.checks):
        if why := why_no_check(check):
            yield f"checks[{index}]: {why}"
    if asked.response_format is not None:
        yield from _in_format(asked.response_format)
    if asked.params:
        yield from _in_params(Params, asked.params)
        if why := why_no_call(asked.params.get("tool_choice"), asked.tools):
            yield f"params.tool_choice: {why}"


def _in_format(wanted: Json) -> Iterator[str]:
    if why := why_no_format(wanted):
        yield f"response_format: {why}"
    schema = schema_of(wanted)
    if schema is not None and (why := why_no_schema(schema, quoted=False)):
        yield f"response_format.{SCHEMA}: {why}"


def _in_params(shape: type[Params | VectorParams], params: Json) -> Iterator[str]:
    try:
        shape.__pydantic_validator__.validate_python(params)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        yield f"{place(('params', *first['loc']))}: {why_of(first)}"
