"""Embeddings: the request for them, what endpoints answer in either form, and what a call can cost."""

import json
from dataclasses import replace
from typing import Any

import pytest
from dispatches import PER_TOKEN, dispatched, portfolio
from scripted_provider import ScriptedProvider
from wire_spans import attributes_in
from worker_bench import bench

from infra.objects.failures import ObjectsAway
from schemas.attempt import AttemptCompleted, AttemptDispatched, AttemptFailed, Cost
from schemas.content import Vector, Vectors
from schemas.vocabulary import EMBEDDINGS, CostKind, Reason
from services.model_worker.adapters.openai_compatible import OpenAICompatible, embeddings_url
from services.model_worker.adapters.replay import Replay
from services.model_worker.domain.calls import Answered, Billed, Call, CallFailed
from services.model_worker.domain.completion import outcome_of
from services.model_worker.domain.outcomes import completed, cost_of_failure, goes_by_reference
from services.model_worker.domain.pace import expected_tokens
from services.model_worker.domain.preparation import Prepared, prepare

TEXTS = ("Is the library open on Mondays?", "And on Sundays?")
ONE, TWO = Vector.at(0, (0.5, -1.0)), Vector.at(1, (2.0, 3.0))
USAGE = {"prompt_tokens": 9, "total_tokens": 9}


def asked(*texts: str, **question: Any) -> AttemptDispatched:
    event = dispatched(messages=tuple({"role": "user", "content": text} for text in texts or TEXTS), **question)
    profile = event.request.profile.model_copy(update={"needs": (EMBEDDINGS,)})
    return event.model_copy(update={"request": event.request.model_copy(update={"profile": profile})})


def prepared(*texts: str, **question: Any) -> Prepared:
    found = prepare(asked(*texts, **question), portfolio(price=PER_TOKEN), lambda name: None)
    assert isinstance(found, Prepared)
    return found


def answer(data: Any, **told: Any) -> bytes:
    return json.dumps({"object": "list", "model": "acme-embed-1", "data": data, "usage": USAGE, **told}).encode()


def outcome(data: Any, **told: Any) -> Any:
    return outcome_of(answer(data, **told), prepared().call)


def test_the_request_is_the_texts_and_what_was_asked_beside_them() -> None:
    call = prepared(params={"dimensions": 2, "user": "u"}).call
    assert call.payload == {"model": "acme-small-2026", "input": list(TEXTS), "dimensions": 2, "user": "u"}
    assert (call.vectors, call.prompt_characters) == (2, sum(map(len, TEXTS)))


@pytest.mark.parametrize(
    "data",
    [
        [{"index": 0, "embedding": [0.5, -1]}, {"index": 1, "embedding": [2, 3.0]}],
        [{"embedding": ONE.embedding}, {"embedding": TWO.embedding}],
        [{"index": 1, "embedding": TWO.embedding}, {"index": 0, "embedding": [0.5, -1.0]}],
    ],
)
def test_numbers_and_base64_are_the_same_vectors_in_the_order_of_the_texts(data: Any) -> None:
    found = outcome(data)
    assert isinstance(found, Answered)
    assert found.answer == Vectors(embeddings=(ONE, TWO))
    assert (found.usage.input_tokens, found.usage.output_tokens, found.usage.estimated) == (9, 0, False)
    assert found.answered_by == "acme-embed-1"


@pytest.mark.parametrize(
    "data",
    [
        None, [], [{}], [{"embedding": []}], [{"embedding": ["1"]}], [{"embedding": [1e300]}], [{"embedding": "AAA="}],
        [{"embedding": "not base64"}], [{"index": "0", "embedding": [1]}], [{"embedding": [1]}, {"embedding": None}],
    ],
)  # fmt: skip
def test_what_holds_no_vectors_is_a_bad_answer_and_billed_as_it_says(data: Any) -> None:
    found = outcome(data)
    assert isinstance(found, CallFailed)
    assert (found.reason, found.billed, found.usage.input_tokens) == (Reason.BAD_ANSWER, Billed.USAGE, 9)


def test_a_wrong_number_of_them_is_for_the_validator_to_see() -> None:
    found = outcome([{"index": 7, "embedding": [float("nan")]}])
    assert isinstance(found, Answered)
    assert isinstance(found.answer, Vectors)
    assert [vector.index for vector in found.answer.embeddings] == [7]


def test_tokens_are_counted_where_the_provider_did_not() -> None:
    found = outcome([{"embedding": [1.0]}], usage=None)
    assert (found.usage.input_tokens, found.usage.output_tokens, found.usage.estimated) == (12, 0, True)


def test_a_call_takes_its_texts_and_nothing_that_is_written() -> None:
    call = prepared().call
    assert expected_tokens(call) == 12
    rate = prepared().rate
    most = cost_of_failure(CallFailed(Reason.TIMEOUT, "", Billed.UNKNOWN), call, rate)
    assert most.kind == CostKind.BOUNDED
    assert most.micro_usd == -(-call.most_input_tokens * 5 // 2)
    many = prepared(*["x" * 4_000] * 10).call
    assert 40_000 < many.most_input_tokens <= 40_960


def test_the_answer_travels_as_vectors() -> None:
    event = asked()
    found = outcome([{"embedding": ONE.embedding}, {"embedding": TWO.embedding}])
    said = completed(event, found, cost_of_failure(CallFailed(Reason.TIMEOUT, ""), prepared().call, None), 5)
    assert Vectors.read(said.answer.text()).embeddings == (ONE, TWO)


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("http://h:8000", "http://h:8000/v1/embeddings"),
        ("http://h:8000/v1/", "http://h:8000/v1/embeddings"),
        ("https://h/openai/deployments/d?api-version=1", "https://h/openai/deployments/d/embeddings?api-version=1"),
        ("https://h/v1/chat/completions", "https://h/v1/embeddings"),
    ],
)
def test_where_embeddings_are(base_url: str, url: str) -> None:
    assert str(embeddings_url(base_url)) == url


async def test_an_endpoint_is_asked_for_base64_at_its_own_path(provider: ScriptedProvider) -> None:
    provider.says(answer([{"embedding": ONE.embedding}, {"embedding": TWO.embedding}]))
    adapter = OpenAICompatible(f"{provider.url}/v1", "sk-test", 20_000)
    found = await adapter.call(prepared().call)
    await adapter.close()
    assert isinstance(found, Answered)
    assert found.answer == Vectors(embeddings=(ONE, TWO))
    assert [request.path for request in provider.requests] == ["/v1/embeddings"]
    assert json.loads(provider.bodies[0])["encoding_format"] == "base64"


async def test_recorded_answers_hold_no_vectors(call: Call) -> None:
    found = await Replay({}).call(replace(call, vectors=1))
    assert isinstance(found, CallFailed)
    assert found.reason is Reason.NO_RECORDED_ANSWER


async def test_vectors_that_no_message_carries_are_kept_apart(provider: ScriptedProvider) -> None:
    many = [{"embedding": [float(n + 1)] * 5_000} for n in range(2)]
    provider.says(answer(many))
    worker = bench(provider.url)
    finished = await worker.perform(asked())
    assert isinstance(finished.event, AttemptCompleted)
    kept = finished.event.answer
    assert (kept.inline, len(finished.data) < 5_000) == (None, True)
    found = Vectors.read(await worker.contents.content(kept, finished.event.request.request_id))
    assert [vector.numbers()[0] for vector in found.embeddings] == [1.0, 2.0]
    span = attributes_in(worker.span)
    assert (worker.span.name, span["gen_ai.operation.name"]) == ("embeddings acme-small-2026", "embeddings")


async def test_vectors_that_cannot_be_kept_are_a_failure_that_was_paid(
    provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.says(answer([{"embedding": Vector.at(0, [1.0] * 12_000).embedding}]))
    worker = bench(provider.url)

    async def away(content: bytes) -> Any:
        raise ObjectsAway("the object store takes nothing now (OSError): see OBJECTS_URL")

    monkeypatch.setattr(worker.contents, "put", away)
    finished = await worker.perform(asked("one"))
    assert isinstance(finished.event, AttemptFailed)
    assert (finished.event.reason, finished.event.cost.micro_usd) == (Reason.PROVIDER_ERROR, 23)
    assert "see OBJECTS_URL" in finished.event.detail


@pytest.mark.parametrize(("numbers", "by_reference"), [(100_000, False), (200_000, True)])
def test_vectors_over_a_mebibyte_go_by_reference_whatever_a_message_may_hold(numbers: int, by_reference: bool) -> None:
    event, found = asked("one"), outcome([{"embedding": Vector.at(0, [1.0] * numbers).embedding}])
    said = completed(event, found, Cost(), 5)
    assert goes_by_reference(said, 8_388_608) is by_reference
