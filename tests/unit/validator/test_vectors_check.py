"""Vectors are held to what can be seen of them: one for each text, of one length, finite, and not nothing."""

from math import inf, nan
from typing import Any
from uuid import uuid4

import pytest
from answered_attempts import RECEIVED, Asked, OneRevision, portfolio_with, said_of
from hypothesis import given
from hypothesis import strategies as st

from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.contents import FetchedContents
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from schemas.attempt import AttemptAccepted, AttemptRejected
from schemas.content import INLINE, Body, Contents, Question, Vector, Vectors, body_of
from schemas.fact import Event
from schemas.reaction import ContentAway, Said
from schemas.vocabulary import EMBEDDINGS, Reason, Verdict
from services.validator.domain.json_schema import SchemaChecker
from services.validator.domain.vectors import vectors_check
from services.validator.handlers import Handlers

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


def question(texts: int, **params: Any) -> Question:
    return Question(messages=({"role": "user", "content": "text"},) * texts, params=params)


def vectors(*each: tuple[int, Any]) -> Vectors:
    return Vectors(embeddings=tuple(Vector.at(index, numbers) for index, numbers in each))


@given(st.data(), st.integers(1, 6), st.integers(1, 9))
def test_one_for_each_text_passes(data: st.DataObject, texts: int, length: int) -> None:
    numbers = st.lists(FLOATS, min_size=length, max_size=length).filter(any)
    found = vectors(*((index, data.draw(numbers)) for index in range(texts)))
    assert vectors_check(question(texts), found).verdict == Verdict.PASS
    assert vectors_check(question(texts, dimensions=length), found).verdict == Verdict.PASS
    assert vectors_check(question(texts, dimensions=length + 1), found).verdict == Verdict.FAIL
    assert vectors_check(question(texts + 1), found).verdict == Verdict.FAIL


def test_a_length_that_was_asked_for_is_named_by_its_parameter() -> None:
    check = vectors_check(question(1, dimensions=2), vectors((0, [1, 2, 3])))
    assert check.detail == "a vector has 3 numbers, and dimensions asks for 2"


@pytest.mark.parametrize(
    ("found", "at", "says"),
    [
        ((), "/embeddings", "0 vectors for 2 texts"),
        (((0, [1]), (1, [1]), (2, [1])), "/embeddings", "3 vectors for 2 texts"),
        (((0, [1]), (0, [1])), "/embeddings", "the indices of 2 vectors are not 0 to 1, each once"),
        (((0, [1]), (2, [1])), "/embeddings", "the indices of 2 vectors are not 0 to 1, each once"),
        (((0, [1, 2]), (1, [1])), "/embeddings/1", "a vector has 1 numbers, and the first has 2"),
        (((0, [1, 2]), (1, [1, nan])), "/embeddings/1", "a vector has a number that is none, or is infinite"),
        (((0, [-inf, inf]), (1, [1, 2])), "/embeddings/0", "a vector has a number that is none, or is infinite"),
        (((0, [0, 0]), (1, [1, 2])), "/embeddings/0", "a vector is all zero"),
        (((0, []), (1, [])), "/embeddings/0", "a vector has no numbers, or cannot be read"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(found: Any, at: str, says: str) -> None:
    check = vectors_check(question(2), vectors(*found))
    assert (check.verdict, check.at, check.detail) == (Verdict.FAIL, at, says)


@pytest.mark.parametrize("text", ["!", "AAA=", "AAAAAAA="])
def test_what_is_no_vector_is_none(text: str) -> None:
    check = vectors_check(question(1), Vectors(embeddings=(Vector(index=0, embedding=text),)))
    assert check.detail == "a vector has no numbers, or cannot be read"


def judged(answer: Body, contents: Contents = INLINE) -> Event:
    event = Asked(said_of("")).completed()
    profile = event.request.profile.model_copy(update={"needs": (EMBEDDINGS,)})
    request = event.request.model_copy(update={"profile": profile})
    handlers = Handlers(OneRevision(portfolio_with(["format", "agreement"])), SchemaChecker(4), contents)
    asked = {"request": request, "answer": answer, "body": body_of(question(1).to_json())}
    (said,) = handlers.on_attempt_completed(event.model_copy(update=asked), RECEIVED).says
    assert isinstance(said, Said)
    return said.event


def test_a_lanes_checks_of_texts_are_not_made_of_vectors() -> None:
    event = judged(body_of(vectors((0, [1.0])).to_json()))
    assert isinstance(event, AttemptAccepted)
    assert ([check.name for check in event.checks], event.verified) == (["vectors"], True)


def test_vectors_that_cannot_be_right_are_rejected() -> None:
    event = judged(body_of(vectors((0, [0.0])).to_json()))
    assert isinstance(event, AttemptRejected)
    assert (event.reason, event.checks[0].detail, event.detail) == (Reason.CHECK_FAILED, *["a vector is all zero"] * 2)


async def test_vectors_by_reference_are_fetched_and_stay_there() -> None:
    store = ObjectStore(ObjectsConfig(url=f"memory://{uuid4().hex}"))
    contents, answer = FetchedContents(Vault(store, SealingConfig())), await store.put(vectors((0, [1.0])).to_json())
    with pytest.raises(ContentAway) as away:
        judged(answer, contents)
    assert await contents.bring(away.value) is None
    event = judged(answer, contents)
    assert isinstance(event, AttemptAccepted)
    assert event.answer == answer
