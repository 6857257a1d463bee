"""``/v1/embeddings``: what is asked, what is refused by name, and how vectors and failures are told."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from embedding_trials import vectors
from openai.types import CreateEmbeddingResponse

from infra.objects.failures import ObjectsAway
from schemas.request import RequestSubmitted
from schemas.vocabulary import Operation
from services.gateway.domain.embeddings import asked_of_embeddings, embeddings_of
from services.gateway.domain.problems import Refused

ID = UUID("0197a1f0-6c1e-7000-8000-000000000001")
PATH = "/v1/embeddings"
Gateway = Callable[..., Any]
MakeEnd = Callable[..., Any]


def submitted(**body: Any) -> RequestSubmitted:
    return asked_of_embeddings(json.dumps({"input": "one", **body}).encode(), ID).submitted


def test_each_text_is_a_message_and_nothing_is_lost() -> None:
    told = submitted(input=["one", "two"], model="search", dimensions=2, user="u", portfolio={"data_class": "public"})
    assert told.messages == ({"role": "user", "content": "one"}, {"role": "user", "content": "two"})
    assert (told.operation, told.model, told.params) == (
        Operation.EMBEDDINGS, "search", {"dimensions": 2, "user": "u"},
    )  # fmt: skip
    assert (told.data_class, told.request_id) == ("public", ID)


@pytest.mark.parametrize(
    ("body", "param", "says"),
    [
        ({"input": [1, 2]}, "input", "token arrays belong to one model's tokenizer: send the texts"),
        ({"input": [[1], [2]]}, "input", "token arrays"),
        ({"input": ""}, "input", "none of them empty"),
        ({"input": []}, "input", "1 to 2048 texts"),
        ({"input": ["a"] * 2_049}, "input", "1 to 2048 texts"),
        ({"input": None}, "input", "are wanted"),
        ({"dimensions": 0}, "dimensions", "greater than or equal to 1"),
        ({"encoding_format": "int8"}, "encoding_format", "'float' or 'base64'"),
        ({"dimension": 3}, "dimension", "did you mean dimensions?"),
        ({"temperature": 0}, "temperature", "Unknown parameter"),
        ({"portfolio": {"checks": []}}, "portfolio.checks", "there is no such field"),
    ],
)
def test_what_is_not_served_is_refused_by_name(body: Any, param: str, says: str) -> None:
    with pytest.raises(Refused) as raised:
        submitted(**body)
    assert (raised.value.problem.status, raised.value.problem.param) == (400, param)
    assert says in raised.value.problem.message


def test_a_body_without_texts_is_refused() -> None:
    with pytest.raises(Refused) as raised:
        asked_of_embeddings(b"{}", ID)
    assert raised.value.problem.code == "missing_required_parameter"


def test_the_list_is_openais_in_both_encodings(make_completed: MakeEnd) -> None:
    end = make_completed(ID, answer=vectors(2).model_dump())
    told = CreateEmbeddingResponse.model_validate(json.loads(json.dumps(embeddings_of(end))))
    assert [each.embedding for each in told.data] == [[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]]
    encoded = embeddings_of(end, as_base64=True)["data"]
    assert [each["embedding"] for each in encoded] == [each.embedding for each in vectors(2).embeddings]


@pytest.mark.parametrize(
    ("reason", "code", "param"),
    [("lacks_ability", "model_not_able", "model"), ("context_too_long", "context_length_exceeded", "input")],
)
async def test_a_failure_is_told_in_openais_shape(
    gateway: Gateway, make_failed: MakeEnd, reason: str, code: str, param: str
) -> None:
    told = {"reason": reason, "detail": "why", "cost_usd": "0"}
    async with gateway(lambda asked: make_failed(asked.request_id, **told)) as running, httpx.AsyncClient() as http:
        answer = await http.post(running.url + PATH, json={"input": "one"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param)
    assert answer.headers["x-should-retry"] == "false"


async def test_a_pipeline_that_knows_no_vectors_is_named(gateway: Gateway, make_completed: MakeEnd) -> None:
    async with (
        gateway(lambda asked: make_completed(asked.request_id)) as running,
        httpx.AsyncClient() as http,
    ):
        answer = await http.post(running.url + PATH, json={"input": "one"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "no_vectors")


async def test_one_asked_for_under_a_key_can_be_looked_at_later(gateway: Gateway) -> None:
    async with gateway(remembering=True) as running, httpx.AsyncClient() as http:
        keyed = {"Idempotency-Key": "order-1"}
        answer = await http.post(running.url + PATH, json={"input": "one"}, headers=keyed)
        request_id = answer.headers["x-portfolio-request-id"]
        later = await http.get(f"{running.url}/v1/requests/{request_id}")
        other = await http.post(
            f"{running.url}/v1/chat/completions",
            json={"messages": [{"role": "user", "content": "one"}]},
            headers=keyed,
        )
    assert later.json()["response"] == answer.json()
    assert other.status_code == 422, "a chat is another request"


async def test_the_model_list_tells_who_can_embed(gateway: Gateway) -> None:
    async with gateway() as running, httpx.AsyncClient() as http:
        listed = (await http.get(f"{running.url}/v1/models")).json()["data"]
    assert {each["id"]: each.get("abilities") for each in listed}["small"] == ["chat"]


def by_reference(make_completed: MakeEnd, kept: dict[str, Any]) -> Callable[[RequestSubmitted], Any]:
    """A pipeline whose answer is kept in the object store, as ``kept`` says once it is there."""
    return lambda asked: make_completed(asked.request_id, answer=None, body=kept)


async def test_vectors_that_no_message_carries_are_fetched(gateway: Gateway, make_completed: MakeEnd) -> None:
    kept: dict[str, Any] = {}
    async with (
        gateway(by_reference(make_completed, kept), remembering=True) as running,
        httpx.AsyncClient() as http,
    ):
        kept |= (await running.objects.put(vectors(3).to_json())).model_dump()
        keyed = {"Idempotency-Key": "order-2"}
        answer = await http.post(running.url + PATH, json={"input": ["a", "b", "c"]}, headers=keyed)
        later = await http.get(f"{running.url}/v1/requests/{answer.headers['x-portfolio-request-id']}")
    assert [each["embedding"][0] for each in answer.json()["data"]] == [1.0, 2.0, 3.0]
    assert later.json()["response"] == answer.json()


async def test_vectors_that_are_gone_or_cannot_be_had_are_told(
    gateway: Gateway, make_completed: MakeEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[str, Any] = {"ref": "2026-03-01/" + "0" * 32, "sha256": "0" * 64, "bytes": 7}
    of_another = {**kept, "ref": f"{datetime.now(UTC).date()}/{'0' * 32}"}

    async def away(body: Any) -> bytes:
        raise ObjectsAway("the object store does not answer")

    async with gateway(by_reference(make_completed, kept)) as running, httpx.AsyncClient() as http:
        gone = await http.post(running.url + PATH, json={"input": "one"})
        kept |= of_another
        elsewhere = await http.post(running.url + PATH, json={"input": "one"})
        monkeypatch.setattr(running.objects, "get", away)
        cut = await http.post(running.url + PATH, json={"input": "one"})
    assert (gone.status_code, gone.json()["error"]["code"]) == (502, "answer_lost")
    assert (elsewhere.status_code, elsewhere.json()["error"]["code"]) == (503, "answer_away")
    assert (cut.status_code, cut.json()["error"]["code"]) == (503, "answer_away")
    assert cut.headers["x-should-retry"] == "false", "without a key it would be paid for again"
