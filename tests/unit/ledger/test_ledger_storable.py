"""What PostgreSQL's text cannot hold is told in another way, wherever it stands."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.reaction import Reaction, Received, Write
from services.ledger.domain.storable import storable

AT = datetime(2026, 1, 1, tzinfo=UTC)


def row_of(row: dict[str, Any], **heard: Any) -> dict[str, Any]:
    def on_event(event: object, received: Received) -> Reaction:
        return Reaction(writes=(Write("failures", "key", row),))

    return storable(on_event)(None, Received("attempt.failed", 0, 0, AT, **heard)).writes[0].row


@pytest.mark.parametrize("heard", [{"value": rb'{"detail": "a\u0000b"}'}, {"source": "worker\x00"}])
def test_a_nul_in_an_event_or_in_who_says_it_is_replaced_in_its_rows(heard: dict[str, Any]) -> None:
    row = {"said_by": "worker\x00", "detail": "a\x00b", "needs": r'["a\u0000b", "\\u0000"]', "number": 1}
    assert row_of(row, **heard) == {
        "said_by": "worker\ufffd",
        "detail": "a\ufffdb",
        "needs": '["a\ufffdb", "\\\\u0000"]',
        "number": 1,
    }


def test_a_row_of_an_event_without_one_is_left_as_it_is() -> None:
    row = {"detail": "as it is"}
    assert row_of(row, value=b'{"detail": "as it is"}', source="worker") is row
