"""What official clients are tried with at ``/v1/embeddings``."""

from collections.abc import Awaitable, Callable
from typing import Any

from schemas.content import Vector, Vectors
from schemas.vocabulary import Operation

Tried = tuple[str, str, Callable[[Any], Awaitable[Any]], dict[str, Any]]
"""What is tried, with which client, how, and what the request's event must then hold."""


def vectors(texts: int) -> Vectors:
    """A vector of three numbers for each text: one, two, three; and so on from two."""
    return Vectors(embeddings=tuple(Vector.at(n, (n + 1, n + 2, n + 3)) for n in range(texts)))


def _embedding(tried: str, wanted: dict[str, Any] | None = None, **params: Any) -> Tried:
    told = {"model": "auto", "input": "Hello", **params}
    return tried, "openai", lambda client: client.embeddings.create(**told), wanted or {}


async def _embedded(client: Any) -> None:
    told = await client.embeddings.create(model="auto", input=["one", "two"])
    assert [(each.index, each.embedding) for each in told.data] == [(0, [1.0, 2.0, 3.0]), (1, [2.0, 3.0, 4.0])]
    assert (told.model, told.usage.prompt_tokens, told.usage.total_tokens) == ("small", 12, 12)


async def _embedded_as_numbers(client: Any) -> None:
    told = await client.embeddings.create(model="auto", input="one", encoding_format="float")
    assert told.data[0].embedding == [1.0, 2.0, 3.0]


async def _embedded_as_base64(client: Any) -> None:
    told = await client.embeddings.create(model="auto", input="one", encoding_format="base64")
    assert told.data[0].embedding == vectors(1).embeddings[0].embedding


async def _embedded_again(client: Any) -> None:
    told: Any = {"model": "auto", "input": "one", "extra_headers": {"Idempotency-Key": "order-19"}}
    first, again = [await client.embeddings.with_raw_response.create(**told) for _ in range(2)]
    assert first.headers["x-portfolio-request-id"] == again.headers["x-portfolio-request-id"]


async def _documents_embedded(embedder: Any) -> None:
    assert await embedder.aembed_documents(["one", "two"]) == [[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]]
    assert await embedder.aembed_query("one") == [1.0, 2.0, 3.0]


def _text(content: str) -> Any:
    return {"role": "user", "content": content}


EMBEDDING_TRIALS: tuple[Tried, ...] = (
    _embedding("`input`: a text", {"messages": (_text("Hello"),), "operation": Operation.EMBEDDINGS}),
    _embedding("`input`: texts", {"messages": (_text("one"), _text("two"))}, input=["one", "two"]),
    _embedding("`input`: a token array", input=[1, 2, 3]),
    _embedding("`input`: token arrays", input=[[1, 2], [3]]),
    _embedding("`model`: `portfolio/<lane>`", {"model": "portfolio/simple"}, model="portfolio/simple"),
    _embedding("`model`: a model", {"model": "small"}, model="small"),
    _embedding("`dimensions`", {"params": {"dimensions": 64}}, dimensions=64),
    _embedding("`user`", {"params": {"user": "u-1"}}, user="u-1"),
    ("`encoding_format` left to the client, `usage`", "openai", _embedded, {}),
    ("`encoding_format`: float", "openai", _embedded_as_numbers, {}),
    ("`encoding_format`: base64", "openai", _embedded_as_base64, {}),
    ("`Idempotency-Key`, asked again", "openai", _embedded_again, {}),
    _embedding("a parameter that no API has", extra_body={"truncate": True}),
    ("`check_embedding_ctx_length=False`: documents, a query", "OpenAIEmbeddings", _documents_embedded, {}),
)
