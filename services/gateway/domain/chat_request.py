"""From the body of OpenAI's chat completions to the intake contract: passed on, or refused by name; nothing is lost.

Source: OpenAI's API reference, "Create chat completion".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field

from schemas.answer_schema import why_no_schema
from schemas.asked_checks import why_no_check
from schemas.asking import DEFAULT_TENANT, why_no_call
from schemas.chat import (
    PARAMETERS,
    PASSED,
    SCHEMA,
    UNSUPPORTED,
    Params,
    parameters_of,
    schema_of,
    why_no_format,
    why_no_message,
    why_no_tool,
)
from schemas.content import Body, Json, Question, Source
from schemas.fact import Fact, null_is
from schemas.money import DollarText
from schemas.places import wrong_at
from schemas.request import ChatMessage, RequestSubmitted
from schemas.vocabulary import DataClass, Risk
from services.gateway.domain.json_body import Closed, Refusals, read_as, refuse_undeclared, unknown_among
from services.gateway.domain.problems import wrong
from services.gateway.domain.proxy_parameters import OF_PROXIES

ELSEWHERE: Json = {"role": "user", "content": None}


def _held_to(why_not: Callable[[Json], str | None]) -> AfterValidator:
    """Refuses what the law for chats refuses, in its words."""

    def held(told: Json) -> Json:
        if why := why_not(told):
            raise ValueError(why)
        return told

    return AfterValidator(held)


def _source(told: Any) -> Any:
    """Only the first foreign name is an error, as in any :class:`Closed`: one source may hold millions."""
    names = cast("Json", told) if isinstance(told, dict) else ()
    for name in names:
        if name not in Source.model_fields:
            raise wrong_at(name, unknown_among(name, Source))
    return cast("Any", told)


def _with_schema(asked: Json) -> Json:
    schema = schema_of(asked)
    if schema is not None and (why := why_no_schema(schema)):
        raise wrong_at(SCHEMA, why)
    return asked


def _with_parameters(tool: Json) -> Json:
    if why := why_no_schema(parameters_of(tool)):
        raise wrong_at(PARAMETERS, why)
    return tool


Offered = Annotated[Json, _held_to(why_no_tool), AfterValidator(_with_parameters)]


class Extras(Fact, Closed):
    """What the portfolio can be told beside OpenAI's own parameters: the object ``portfolio`` in the body."""

    task: str | None = None
    lane: str | None = None
    risk: Risk | None = None
    checks: Annotated[tuple[Annotated[Json, _held_to(why_no_check)], ...], null_is(tuple)] = Field(
        default=(), fail_fast=True
    )
    sources: Annotated[tuple[Annotated[Source, BeforeValidator(_source)], ...], null_is(tuple)] = Field(
        default=(), fail_fast=True
    )
    data_class: DataClass | None = None
    budget_usd: DollarText = None
    deadline_s: float | None = Field(default=None, gt=0)
    session: str | None = None


class StreamOptions(Fact, Closed):
    """What is wanted of a stream beside the answer."""

    include_usage: bool | None = None
    include_obfuscation: Literal[False] | None = None


class ChatRequest(Params):
    """The whole body. What is not declared here is refused by name, unless its value asks for nothing."""

    messages: tuple[Annotated[ChatMessage, _held_to(why_no_message)], ...] = Field(min_length=1, fail_fast=True)
    model: str | None = None
    tools: tuple[Offered, ...] | None = Field(default=None, fail_fast=True)
    response_format: Annotated[Json, _held_to(why_no_format), AfterValidator(_with_schema)] | None = None
    metadata: dict[str, Any] | None = None
    portfolio: Extras | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A function of a namespace, as its client knows it."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Form:
    """How an answer is wanted: whole or as a stream (there perhaps with its usage); vectors in base64 or as numbers.

    ``echo``: a JSON object of what the answer tells again of its request, in an API whose answers do. ``is_kept``: it
    may be asked for again by its id. ``named``: what a model calls functions in namespaces, where an API has any.
    """

    stream: bool = False
    include_usage: bool = False
    as_base64: bool = False
    echo: bytes = b"{}"
    is_kept: bool = False
    named: Mapping[str, Named] = field(default_factory=dict[str, Named])


WHOLE = Form()


@dataclass(frozen=True, slots=True)
class Content:
    """A request's content as it is kept, with the hash of its body and about the tokens that it takes.

    ``unbounded``: those that are held for an answer that it does not limit.
    """

    question: bytes
    body_hash: bytes
    tokens: int
    unbounded: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A body, understood: what goes to the pipeline, and how the answer is wanted.

    ``content``: that of a large body, which ``submitted`` is without then.
    """

    submitted: RequestSubmitted
    form: Form = WHOLE
    content: Content | None = None


KNOWN = frozenset(ChatRequest.model_fields) | frozenset(UNSUPPORTED)
REFUSED: Refusals = {**OF_PROXIES, **UNSUPPORTED}


def asked_of(body: bytes, request_id: UUID) -> Asked:
    """What a body asks for. Raises :class:`Refused` that names the first thing wrong and its remedy."""
    asked = read_as(ChatRequest, body)
    refuse_undeclared(asked.model_extra, REFUSED, KNOWN)
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
    return without_content(asked).model_copy(update={"body": body})


def without_content(asked: RequestSubmitted) -> RequestSubmitted:
    """The facts of a request alone."""
    nothing: Json = {"tools": None, "response_format": None, "params": {}, "checks": (), "sources": ()}
    return asked.model_copy(update={**nothing, "messages": (ELSEWHERE,)})


def _params(asked: ChatRequest) -> Json:
    given = ((name, getattr(asked, name)) for name in PASSED & asked.model_fields_set)
    return {name: value for name, value in given if value is not None}
