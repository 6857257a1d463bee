"""Whether an attempt waits for a hand at a provider, by the rows of all its workers."""

from attempt_shelf import Shelf, shelf
from dispatches import dispatched

__all__ = ["shelf"]


async def opened(shelf: Shelf, seconds: float) -> None:
    """The time of all attempts began so long ago."""
    moved = "UPDATE model_worker.attempts SET opened_at = clock_timestamp() - make_interval(secs => $1)"
    await shelf.database.pool.execute(moved, seconds)


async def test_an_attempt_that_nobody_has_claimed_waits_at_its_own_provider(shelf: Shelf) -> None:
    await shelf.put(dispatched())
    await opened(shelf, 60)
    assert await shelf.worker().has_waited(30)
    assert not await shelf.worker().has_waited(90)
    assert not await shelf.worker("other").has_waited(0)


async def test_who_is_claimed_or_finished_waits_no_more(shelf: Shelf) -> None:
    event = dispatched()
    await shelf.put(event)
    await opened(shelf, 60)
    await shelf.worker().claim(1)
    assert not await shelf.worker().has_waited(0)
    await shelf.run_out(event.attempt.attempt_id)
    assert not await shelf.worker().has_waited(0), "whoever held it was lost: that says nothing of hands"


async def test_of_an_older_release_nobody_knows_since_when_they_wait(shelf: Shelf) -> None:
    await shelf.put(dispatched())
    await shelf.database.pool.execute("UPDATE model_worker.attempts SET opened_at = NULL")
    assert not await shelf.worker().has_waited(0)
