"""OpenAI's embeddings: from a body to the intake contract, and from the end of a request to a list of vectors.

Source: OpenAI's API reference, "Create embeddings".
"""

from dataclasses import replace
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import to_json

from schemas.asking import DEFAULT_TENANT
from schemas.chat import VectorParams
from schemas.content import Vector, Vectors
from schemas.fact import Fact
from schemas.money import DollarText
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.request import RequestSubmitted
from schemas.vocabulary import DataClass, Operation
from services.gateway.domain.chat_completion import Reply, completed_headers, failed_headers, refusal
from services.gateway.domain.chat_request import Asked, Form
from services.gateway.domain.json_body import Closed, read_as, refuse_undeclared
from services.gateway.domain.problems import SERVER, Problem, problem_of
from services.gateway.domain.proxy_parameters import OF_PROXIES_FOR_EMBEDDINGS

EMBEDDINGS = "/v1/embeddings"
MOST_TEXTS = 2_048
TOKENS = "token arrays belong to one model's tokenizer: send the texts"
TEXTS = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": MOST_TEXTS},
    ]
}


def _texts(told: Any) -> tuple[str, ...]:
    texts = cast("list[Any]", told) if isinstance(told, list) else [told]
    if any(isinstance(text, int | list) for text in texts):
        raise ValueError(TOKENS)
    if not 0 < len(texts) <= MOST_TEXTS or not all(isinstance(text, str) and text for text in texts):
        raise ValueError(f"a text, or 1 to {MOST_TEXTS} texts, none of them empty, are wanted")
    return tuple(texts)


class EmbeddingsExtras(Fact, Closed):
    """What the portfolio can be told beside OpenAI's own parameters: the object ``portfolio`` in the body."""

    task: str | None = None
    lane: str | None = None
    data_class: DataClass | None = None
    budget_usd: DollarText = None
    deadline_s: float | None = Field(default=None, gt=0)
    session: str | None = None


class EmbeddingsRequest(VectorParams):
    """The whole body. What is not declared here is refused by name."""

    input: Annotated[Any, AfterValidator(_texts), WithJsonSchema(TEXTS)]
    model: str | None = None
    encoding_format: Literal["float", "base64"] | None = None
    portfolio: EmbeddingsExtras | None = None


NO_VECTORS = Problem(
    502,
    SERVER,
    "no_vectors",
    "It was answered as a chat: upgrade the portfolio's other services to the gateway's version.",
)
KNOWN = frozenset(EmbeddingsRequest.model_fields)


def asked_of_embeddings(body: bytes, request_id: UUID) -> Asked:
    """What a body asks for. Raises ``Refused`` that names the first thing wrong and its remedy."""
    asked = read_as(EmbeddingsRequest, body)
    refuse_undeclared(asked.model_extra, OF_PROXIES_FOR_EMBEDDINGS, KNOWN)
    return Asked(_submitted(asked, request_id), Form(as_base64=asked.encoding_format == "base64"))


def _submitted(asked: EmbeddingsRequest, request_id: UUID) -> RequestSubmitted:
    extras = asked.portfolio or EmbeddingsExtras()
    params = {"dimensions": asked.dimensions, "user": asked.user}
    return RequestSubmitted(
        request_id=request_id,
        tenant=DEFAULT_TENANT,
        operation=Operation.EMBEDDINGS,
        messages=tuple({"role": "user", "content": text} for text in asked.input),
        model=asked.model,
        params={name: value for name, value in params.items() if value is not None},
        **{name: getattr(extras, name) for name in extras.model_fields_set},
    )


def embeddings_reply(end: RequestCompleted | RequestFailed, form: Form) -> Reply:
    """The reply that tells how a request ended."""
    if isinstance(end, RequestFailed):
        return refusal(_as_sent(problem_of(end)), failed_headers(end))
    if not has_vectors(end):
        return refusal(NO_VECTORS, completed_headers(end))
    return Reply(200, to_json(embeddings_of(end, as_base64=form.as_base64)), completed_headers(end))


def _as_sent(problem: Problem) -> Problem:
    """The texts travel as messages, and their client called them ``input``."""
    return replace(problem, param="input") if problem.param == "messages" else problem


def has_vectors(completed: RequestCompleted) -> bool:
    """Whether it is the end of a request for embeddings."""
    return "embeddings" in (completed.answer or {})


def embeddings_of(completed: RequestCompleted, *, as_base64: bool = False) -> dict[str, Any]:
    """OpenAI's list of embeddings."""
    vectors = Vectors.of(completed.answer or {})
    read = completed.usage.input_tokens
    return {
        "object": "list",
        "data": [_entry(vector, as_base64=as_base64) for vector in vectors.embeddings],
        "model": completed.model,
        "usage": {"prompt_tokens": read, "total_tokens": read},
    }


def _entry(vector: Vector, *, as_base64: bool) -> dict[str, Any]:
    told = vector.embedding if as_base64 else vector.numbers()
    return {"object": "embedding", "index": vector.index, "embedding": told}
