"""A batch begins once: under a key it has one id, and without one nobody is told to send it again unseen."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from openai import types

from schemas.content import Json
from services.gateway.domain.batch import (
    Batch,
    BatchStatus,
    LineError,
    Tally,
    Times,
    batch_page_in,
    batch_told,
    begun_perhaps,
    keyed_id,
    new_batch_of,
)
from services.gateway.domain.chat_completion import refusal
from services.gateway.domain.files import StoredFile, file_told, is_none_of, page_in
from services.gateway.domain.openapi_batches import list_batches_operation, list_files_operation
from services.gateway.domain.problems import Refused

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_key_has_one_id_for_each_tenant() -> None:
    ids = [keyed_id("one", "k"), keyed_id("two", "k"), keyed_id("one", "l")]
    assert len(set(ids)) == 3
    assert keyed_id("one", "k") == ids[0]
    assert isinstance(ids[0], UUID)


def test_a_client_does_not_send_again_by_itself_what_may_have_begun() -> None:
    reply = refusal(begun_perhaps().problem)
    assert (reply.status, reply.headers["x-should-retry"]) == (503, "false")
    assert "Idempotency-Key" in json.loads(reply.body)["error"]["message"]


@pytest.mark.parametrize(("purpose", "is_none"), [(None, False), ("batch", False), ("batch_output", False)])
def test_lists_of_two_purposes_hold_something(purpose: str | None, is_none: bool) -> None:
    assert is_none_of(purpose) is is_none


@pytest.mark.parametrize("purpose", ["\x00", "", "assistants"])
def test_lists_of_any_other_purpose_are_empty(purpose: str) -> None:
    assert is_none_of(purpose)


def test_each_list_says_what_it_takes() -> None:
    files, batches = (_taken(each) for each in (list_files_operation(), list_batches_operation()))
    assert sorted(files) == ["after", "limit", "order", "purpose"]
    assert sorted(batches) == ["after", "limit"]
    for taken, limit_of in ((files, page_in), (batches, batch_page_in)):
        most = taken["limit"]["maximum"]
        assert limit_of({"limit": str(most)}).limit == most
        with pytest.raises(Refused):
            limit_of({"limit": str(most + 1)})


@pytest.mark.parametrize("errors", [(), (LineError("invalid_value", "n: 1", 3, "n"), LineError("empty_file", "none"))])
def test_a_batch_and_a_file_are_told_in_the_fields_of_openais_client(errors: Sequence[LineError]) -> None:
    batch = Batch(
        id=uuid4(),
        tenant="one",
        key_id=None,
        status=BatchStatus.FAILED,
        endpoint="/v1/embeddings",
        input_file_id=uuid4(),
        metadata={"a": "b"},
        created_at=NOON,
        expires_at=NOON,
        output_kept_s=None,
        total=2,
        tally=Tally(1, 1, 5, 1, 7, 2),
        times=Times(failed_at=NOON),
        errors=errors,
        output_file_id=uuid4(),
        error_file_id=None,
    )
    file = StoredFile(uuid4(), "one", "batch", "a.jsonl", 7, NOON, NOON)
    for told, kind in ((batch_told(batch), types.Batch), (file_told(file), types.FileObject)):
        read = kind.model_validate_json(json.dumps(told), strict=True)
        assert set(told) == set(kind.model_fields), "no field is left out or made up"
        assert read.model_dump(mode="json") == told


@pytest.mark.parametrize(
    ("metadata", "param"),
    [
        ({str(n): "" for n in range(17)}, "metadata"),
        ({"k" * 65: ""}, f"metadata.{'k' * 65}"),
        ({"k": "v" * 513}, "metadata.k"),
        ({"k": 7}, "metadata.k"),
    ],
)
def test_metadata_has_openais_limits(metadata: Json, param: str) -> None:
    told = {"input_file_id": "file-1", "endpoint": "/v1/embeddings", "completion_window": "24h"}
    assert new_batch_of(json.dumps({**told, "metadata": {"k" * 64: "v" * 512}}).encode()).metadata
    with pytest.raises(Refused) as refused:
        new_batch_of(json.dumps({**told, "metadata": metadata}).encode())
    assert str(refused.value.problem.param).startswith(param[:40])


def _taken(operation: Json) -> dict[str, Json]:
    return {each["name"]: each["schema"] for each in operation["parameters"]}
