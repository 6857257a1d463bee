"""Attempts of cancelled requests in the attempt store, on real PostgreSQL: whichever comes first, none is begun."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from attempt_shelf import Revisions, Shelf, shelf
from dispatches import dispatched, received
from neighbours import GOOD, Neighbours, until
from scripted_provider import ScriptedProvider, serving

from infra.store.forgetting import MOST_KEPT
from schemas.attempt import AttemptDispatched
from schemas.ids import attempt_id_of
from schemas.outcome import RequestCancelled
from schemas.reaction import Write
from services.model_worker.adapters.cancelled_attempts import LONGEST_LIFE, CancelledAttempts
from services.model_worker.domain.claims import CancelledRequest
from services.model_worker.handlers import Handlers

__all__ = ["shelf"]


@pytest.fixture
async def provider() -> AsyncIterator[ScriptedProvider]:
    scripted = ScriptedProvider()
    scripted.says(GOOD)
    async with serving(scripted):
        yield scripted


def cancelled_at(shelf: Shelf, provider: str = "acme", most_kept: int = MOST_KEPT) -> CancelledAttempts:
    return CancelledAttempts(shelf.database, provider, lambda attempts: None, most_kept)


async def cancel(shelf: Shelf, *events: AttemptDispatched, ago: timedelta = timedelta(), by: str = "acme") -> None:
    """As a worker of this provider hears it."""
    for event in events:
        request_id = event.request.request_id
        attempts = tuple(attempt_id_of(request_id, number) for number in (1, 2, 3))
        row = CancelledRequest(request_id, attempts, datetime.now(UTC) - ago)
        async with shelf.database.pool.acquire() as connection:
            await cancelled_at(shelf, by).write(connection, [Write("cancellations", request_id, row)])  # pyright: ignore[reportArgumentType]


async def kept(shelf: Shelf) -> list[UUID]:
    rows = await shelf.database.pool.fetch("SELECT request_id FROM model_worker.cancellations ORDER BY heard_at")
    return [row["request_id"] for row in rows]


@pytest.mark.parametrize("free", [0, 5])
async def test_an_attempt_that_comes_after_its_cancellation_is_nobodys(shelf: Shelf, free: int) -> None:
    gone, wanted = dispatched(), dispatched()
    await cancel(shelf, gone)
    await cancel(shelf, gone, by="globex")
    worker = shelf.worker(free=free)
    await shelf.put(gone, wanted, by=worker)

    claims = worker.fresh()[0] or await worker.claim(5)
    assert [claim.attempt_id for claim in claims] == [wanted.attempt.attempt_id]
    await shelf.put(gone, by=worker)
    assert worker.fresh()[0] == []
    row = (await shelf.rows())[gone.attempt.attempt_id]
    assert (row["finished_at"], row["outcome"], row["lease_until"]) == (row["said_at"], None, None)
    assert row["said_at"] is not None
    assert await shelf.worker().claim(5) == []
    assert await shelf.worker().unsaid(5) == []


async def test_the_next_attempt_at_another_provider_is_not_begun_either(shelf: Shelf) -> None:
    first = dispatched()
    await cancel(shelf, first)
    later = dispatched(request_id=first.request.request_id, number=2, provider="globex")
    worker = shelf.worker("globex", free=5)
    await shelf.put(later, by=worker)

    assert (worker.fresh()[0], await worker.claim(5)) == ([], [])


async def test_what_waits_is_dropped_and_a_call_that_runs_goes_on(shelf: Shelf) -> None:
    running, waiting = dispatched(), dispatched()
    worker = shelf.worker(free=1)
    await shelf.put(running, by=worker)
    await shelf.put(waiting)
    await cancel(shelf, running, waiting)

    rows = await shelf.rows()
    assert rows[running.attempt.attempt_id]["finished_at"] is None
    assert rows[waiting.attempt.attempt_id]["finished_at"] is not None


async def test_what_is_written_down_in_the_moment_of_its_cancellation_is_dropped_soon_after(shelf: Shelf) -> None:
    event, elsewhere = dispatched(), dispatched(provider="globex")
    for each in (event, elsewhere):
        async with shelf.database.pool.acquire() as connection, connection.transaction():
            await shelf.put_within(connection, each)
            await cancel(shelf, each)
    await cancelled_at(shelf).drop_overlooked()

    assert await shelf.worker().claim(5) == []
    assert len(await shelf.worker("globex").claim(5)) == 1


async def test_a_cancellation_of_long_ago_leaves_nothing(shelf: Shelf) -> None:
    await cancel(shelf, dispatched(), ago=LONGEST_LIFE + timedelta(minutes=1))

    assert await kept(shelf) == []


async def test_cancellations_go_in_time_and_are_never_many(shelf: Shelf) -> None:
    events = [dispatched() for _ in range(4)]
    await cancel(shelf, *events)
    ids = [event.request.request_id for event in events]

    await cancelled_at(shelf, most_kept=2).forget()
    assert await kept(shelf) == ids[1:]
    await shelf.database.pool.execute(
        "UPDATE model_worker.cancellations SET heard_at = heard_at - $1::interval WHERE request_id <> $2",
        LONGEST_LIFE,
        ids[3],
    )
    await cancelled_at(shelf).forget()
    assert await kept(shelf) == ids[3:]


async def test_an_attempt_that_stands_in_one_batch_with_its_cancellation_is_not_called(
    around: Neighbours, provider: ScriptedProvider
) -> None:
    await around.apply()
    gone, after = dispatched(), dispatched()
    left = RequestCancelled(request_id=gone.request.request_id, tenant="t", by="client", cancelled_at=datetime.now(UTC))
    handlers, where = Handlers(Revisions()), received(gone)._replace(at=datetime.now(UTC))
    heard = handlers.on_attempt_dispatched(gone, where), handlers.on_request_cancelled(left, where)
    async with around.working() as app:
        assert app._bus._rows is not None
        await app._bus._rows.write([reaction.writes for reaction in heard])
        row = await around.row(gone)
        await around.dispatch(after)
        await until(lambda: around.ended)
    assert (row["owner"], row["outcome"], row["finished_at"]) == (None, None, row["said_at"])
    assert [one.attempt.attempt_id for one in around.ended] == [after.attempt.attempt_id]
    assert len(provider.requests) == 1
