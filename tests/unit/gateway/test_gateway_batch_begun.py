"""A batch begins once: under a key it has one id, and without one nobody is told to send it again unseen."""

import json
from uuid import UUID

import pytest

from services.gateway.domain.batch import (
    batch_page_in,
    begun_perhaps,
    keyed_id,
)
from services.gateway.domain.chat_completion import refusal
from services.gateway.domain.files import is_none_of, page_in
from services.gateway.domain.openapi_batches import Json, list_batches_operation, list_files_operation
from services.gateway.domain.problems import Refused


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


def _taken(operation: Json) -> dict[str, Json]:
    return {each["name"]: each["schema"] for each in operation["parameters"]}
