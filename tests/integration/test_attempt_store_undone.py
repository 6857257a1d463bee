"""Attempts whose writing is undone and done again, as the bus does when the database was away in between."""

from uuid import uuid4

import asyncpg
import pytest
from attempt_shelf import answer_to, shelf_in
from dispatches import dispatched

from infra.store.config import StoreConfig
from services.model_worker.adapters.attempt_store import AttemptStore


@pytest.mark.parametrize("hands_at_last", [1, 0])
async def test_what_was_written_in_a_transaction_that_was_undone_is_held_only_as_it_is_written_at_last(
    store_config: StoreConfig, hands_at_last: int
) -> None:
    """Else it would be called here, though its row is nobody's, and by whoever claims that."""
    event, hands = dispatched(), [1, hands_at_last]
    async with shelf_in(store_config) as shelf:
        worker = AttemptStore(shelf.database, uuid4(), "acme", 60.0, 60.0, free=lambda: hands.pop(0) if hands else 0)
        with pytest.raises(asyncpg.DeadlockDetectedError):
            await shelf.put(event, by=worker, undone_by=asyncpg.DeadlockDetectedError())
        await shelf.put(event, by=worker)
        (claim,), is_more = worker.fresh()
        assert not is_more
        assert await shelf.worker().claim(5) == []
        assert await worker.finish([answer_to(claim)]) == {event.attempt.attempt_id}
