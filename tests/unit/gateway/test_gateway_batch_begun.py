"""A batch begins once: under a key it has one id, and without one nobody is told to send it again unseen."""

import json
from uuid import UUID

import pytest

from services.gateway.domain.batch import (
    begun_perhaps,
    keyed_id,
)
from services.gateway.domain.chat_completion import refusal
from services.gateway.domain.files import is_none_of


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
